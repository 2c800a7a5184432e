"""Turning words into weighted features, without pickles: a vocabulary, and TF-IDF weights in arrays."""

from __future__ import annotations

import itertools
from array import array
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, NamedTuple, Optional, Sequence, Union

import numpy as np
from numpy.typing import NDArray

from folderwijs.understanding.lexicon import Lexicon
from folderwijs.understanding.words import Word

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CHARACTERS = (2, 5)
"""Shortest and longest run of characters within a word that is a feature."""

BLOCKS = ("l", "c", "x", "n", "p")
"""The blocks of features: lemmas, characters, concepts, negated concepts, concepts after the turn before. A feature's first character names its block."""

_NUMBER_OF_BLOCK = {block: number for number, block in enumerate(BLOCKS)}

NEGATIONS = frozenset({"geen", "niet", "nooit", "zonder", "nie", "niks", "nauwelijks", "gene", "ni"})
"""Words that say that something is not so."""
_NEGATED_AFTER = 3  # words after a negation that it may speak of: "geen hete rode kuit"
_NEGATED_BEFORE = 3  # words before it: "koorts heb ik niet"


class Found(NamedTuple):
    """The features of one item.

    Attributes:
        reading: those that several classifiers look at: for each the same object, not only the same features.
        own: the others.
    """

    reading: "Reading"
    own: Sequence[str] = ()

    def all(self) -> Iterator[str]:
        """Every feature, as often as it is there."""
        return itertools.chain(self.reading.features, *self.reading.characters, self.own)


Features = Callable[[Any], Found]
"""Gives the features of one item: the words of a message, or a `FollowUp`."""


class FollowUp(NamedTuple):
    """A message with what the turn before it was about.

    Attributes:
        before: a topic, or what else the turn before was about.
        words: of the message.
    """

    before: str
    words: Sequence[Word]


class Reading(NamedTuple):
    """What every classifier looks at in a message.

    Attributes:
        marks: its words and concepts, as `Lexicon.mark` gives them.
        features: those of its lemmas and concepts.
        characters: for each word the features of its characters, the same for the same word.
    """

    marks: list[str]
    features: list[str]
    characters: list[tuple[str, ...]]


def read(lexicon: Lexicon, words: Sequence[Word]) -> Reading:
    """Read a message."""
    return _read(lexicon, tuple(words))


@lru_cache(maxsize=8)  # several classifiers look at the same message, one after the other
def _read(lexicon: Lexicon, words: tuple[Word, ...]) -> Reading:
    marks = lexicon.mark(words)
    return Reading(marks, [*_runs("l", [word.lemma for word in words]), *_runs("x", marks)], _characters(words))


def features_with(lexicon: Lexicon) -> Features:
    """The function that gives the features of a message."""

    def features(words: Sequence[Word]) -> Found:
        return Found(read(lexicon, words))

    return features


def features_with_negations(lexicon: Lexicon) -> Features:
    """The same, and what a message says is not so."""

    def features(words: Sequence[Word]) -> Found:
        reading = read(lexicon, words)
        return Found(reading, list(_negated(reading.marks)))

    return features


def _negated(marks: Sequence[str]) -> Iterator[str]:
    for index, mark in enumerate(marks):
        if mark in NEGATIONS:
            yield from ("n" + each for each in marks[index + 1 : index + 1 + _NEGATED_AFTER])
            yield from ("n" + each + "<" for each in marks[max(0, index - _NEGATED_BEFORE) : index])


def features_with_context(lexicon: Lexicon) -> Features:
    """The same for a follow-up, and each of its concepts together with what the turn before was about."""

    def features(follow_up: FollowUp) -> Found:
        reading = read(lexicon, follow_up.words)
        return Found(reading, list(context_features(follow_up.before, reading.marks)))

    return features


def context_features(before: str, marks: Iterable[str]) -> Iterator[str]:
    """What the turn before was about, alone and with each of the `marks` of a message."""
    yield f"p{before}"
    yield from (f"p{before} {mark}" for mark in dict.fromkeys(marks))


def _runs(block: str, forms: Sequence[str]) -> list[str]:
    return [*(block + form for form in forms), *(f"{block}{first} {second}" for first, second in zip(["<", *forms], [*forms, ">"]))]


def _characters(words: Sequence[Word]) -> list[tuple[str, ...]]:
    return [(_remembered_characters if len(word.text) <= _SHORT else _characters_of)(word.text) for word in words]


def _characters_of(text: str) -> tuple[str, ...]:
    padded = f" {text} "
    return tuple("c" + padded[start : start + size] for size in range(CHARACTERS[0], CHARACTERS[1] + 1) for start in range(max(1, len(padded) - size + 1)))


_SHORT = 20  # letters of a word that people use; longer ones would take much memory
_REMEMBERED = 5_000  # words that people use
_FEW = 80  # features of the characters of such a word
_remembered_characters = lru_cache(maxsize=_REMEMBERED)(_characters_of)


class Numbering:
    """Numbers of features, for several vectorizers together: what one of them looked up, the others need not.

    Looking up is what most of the time goes into: a message has some 200 features, and each is somewhere else in memory.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._last: Optional[tuple[Reading, NDArray[np.int64], NDArray[np.int64]]] = None
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._look_up)
        self._places = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, features: Sequence[str]) -> NDArray[np.int64]:
        """Number features that have no number yet, each feature once; gives the numbers of all."""
        numbers = self._numbers
        numbers.update(zip([feature for feature in features if feature not in numbers], itertools.count(len(numbers))))
        self._remembered.cache_clear()
        self._last = None
        return self._look_up(features)

    def count(self, found: Found) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The numbers of the features that have one, and how often each is there: two arrays of the same length.

        What was counted of a reading is remembered for the next vectorizer that comes with the very same one.
        """
        reading, last = found.reading, self._last
        if last is None or reading is not last[0]:
            words = [(self._remembered if len(features) <= _FEW else self._look_up)(features) for features in reading.characters]
            last = self._last = reading, *self._distinct(np.concatenate([self._look_up(reading.features), *words]))
        if not found.own:
            return last[1:]
        numbers, times = self._distinct(self._look_up(found.own))  # of blocks that no reading has
        return np.concatenate([last[1], numbers]), np.concatenate([last[2], times])

    def _look_up(self, features: Sequence[str]) -> NDArray[np.int64]:
        """The numbers of the features that have one."""
        return np.array([number for number in map(self._numbers.get, features) if number is not None], dtype=np.int64)

    def _distinct(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Each number once, and how often it is there: by the place where it is last, which takes no sorting."""
        if len(self._places) < len(self._numbers):
            self._places = np.zeros(len(self._numbers), dtype=np.int64)
        places = np.arange(len(numbers))
        self._places[numbers] = places
        last = self._places[numbers]
        times = np.bincount(last, minlength=len(numbers))
        kept = last == places
        return numbers[kept], times[kept]


class Counted(NamedTuple):
    """How often each feature is there in each of some items.

    Attributes:
        names: the features.
        times: shape (items, features), each row's columns sorted and none twice.
    """

    names: Sequence[str]
    times: csr_matrix

    def first(self, number: int) -> "Counted":
        """The same of the first `number` items alone."""
        return Counted(self.names, self.times[:number])


def count(features: Features, items: Iterable[Any]) -> Counted:
    """Count the features of each item, as `features` gives them."""
    from scipy.sparse import csr_matrix  # not at the top: the service needs no matrices

    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    found, ends = array("i"), [0]
    for item in items:
        found.extend(map(numbers.__getitem__, features(item).all()))
        ends.append(len(found))
    times = csr_matrix((np.ones(len(found), dtype=np.int32), np.frombuffer(found, dtype=np.int32), ends), shape=(len(ends) - 1, len(numbers)))
    times.sum_duplicates()
    return Counted(list(numbers), times)


class Vectorizer:
    """TF-IDF over the features of a message, each block scaled to length 1 and then weighted.

    Args:
        features: gives the features of a message.
        names: the feature of each column.
        idf: inverse document frequency of each column, shape (columns,).
        weights: of each block.
        numbering: shared with other vectorizers; None for one of its own.
    """

    def __init__(
        self, features: Features, names: Sequence[str], idf: NDArray[np.float32], weights: Mapping[str, float], numbering: Optional[Numbering] = None
    ) -> None:
        self.names = names
        self.idf = idf
        self.weights = weights
        self._features = features
        self._numbering = numbering if numbering is not None else Numbering()
        self._number_of_column = self._numbering.add(names)
        self._column_of_number = np.zeros(0, dtype=np.int32)
        self._block_of_column = np.array([_NUMBER_OF_BLOCK[name[0]] for name in names], dtype=np.int8)
        self._weight_of_block = np.array([weights.get(block, 0.0) for block in BLOCKS])

    @classmethod
    def fit(cls, features: Features, counted: Counted, weights: Mapping[str, float], least: Mapping[str, int]) -> tuple["Vectorizer", csr_matrix]:
        """Learn the vocabulary, and give the rows of the items it was learned from.

        Args:
            features: gives the features of an item.
            counted: those of the items to learn from; it may hold blocks without a weight that `features` does not give.
            weights: of each block; one without a weight, or of weight 0, is left out.
            least: in how many items a feature of each block must stand to count.

        Returns:
            The vectorizer, and a matrix of shape (items, columns).
        """
        names, times = counted
        items = times.shape[0]
        frequency = np.bincount(times.indices, minlength=len(names))
        kept = sorted((name, number) for number, name in enumerate(names) if weights.get(name[0]) and frequency[number] >= least[name[0]])
        numbers = np.array([number for _, number in kept], dtype=np.int64)
        idf = np.log((1 + items) / (1 + frequency[numbers])) + 1
        vectorizer = cls(features, [name for name, _ in kept], idf.astype(np.float32), weights)
        chosen = times[:, numbers]
        chosen.sort_indices()
        values = vectorizer._weigh(chosen.indices, chosen.data, np.repeat(np.arange(items), np.diff(chosen.indptr)), items)
        return vectorizer, type(chosen)((values, chosen.indices, chosen.indptr), shape=chosen.shape)

    def row(self, message: Any) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The columns and values of one message, as two arrays of the same length."""
        numbers, times = self._numbering.count(self._features(message))
        if len(self._column_of_number) < len(self._numbering):  # another vectorizer has brought features since
            self._column_of_number = np.full(len(self._numbering), -1, dtype=np.int32)
            self._column_of_number[self._number_of_column] = np.arange(len(self.names))
        columns = self._column_of_number[numbers]
        learned = columns >= 0
        columns = columns[learned]
        return columns, self._weigh(columns, times[learned])

    def _weigh(self, columns: NDArray[np.int32], times: NDArray[np.integer[Any]], rows: Union[NDArray[np.int64], int] = 0, number: int = 1) -> NDArray[np.float32]:
        """The value of each feature that is there, from its column, how often it is there and its item, one of so many."""
        values = (1 + np.log(times)) * self.idf[columns]
        blocks = self._block_of_column[columns] + len(BLOCKS) * rows
        norms = np.sqrt(np.bincount(blocks, weights=values**2, minlength=len(BLOCKS) * number))
        scale = np.divide(np.tile(self._weight_of_block, number), norms, out=np.zeros(len(norms)), where=norms > 0)
        weighed: NDArray[np.float32] = (values * scale[blocks]).astype(np.float32)
        return weighed
