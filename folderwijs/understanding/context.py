"""What a short message means after each thing that the turn before can have been about."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from functools import lru_cache
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from folderwijs.content import ContentError, Problem, read_text
from folderwijs.understanding.classifier import BLOCK_WEIGHTS, Classifier
from folderwijs.understanding.features import FollowUp, Numbering, count, features_with_context, read
from folderwijs.understanding.lexicon import Lexicon
from folderwijs.understanding.words import Word

MOST_WORDS = 12
"""A longer message is read without the turn before it."""

_CONTEXT_WEIGHT = 1.0  # how much what came before counts, beside the weights of the other blocks
_UNRELATED = 4  # questions that have nothing to do with the turn before, for each follow-up in the data
_BEFORES = "befores.json"
_REMEMBERED_BYTES = 8_000_000


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
        self._by_mark = _by_mark(classifier.vectorizer.names, befores)
        size = 4 * len(befores) * len(classifier.labels)
        self._remembered = lru_cache(maxsize=max(1, _REMEMBERED_BYTES // max(1, size)))(self._in_context)  # people use the same words

    @classmethod
    def begin(
        cls, threads: Executor, follow_ups: Sequence[tuple[FollowUp, str]], messages: Sequence[Sequence[Word]], labels: Sequence[str], lexicon: Lexicon, *, weights: Mapping[str, float] = BLOCK_WEIGHTS, cost: float, temperature: float
    ) -> Callable[[], "ContextClassifier"]:
        """Begin to learn.

        Args:
            threads: see `Classifier.begin`.
            follow_ups: each with its intent.
            messages: words of questions that stand by themselves.
            labels: their intents.
            lexicon: finds their concepts.
            weights, cost, temperature: see `Classifier`.

        Returns:
            A function that waits for the end and gives what was learned.
        """
        befores = sorted({follow_up.before for follow_up, _ in follow_ups})
        chance = np.random.default_rng(0)
        short = [index for index, words in enumerate(messages) if len(words) <= MOST_WORDS]
        chosen = chance.permutation(short)[: _UNRELATED * len(follow_ups)]
        unrelated = [(FollowUp(befores[chance.integers(len(befores))], messages[index]), labels[index]) for index in chosen]
        examples = [*follow_ups, *unrelated]
        features = features_with_context(lexicon)
        classifier = Classifier.begin(
            threads,
            count(features, [follow_up for follow_up, _ in examples]),
            [intent for _, intent in examples],
            features,
            weights={**weights, "p": _CONTEXT_WEIGHT},
            cost=cost,
            temperature=temperature,
        )
        return lambda: cls(classifier(), befores, lexicon)

    def after(self, words: Sequence[Word]) -> dict[str, tuple[str, float]]:
        """The likeliest intent of a message and its probability, for each thing that the turn before can have been about; none for a long message."""
        if len(words) > MOST_WORDS:
            return {}
        classifier = self.classifier
        alone = classifier.margins(FollowUp("", words))
        marks = ("", *dict.fromkeys(read(self._lexicon, words).marks))  # each thing alone is a feature too
        found = [self._remembered(mark) for mark in marks if mark in self._by_mark]
        norms = np.sqrt(sum(squares for _, squares in found))
        margins = (alone + sum(sums for sums, _ in found) * (_CONTEXT_WEIGHT / norms)[:, None]) / classifier.temperature
        best = margins.argmax(axis=1)
        chances = 1 / np.exp(margins - margins.max(axis=1, keepdims=True)).sum(axis=1)
        return {before: (classifier.labels[label], chance) for before, label, chance in zip(self._befores, best.tolist(), chances.tolist())}

    def _in_context(self, mark: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What a mark of a message adds to the margins after each thing that came before, not yet weighed, and to the square of what it is weighed by.

        Returns:
            Arrays of shape (things, labels) and (things,), from the weights and the inverse document frequencies of the mark together with each thing; see `Vectorizer`.
        """
        columns, rows = self._by_mark[mark]
        idf = self.classifier.vectorizer.idf[columns]
        sums = np.zeros((len(self._befores), len(self.classifier.labels)), dtype=np.float32)
        squares = np.zeros(len(self._befores), dtype=np.float32)
        sums[rows] = idf[:, None] * self.classifier.weights[columns]  # one column for each thing at the most
        squares[rows] = idf**2
        return sums, squares

    def save(self, folder: Path) -> None:
        """Write it to files in `folder`."""
        self.classifier.save(folder)
        (folder / _BEFORES).write_text(json.dumps(self._befores), "utf8")

    @classmethod
    def load(cls, folder: Path, lexicon: Lexicon, numbering: Optional[Numbering] = None) -> "ContextClassifier":
        """Read what `save` wrote, with the lexicon it was trained with; the numbering as for `Classifier.load`."""
        return cls(Classifier.load(folder, features_with_context(lexicon), numbering), json.loads((folder / _BEFORES).read_text("utf8")), lexicon)


def _by_mark(names: Sequence[str], befores: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """The columns of what came before with each mark, and alone, under "", as `context_features` names them.

    Returns:
        By mark, an array of shape (2, columns): the columns, and the number in `befores` of each.
    """
    rows = {before: row for row, before in enumerate(befores)}
    found: dict[str, list[tuple[int, int]]] = {}
    for column, feature in enumerate(names):
        before, _, mark = feature[1:].partition(" ")
        if feature.startswith("p") and before in rows:
            found.setdefault(mark, []).append((column, rows[before]))
    return {mark: np.array(places, dtype=np.int64).T for mark, places in found.items()}


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
