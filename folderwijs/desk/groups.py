"""Puts near-identical questions together and counts them by week."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from typing import Iterable, NamedTuple, Optional, Sequence

from rapidfuzz import fuzz, process

from folderwijs.desk.store import Kept
from folderwijs.redaction import LABELS
from folderwijs.understanding.words import split_words

KINDS = {"not_in_leaflet": "Staat niet in de folder", "clarify": "Niet begrepen", "outside": "Gaat over iets anders", "unhelped": "Antwoord hielp niet"}
"""Why a question is kept, and how the desk calls it."""
WEEKS = 6
"""Weeks in the chart: those that 30 days can be in."""

_ALIKE = 87  # percent: from here on, two questions are the same
_EMPTY = frozenset(
    """de het een en of maar want dus als dat die deze dit dan er hier daar ik u je jij mij me mijn mn uw is ben bent zijn heb heeft hebben ook nog wel eens even toch nou nu hoi hallo dag goedemorgen
    goedemiddag graag vraag bedankt dank alvast met aan op in van voor om te bij naar door over kunnen mogen moeten willen zullen worden gaan kan mag moet wil zal""".split()
)


class Group(NamedTuple):
    """Questions that are the same.

    Attributes:
        text: the one asked most.
        questions: all of them, the latest first.
    """

    text: str
    questions: tuple[Kept, ...]

    @property
    def ids(self) -> list[int]:
        """The numbers of the questions."""
        return [question.id for question in self.questions]

    @property
    def mark(self) -> Optional[str]:
        """What most of the marked ones are marked as."""
        marks = Counter(question.mark for question in self.questions if question.mark)
        return marks.most_common(1)[0][0] if marks else None

    @property
    def others(self) -> list[str]:
        """The other wordings."""
        return [text for text in dict.fromkeys(question.text for question in self.questions) if text != self.text]

    @property
    def kinds(self) -> list[str]:
        """Why they are kept, the most frequent reason first."""
        return [kind for kind, _ in Counter(kind_of(question) for question in self.questions).most_common()]

    @property
    def reasons(self) -> list[str]:
        """What visitors said when the reply did not help."""
        return list(dict.fromkeys(question.why for question in self.questions if question.why))

    @property
    def last(self) -> datetime.date:
        """The latest day it was asked."""
        return max(question.day for question in self.questions)


class Week(NamedTuple):
    """An ISO week, with the number of questions of each kind."""

    year: int
    number: int
    counts: dict[str, int]

    @property
    def name(self) -> str:
        """As the chart has it."""
        return f"wk {self.number}"

    @property
    def total(self) -> int:
        """Questions of all kinds."""
        return sum(self.counts.values())


def kind_of(question: Kept) -> str:
    """Why a question is kept: the first reason, but that a reply did not help comes before all."""
    return "unhelped" if question.helped is False else next(iter(question.kinds), "unhelped")


def group(questions: Iterable[Kept]) -> list[Group]:
    """Put the same questions together, whatever their order, filler words or a typing error; the most asked first."""
    alike: dict[str, list[Kept]] = defaultdict(list)
    for question in questions:
        alike[_essence(question.text)].append(question)
    groups: dict[str, list[Kept]] = {}
    for essence in sorted(alike, key=lambda essence: (-len(alike[essence]), essence)):
        match = process.extractOne(essence, groups.keys(), scorer=fuzz.token_sort_ratio, score_cutoff=_ALIKE)
        groups.setdefault(match[0] if match else essence, []).extend(alike[essence])
    made = [_group(members) for members in groups.values()]
    return sorted(made, key=lambda group: (-len(group.questions), -group.last.toordinal(), group.text))


def by_week(questions: Sequence[Kept], today: datetime.date) -> list[Week]:
    """The last weeks, the latest last."""
    days = [today - datetime.timedelta(weeks=ago) for ago in reversed(range(WEEKS))]
    weeks = {tuple(day.isocalendar())[:2]: dict.fromkeys(KINDS, 0) for day in days}
    for question in questions:
        if (counts := weeks.get(tuple(question.day.isocalendar())[:2])) is not None:
            counts[kind_of(question)] += 1
    return [Week(year, number, counts) for (year, number), counts in weeks.items()]


def _group(members: Sequence[Kept]) -> Group:
    wordings = Counter(question.text for question in members)
    text = min(wordings, key=lambda text: (-wordings[text], len(text), text))
    return Group(text, tuple(sorted(members, key=lambda question: (question.day, question.id), reverse=True)))


def _essence(text: str) -> str:
    """What a question is about: its words' dictionary forms without filler words, in one order."""
    lemmas = {word.lemma for word in split_words(LABELS.sub(" ", text)) if word.text not in _EMPTY and word.lemma not in _EMPTY}
    return " ".join(sorted(lemmas)) or text.lower()
