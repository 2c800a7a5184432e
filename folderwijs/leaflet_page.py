"""A leaflet sentence by sentence, as its page shows it, and the sentences that a quote is taken from. Knows nothing of HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Iterable

from folderwijs.leaflets import Leaflet, one_line

_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+(?=[A-Z0-9‘“\"])")


@dataclass(frozen=True)
class Sentence:
    """A sentence or list item: its number in the leaflet, from 1, and its text."""

    number: int
    text: str


@dataclass(frozen=True)
class Block:
    """Paragraphs, each with its sentences; or the items of one list, each of one sentence."""

    is_list: bool
    paragraphs: tuple[tuple[Sentence, ...], ...]


@dataclass(frozen=True)
class Part:
    """A heading of the leaflet and what stands below it."""

    title: str
    level: int
    blocks: tuple[Block, ...]

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences below the heading, in reading order."""
        return tuple(sentence for block in self.blocks for paragraph in block.paragraphs for sentence in paragraph)


def parts_of(leaflet: Leaflet) -> tuple[Part, ...]:
    """The leaflet's text in parts, with its sentences numbered throughout."""
    parts: list[Part] = []
    number = 1
    for section in leaflet.sections:
        blocks = []
        for is_list, lines in groupby(section.lines, key=lambda line: line.startswith("- ")):
            paragraphs = []
            for line in lines:
                texts = [line[2:]] if is_list else _SENTENCE_END.split(line)
                paragraphs.append(tuple(Sentence(number + place, text) for place, text in enumerate(texts)))
                number += len(texts)
            blocks.append(Block(is_list, tuple(paragraphs)))
        parts.append(Part(section.title, section.level, tuple(blocks)))
    return tuple(parts)


def sentences_with(parts: Iterable[Part], heading: str, quote: str) -> frozenset[int]:
    """The numbers of the sentences that a quote is taken from.

    Args:
        parts: the leaflet.
        heading: where the quote stands; "" or an unknown one: anywhere.
        quote: the leaflet's own words, or the number of one sentence.

    Returns:
        Nothing where the leaflet does not have the quote.
    """
    parts = tuple(parts)
    if quote.isascii() and quote.isdigit() and len(quote) < 6:
        return frozenset({int(quote)} & {sentence.number for part in parts for sentence in part.sentences})
    words = _plain(quote)
    at = next((place for place, part in enumerate(parts) if part.title == heading), None)
    spans, text = _spans(parts if at is None else parts[at : _end(parts, at)])
    start = text.find(words) if words else -1
    if start < 0:
        return frozenset() if at is None else sentences_with(parts, "", quote)
    return frozenset(number for number, first, last in spans if first < start + len(words) and start < last)


def _end(parts: tuple[Part, ...], at: int) -> int:
    """Where the part at `at` and the deeper ones below it end."""
    return next((place for place in range(at + 1, len(parts)) if parts[place].level <= parts[at].level), len(parts))


def _spans(parts: Iterable[Part]) -> tuple[list[tuple[int, int, int]], str]:
    """The text of parts on one line, and where each sentence stands in it: its number, start and end."""
    spans: list[tuple[int, int, int]] = []
    text = ""
    for part in parts:
        text += part.title + " "
        for sentence in part.sentences:
            spans.append((sentence.number, len(text), len(text) + len(sentence.text)))
            text += sentence.text + " "
    return spans, text


def _plain(quote: str) -> str:
    """A quote on one line, without the marks of a list."""
    return one_line(" ".join(line.strip().removeprefix("- ") for line in quote.splitlines()))
