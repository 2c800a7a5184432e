"""Words of a message: cleaning the text, and what a word is."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import simplemma

MAX_CHARACTERS = 1000
"""Longer messages are refused by the service; longer texts from elsewhere are cut."""

_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"'})
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
"""A word: letters and digits, with apostrophes inside it ('s morgens, auto's)."""


class Word(NamedTuple):
    """One word of a message.

    Attributes:
        text: in lower case.
        lemma: its dictionary form.
        start: where it starts in the cleaned text; meaningless where there is no text.
    """

    text: str
    lemma: str
    start: int = 0

    @property
    def end(self) -> int:
        """Where it ends in the cleaned text."""
        return self.start + len(self.text)


@lru_cache(maxsize=8)  # one message is cleaned for its words, its clauses and the buttons
def clean(text: str) -> str:
    """Lower case, one form for each character, no invisible ones, no letter more than twice in a row."""
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS].translate(_QUOTES))
    return _RUN.sub(r"\1\1", _INVISIBLE.sub("", text).lower())


@lru_cache(maxsize=50_000)
def lemma_of(word: str) -> str:
    """The dictionary form of a Dutch word, from simplemma; the word itself where it is not known."""
    return str(simplemma.lemmatize(word, lang="nl")).lower()


def split_words(text: str) -> list[Word]:
    """The words of a text, without spaCy: for what is not a message (an editor's word list, a repaired word)."""
    return [Word(match.group(), lemma_of(match.group()), match.start()) for match in WORD.finditer(clean(text))]
