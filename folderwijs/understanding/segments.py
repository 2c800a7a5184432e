"""Where a message could fall apart into questions: its sentences and clauses, and which of them ask something."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Iterator, Sequence

from folderwijs.understanding.words import Word, clean

JOINERS = frozenset("en of maar ook trouwens verder daarnaast bovendien plus dan want tevens overigens alsook en/of".split())
"""Words that may stand between two questions."""

_EITHER = frozenset({"of", "en"})
_LONGEST_NAME = 4  # words by which one of two things is named
_SENTENCE_END = re.compile(r"[?!;\n•]|[.:](?!$)|\s[-–]\s")
_CLAUSE_END = re.compile(r"[,()/]")
_ASKS = frozenset(
    """hoe wat waar waarom wanneer wie welk welke hoeveel hoelang hoezo waardoor waarvan waarmee waarvoor waaraan waaruit hoevaak wanner wnr hoeveelste vanwaar
    wa wiens mag mogen kan kun kunnen ken moet moeten is zijn ben heeft hebben heb helpt help helpen komt komen kom wordt worden word gaat gaan ga
    zal zou zullen zouden krijg krijgt krijgen krijgde werkt werken doet doen geldt hoort horen blijft blijven maakt speelt spelen duurt bestaat bestaan zit
    klopt lukt heeft geeft neemt vergroot verhoogt veroorzaakt geneest verloopt scheelt vertelt mogt kunt gade magik kanik moetik zijt hebt doe magk
    vergoedt vergoeden betaalt adviseert adviseren raadt""".split()
)
_BEFORE_ASKING = frozenset({"op", "na", "met", "in", "bij", "van", "tot", "voor", "door", "vanaf", "binnen", "over", "aan", "uit"})
_ASKS_INSIDE = re.compile(
    r"\b(?:wil(?:de|t|len)?(?: \w+){0,3} weten|vraag(?:t|je|jes|en)?|vroeg(?:en)? (?:me|mij|ons)|benieuwd|afvra\w+|weet (?:u|jij|je|iemand)|weten|vr|vrg|graag|nieuwsgierig|uitleg\w*|vertel\w*|snap niet|geen idee)\b"
)


@dataclass(frozen=True)
class Clause:
    """A run of a message's words.

    Attributes:
        words: the words.
        text: the cleaned text from the first word to the end of the clause, with its closing mark.
        joined: whether the words before it end here by a mere joiner or comma, not by a sentence's end.
        told: whether it goes on in a sentence without a question mark while others have one: there a verb comes first in what is told, too.
    """

    words: tuple[Word, ...]
    text: str
    joined: bool
    told: bool = False

    @property
    def asks(self) -> bool:
        """Whether the clause looks like a question: a question mark, a question word or a verb first, or "ik vraag me af"."""
        if self.told:
            return bool(_ASKS_INSIDE.search(self.text))
        first, second = [*(word.text for word in self.words if word.text not in JOINERS), "", ""][:2]
        return "?" in self.text or first in _ASKS or (first in _BEFORE_ASKING and second in _ASKS) or bool(_ASKS_INSIDE.search(self.text))


def clauses(words: Sequence[Word], text: str) -> list[Clause]:
    """Cut a message at the ends of sentences, at commas, and before joining words.

    Args:
        words: of the whole message, with their places in the cleaned text.
        text: the message.
    """
    cleaned = clean(text)
    cuts = list(_cuts(words, cleaned))
    ends = [start for start, _ in cuts[1:]] + [len(words)]
    found = []
    for (start, joined), end in zip(cuts, ends):
        until = words[end].start if end < len(words) else len(cleaned)
        found.append(Clause(tuple(words[start:end]), cleaned[words[start].start : until].strip(), joined))
    return _telling(found) if "?" in cleaned else found


def _telling(found: Sequence[Clause]) -> list[Clause]:
    """The clauses of a message with a question mark, with what only goes on in a sentence without one."""
    marked = []
    for sentence in _by_sentence(found):
        asked = any("?" in clause.text for clause in sentence)
        marked += [replace(clause, told=clause.joined and not asked) for clause in sentence]
    return marked


def sentences(pieces: Sequence[Clause]) -> list[Clause]:
    """The clauses of a message put together to its sentences."""
    return [
        Clause(tuple(word for clause in sentence for word in clause.words), " ".join(clause.text for clause in sentence), sentence[0].joined) if len(sentence) > 1 else sentence[0]
        for sentence in _by_sentence(pieces)
    ]


def alternatives(words: Sequence[Word]) -> list[tuple[list[Word], list[Word]]]:
    """A question that names two things in one place ("mag ik zwemmen of fietsen"), read with each of them alone.

    The first thing is one word, or starts with the word that the second starts with ("door mijn gewicht of door mijn schoenen").

    Args:
        words: of the question.

    Returns:
        For each "of" or "en" between two words: the question up to it, and the question with the first thing left out.
    """
    found = []
    for place in range(1, len(words) - 1):
        if words[place].text in _EITHER:
            same = (start for start in range(max(0, place - _LONGEST_NAME), place) if words[start].text == words[place + 1].text)
            found.append(([*words[:place]], [*words[: next(same, place - 1)], *words[place + 1 :]]))
    return found


def _by_sentence(found: Sequence[Clause]) -> list[list[Clause]]:
    groups: list[list[Clause]] = []
    for clause in found:
        if groups and clause.joined:
            groups[-1].append(clause)
        else:
            groups.append([clause])
    return groups


def _cuts(words: Sequence[Word], cleaned: str) -> Iterator[tuple[int, bool]]:
    """Where a clause starts, and whether it was only joined to the words before."""
    for index, word in enumerate(words):
        if index == 0:
            yield 0, False
            continue
        between = cleaned[words[index - 1].end : word.start]
        if _SENTENCE_END.search(between):
            yield index, False
        elif _CLAUSE_END.search(between) or (word.text in JOINERS and words[index - 1].text not in JOINERS):
            yield index, True
