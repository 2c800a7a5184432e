"""Words that mean the same to the machine: rennen, joggen, hardlopen."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Iterable, Mapping, Sequence

from folderwijs.content import ContentError, ContentFile
from folderwijs.understanding.words import WORD, Word, clean, split_words

COMPLAINT = "KLACHT"
"""The concept of the words by which leaflets call their complaint."""
PLACE = "PLEK"
"""The concept of the words by which leaflets call the place of the complaint."""

_REMEMBERED = 5_000  # words whose concept needs no looking up
_SHORTEST_STEM = 3


class Lexicon:
    """Finds the concepts in a message.

    Args:
        concepts: words and phrases of each concept, in lower case; `*` at the end stands for any ending.
    """

    def __init__(self, concepts: Mapping[str, Iterable[str]]) -> None:
        self.concepts = {concept: tuple(words) for concept, words in concepts.items()}
        self._phrases: dict[tuple[str, ...], str] = {}
        self._stems: dict[str, str] = {}
        for concept, entries in self.concepts.items():
            for entry in entries:
                words = tuple(WORD.findall(clean(entry)))
                if entry.endswith("*") and len(words) == 1:
                    self._stems[words[0]] = concept
                elif words:
                    self._phrases[words] = concept
        self._longest_stem = max(map(len, self._stems), default=0)
        self._longest_from: dict[str, int] = {}
        for words in self._phrases:
            self._longest_from[words[0]] = max(len(words), self._longest_from.get(words[0], 1))
        self._mark_of = lru_cache(maxsize=_REMEMBERED)(self._find_mark)  # people use the same words

    def concept_of(self, word: Word) -> str | None:
        """The concept of one word, by its form, its stem or its lemma; None where it has none."""
        return self._phrases.get((word.text,)) or self._by_stem(word.text) or self._phrases.get((word.lemma,))

    def _find_mark(self, text: str, lemma: str) -> str:
        concept = self.concept_of(Word(text, lemma))
        return concept.upper() if concept else lemma

    def mark(self, words: Sequence[Word]) -> list[str]:
        """The message with every word or phrase that has a concept replaced by it, in capitals; other words by their lemma."""
        marked = []
        position = 0
        while position < len(words):
            word = words[position]
            for size in range(min(self._longest_from.get(word.text, 1), len(words) - position), 1, -1):
                concept = self._phrases.get(tuple(each.text for each in words[position : position + size]))
                if concept:
                    marked.append(concept.upper())
                    position += size
                    break
            else:
                marked.append(self._mark_of(word.text, word.lemma))
                position += 1
        return marked

    def _by_stem(self, text: str) -> str | None:
        for size in range(min(len(text), self._longest_stem), _SHORTEST_STEM - 1, -1):
            concept = self._stems.get(text[:size])
            if concept:
                return concept
        return None


def load_lexicon(path: Path) -> dict[str, list[str]]:
    """Read lexicon.yml.

    Raises:
        ContentError: a concept has no list of words, a word stands in two concepts, or a phrase has a `*`.
    """
    file = ContentFile(path)
    problems = []
    home: dict[str, str] = {}
    for concept, words in file.value.items():
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            problems.append(file.problem((concept,), f"Bij '{concept}' hoort een lijst woorden.", "Zet elk woord op een eigen regel met een streepje ervoor."))
            continue
        for number, word in enumerate(words):
            if word in home:
                problems.append(file.problem((concept, number), f"'{word}' staat ook bij '{home[word]}'.", "Laat het op een plek staan."))
            home[word] = concept
            if "*" in word.rstrip("*") or (word.endswith("*") and len(split_words(word)) > 1):
                problems.append(file.problem((concept, number), f"Bij '{word}' kan geen *.", "Een * staat alleen aan het eind van een los woord."))
    if problems:
        raise ContentError(problems)
    return {concept: list(words) for concept, words in file.value.items()}
