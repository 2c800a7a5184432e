"""What a short message means after each thing that the turn before can have been about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Mapping, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from folderwijs.content import ContentError, Problem, read_text
from folderwijs.understanding.classifier import BLOCK_WEIGHTS, Classifier
from folderwijs.understanding.features import FollowUp, Numbering, features_with_context, read
from folderwijs.understanding.lexicon import Lexicon
from folderwijs.understanding.words import Word

MOST_WORDS = 12
"""A longer message is read without the turn before it."""

_CONTEXT_WEIGHT = 1.0  # how much what came before counts, beside the weights of the other blocks
_UNRELATED = 4  # questions that have nothing to do with the turn before, for each follow-up in the data
_BEFORES = "befores.json"


class ContextClassifier:
    """Knows what follow-ups mean: trained on follow-ups after a topic, and on questions that stand by themselves after any.

    Args:
        classifier: over follow-ups.
        befores: everything the turn before can have been about.
        lexicon: the one it was trained with.
    """

    def __init__(self, classifier: Classifier, befores: Sequence[str], lexicon: Lexicon) -> None:
        self.classifier = classifier
        self._befores = befores
        self._lexicon = lexicon
        self._alone, self._by_mark = _by_mark(classifier.vectorizer.names, befores)

    @classmethod
    def train(
        cls, follow_ups: Sequence[tuple[FollowUp, str]], messages: Sequence[Sequence[Word]], labels: Sequence[str], lexicon: Lexicon, *, weights: Mapping[str, float] = BLOCK_WEIGHTS, cost: float, temperature: float
    ) -> "ContextClassifier":
        """Learn.

        Args:
            follow_ups: each with its intent.
            messages: words of questions that stand by themselves.
            labels: their intents.
            lexicon: finds their concepts.
            weights, cost, temperature: see `Classifier`.
        """
        befores = sorted({follow_up.before for follow_up, _ in follow_ups})
        chance = np.random.default_rng(0)
        short = [index for index, words in enumerate(messages) if len(words) <= MOST_WORDS]
        chosen = chance.permutation(short)[: _UNRELATED * len(follow_ups)]
        unrelated = [(FollowUp(befores[chance.integers(len(befores))], messages[index]), labels[index]) for index in chosen]
        examples = [*follow_ups, *unrelated]
        return cls(
            Classifier.train(
                [follow_up for follow_up, _ in examples],
                [intent for _, intent in examples],
                features_with_context(lexicon),
                weights={**weights, "p": _CONTEXT_WEIGHT},
                cost=cost,
                temperature=temperature,
            ),
            befores,
            lexicon,
        )

    def after(self, words: Sequence[Word]) -> dict[str, tuple[str, float]]:
        """The likeliest intent of a message and its probability, for each thing that the turn before can have been about; none for a long message."""
        if len(words) > MOST_WORDS:
            return {}
        classifier = self.classifier
        alone = classifier.margins(FollowUp("", words))
        columns, values, rows = self._in_context(read(self._lexicon, words).marks)
        starts = np.searchsorted(rows, np.arange(len(self._befores)))  # each thing alone is a feature too, so each has a row
        margins = (alone + np.add.reduceat(values[:, None] * classifier.weights[columns], starts)) / classifier.temperature
        best = margins.argmax(axis=1)
        chances = 1 / np.exp(margins - margins.max(axis=1, keepdims=True)).sum(axis=1)
        return {before: (classifier.labels[label], chance) for before, label, chance in zip(self._befores, best.tolist(), chances.tolist())}

    def _in_context(self, marks: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
        """Columns and values of what a message has together with each thing that came before, and the number of that thing; weighed as `Vectorizer` does."""
        found = np.hstack([self._alone, *(self._by_mark[mark] for mark in dict.fromkeys(marks) if mark in self._by_mark)])
        columns, rows = found[:, np.argsort(found[1], kind="stable")]
        idf = self.classifier.vectorizer.idf[columns]
        norms = np.sqrt(np.bincount(rows, weights=idf**2, minlength=len(self._befores)))
        return columns, (_CONTEXT_WEIGHT * idf / norms[rows]).astype(np.float32), rows

    def save(self, folder: Path) -> None:
        """Write it to files in `folder`."""
        self.classifier.save(folder)
        (folder / _BEFORES).write_text(json.dumps(self._befores), "utf8")

    @classmethod
    def load(cls, folder: Path, lexicon: Lexicon, numbering: Optional[Numbering] = None) -> "ContextClassifier":
        """Read what `save` wrote, with the lexicon it was trained with; the numbering as for `Classifier.load`."""
        return cls(Classifier.load(folder, features_with_context(lexicon), numbering), json.loads((folder / _BEFORES).read_text("utf8")), lexicon)


def _by_mark(names: Sequence[str], befores: Sequence[str]) -> tuple[NDArray[np.int64], dict[str, NDArray[np.int64]]]:
    """The columns of what came before, alone and with each mark, as `context_features` names them.

    Returns:
        Arrays of shape (2, columns): the columns, and the number in `befores` of each; first of those alone, then by mark.
    """
    rows = {before: row for row, before in enumerate(befores)}
    found: dict[str, list[tuple[int, int]]] = {}
    for column, feature in enumerate(names):
        before, _, mark = feature[1:].partition(" ")
        if feature.startswith("p") and before in rows:
            found.setdefault(mark, []).append((column, rows[before]))
    arrays = {mark: np.array(places, dtype=np.int64).T for mark, places in found.items()}
    return arrays.pop("", np.zeros((2, 0), dtype=np.int64)), arrays


def load_follow_ups(folder: Path) -> list[tuple[Path, int, tuple[str, str, str]]]:
    """The follow-ups of every .tsv file in `folder`: file, line, and then what the turn before was about, the text and its intent.

    Raises:
        ContentError: a line has no three fields.
    """
    found, problems = [], []
    for path in sorted(folder.glob("*.tsv")):
        for number, line in enumerate(read_text(path, "Bewaar het opnieuw als tekst.").splitlines(), 1):
            fields = line.split("\t")
            if len(fields) == 3 and all(field.strip() for field in fields):
                found.append((path, number, (fields[0], fields[1], fields[2])))
            else:
                problems.append(Problem(path, number, "Hier horen drie velden te staan.", "Schrijf: onderwerp ervoor, tab, tekst, tab, intent."))
    if problems:
        raise ContentError(problems)
    return found
