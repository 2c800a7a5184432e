"""Repairing misspelt words against the words that are known to matter."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Iterable, Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA
from spellchecker import SpellChecker

from folderwijs.understanding.words import Word, lemma_of

_SHORTEST = 4  # letters; shorter words have too many neighbours
_TWO_ERRORS = 9  # letters from which two errors are forgiven
_COMMON = 3  # times a word must stand in the training questions to be repaired to


@lru_cache(maxsize=1)
def dutch_words() -> frozenset[str]:
    """Common Dutch words, from pyspellchecker."""
    return frozenset(SpellChecker(language="nl", distance=1).word_frequency.words())


class Speller:
    """Repairs words that are neither common Dutch nor known from training.

    Args:
        known: words that may be repaired to, with how often they were seen.
    """

    def __init__(self, known: Mapping[str, int]) -> None:
        self.known = dict(known)
        self._by_first: dict[str, list[str]] = {}
        for word in sorted(self.known, key=lambda word: -self.known[word]):
            self._by_first.setdefault(word[:1], []).append(word)
        self._repaired = lru_cache(maxsize=20_000)(self._repair)

    @classmethod
    def learn(cls, messages: Iterable[Sequence[Word]], extra: Iterable[str]) -> "Speller":
        """Take the words of training questions that are correct Dutch or frequent, and all of `extra`."""
        counts = Counter(word.text for words in messages for word in words)
        dutch = dutch_words()
        known = {word: count for word, count in counts.items() if count >= _COMMON and len(word) >= _SHORTEST and (word in dutch or count >= 4 * _COMMON)}
        return cls(known | {word: max(known.get(word, 0), _COMMON) for word in extra if len(word) >= _SHORTEST})

    def repair(self, words: Sequence[Word]) -> list[Word]:
        """The words with the misspelt ones repaired, each in its place."""
        return [word if (repaired := self._repaired(word.text)) == word.text else Word(repaired, lemma_of(repaired), word.start) for word in words]

    def _repair(self, text: str) -> str:
        if len(text) < _SHORTEST or text in self.known or not text.isalpha() or text in dutch_words():
            return text
        most = 2 if len(text) >= _TWO_ERRORS else 1
        same_start = [word for word in self._by_first.get(text[0], ()) if abs(len(word) - len(text)) <= most]
        found = process.extract(text, same_start, scorer=OSA.distance, score_cutoff=most, limit=5)
        if not found:
            return text
        return str(min(found, key=lambda match: (match[1], -self.known[match[0]]))[0])
