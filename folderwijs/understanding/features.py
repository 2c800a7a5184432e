"""Turning words into weighted features, without pickles: a vocabulary, and TF-IDF weights in arrays."""

from __future__ import annotations

from collections import Counter
from typing import Any, Callable, Iterable, Iterator, Mapping, NamedTuple, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from folderwijs.understanding.lexicon import Lexicon
from folderwijs.understanding.words import Word

CHARACTERS = (2, 5)
"""Shortest and longest run of characters within a word that is a feature."""

BLOCKS = ("l", "c", "x", "n", "p")
"""The blocks of features: lemmas, characters, concepts, negated concepts, concepts after the turn before. A feature's first character names its block."""

NEGATIONS = frozenset({"geen", "niet", "nooit", "zonder", "nie", "niks", "nauwelijks", "gene", "ni"})
"""Words that say that something is not so."""
_NEGATED_AFTER = 3  # words after a negation that it may speak of: "geen hete rode kuit"
_NEGATED_BEFORE = 3  # words before it: "koorts heb ik niet"

Features = Callable[[Any], Iterable[str]]
"""Gives the features of one item: the words of a message, or a `FollowUp`."""


class FollowUp(NamedTuple):
    """A message with what the turn before it was about.

    Attributes:
        before: a topic, or what else the turn before was about.
        words: of the message.
    """

    before: str
    words: Sequence[Word]


def features_with(lexicon: Lexicon) -> Features:
    """The function that gives the features of a message."""

    def features(words: Sequence[Word]) -> Iterator[str]:
        yield from _runs("l", [word.lemma for word in words])
        yield from _characters(words)
        yield from _runs("x", lexicon.mark(words))

    return features


def features_with_negations(lexicon: Lexicon) -> Features:
    """The same, and what a message says is not so."""
    plain = features_with(lexicon)

    def features(words: Sequence[Word]) -> Iterator[str]:
        yield from plain(words)
        marked = lexicon.mark(words)
        for index, mark in enumerate(marked):
            if mark in NEGATIONS:
                yield from ("n" + each for each in marked[index + 1 : index + 1 + _NEGATED_AFTER])
                yield from ("n" + each + "<" for each in marked[max(0, index - _NEGATED_BEFORE) : index])

    return features


def features_with_context(lexicon: Lexicon) -> Features:
    """The same for a follow-up, and each of its concepts together with what the turn before was about."""
    plain = features_with(lexicon)

    def features(follow_up: FollowUp) -> Iterator[str]:
        yield from plain(follow_up.words)
        yield from context_features(follow_up.before, lexicon.mark(follow_up.words))

    return features


def context_features(before: str, marks: Iterable[str]) -> Iterator[str]:
    """What the turn before was about, alone and with each of the `marks` of a message."""
    yield f"p{before}"
    yield from (f"p{before} {mark}" for mark in dict.fromkeys(marks))


def _runs(block: str, forms: Sequence[str]) -> Iterator[str]:
    yield from (block + form for form in forms)
    yield from (f"{block}{first} {second}" for first, second in zip(["<", *forms], [*forms, ">"]))


def _characters(words: Sequence[Word]) -> Iterator[str]:
    shortest, longest = CHARACTERS
    for word in words:
        padded = f" {word.text} "
        for size in range(shortest, longest + 1):
            yield from ("c" + padded[start : start + size] for start in range(max(1, len(padded) - size + 1)))


class Vectorizer:
    """TF-IDF over the features of a message, each block scaled to length 1 and then weighted.

    Args:
        features: gives the features of a message.
        vocabulary: column of each feature.
        idf: inverse document frequency of each column, shape (columns,).
        weights: of each block.
    """

    def __init__(self, features: Features, vocabulary: Mapping[str, int], idf: NDArray[np.float32], weights: Mapping[str, float]) -> None:
        self.vocabulary = vocabulary
        self.idf = idf
        self.weights = weights
        self._features = features
        self._block_of_column = np.zeros(len(vocabulary), dtype=np.int8)
        for feature, column in vocabulary.items():
            self._block_of_column[column] = BLOCKS.index(feature[0])
        self._weight_of_block = np.array([weights.get(block, 0.0) for block in BLOCKS])

    @classmethod
    def fit(
        cls, features: Features, messages: Iterable[Any], weights: Mapping[str, float], least: Mapping[str, int]
    ) -> tuple["Vectorizer", csr_matrix]:
        """Learn the vocabulary, and give the rows of the messages it was learned from.

        Args:
            features: gives the features of a message.
            messages: what `features` takes, one each.
            weights: of each block; one without a weight, or of weight 0, is left out.
            least: in how many messages a feature of each block must stand to count.

        Returns:
            The vectorizer, and a matrix of shape (messages, columns).
        """
        numbers: dict[str, int] = {}
        counted = [Counter(numbers.setdefault(feature, len(numbers)) for feature in features(message)) for message in messages]
        frequency = np.zeros(len(numbers), dtype=np.int64)
        for counts in counted:
            frequency[list(counts)] += 1
        kept = sorted(feature for feature, number in numbers.items() if weights.get(feature[0]) and frequency[number] >= least[feature[0]])
        columns = np.full(len(numbers), -1, dtype=np.int32)
        columns[[numbers[feature] for feature in kept]] = np.arange(len(kept))
        idf = np.log((1 + len(counted)) / (1 + frequency[[numbers[feature] for feature in kept]])) + 1
        vectorizer = cls(features, {feature: column for column, feature in enumerate(kept)}, idf.astype(np.float32), weights)
        rows = []
        for counts in counted:
            of_message = columns[np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))]
            times = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
            rows.append(vectorizer._weigh(of_message[of_message >= 0], times[of_message >= 0]))
        return vectorizer, _stack(rows, len(kept))

    def row(self, message: Any) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The columns and values of one message, as two arrays of the same length."""
        return self.row_of(self._features(message))

    def row_of(self, features: Iterable[str]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The same, of features."""
        found = Counter(column for feature in features if (column := self.vocabulary.get(feature)) is not None)
        columns = np.fromiter(found.keys(), dtype=np.int32, count=len(found))
        return self._weigh(columns, np.fromiter(found.values(), dtype=np.float32, count=len(found)))

    def matrix(self, messages: Iterable[Any]) -> csr_matrix:
        """The rows of many messages, shape (messages, columns)."""
        return _stack([self.row(message) for message in messages], len(self.vocabulary))

    def _weigh(self, columns: NDArray[np.int32], times: NDArray[np.float32]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        values = (1 + np.log(times)) * self.idf[columns]
        blocks = self._block_of_column[columns]
        norms = np.sqrt(np.bincount(blocks, weights=values**2, minlength=len(BLOCKS)))
        scale = np.divide(self._weight_of_block, norms, out=np.zeros(len(BLOCKS)), where=norms > 0)
        return columns, (values * scale[blocks]).astype(np.float32)


def _stack(rows: Sequence[tuple[NDArray[np.int32], NDArray[np.float32]]], width: int) -> csr_matrix:
    ends = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    columns = np.concatenate([columns for columns, _ in rows]) if rows else np.zeros(0, dtype=np.int32)
    values = np.concatenate([values for _, values in rows]) if rows else np.zeros(0, dtype=np.float32)
    return csr_matrix((values, columns, ends), shape=(len(rows), width))
