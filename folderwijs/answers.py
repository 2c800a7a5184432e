"""What to say: to a topic, a gap, an alarm sign, the practice's own matters. Knows nothing of Rasa or HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Mapping, Optional, Sequence

import msgspec

from folderwijs.content import ContentError, Problem, collecting
from folderwijs.leaflets import Leaflet, Question, Topic, load_leaflets, load_questions
from folderwijs.practice import Alarms, Practice, Texts, load_alarms, load_practice
from folderwijs.replies import Contact, Reply, Source, Suggestion

MAX_SUGGESTIONS = 4
_FEWEST_READINGS = 2  # of a question back
_WEIGHT = re.compile(
    r"(?<![\w.,'’-])(?<!\d\s)"  # no later part of a number: 0,75 or 1.250 or 1 250
    r"(\d{2,3})(?:[.,]\d{1,2})?\s*"
    r"(?:kgs?|kilo(?:'?s|gram(?:men)?)?)\b(?![\s-]*(?:meter|/))"  # no kilometres, no kg/m2
    r"(?!\s*(?:(?:ben|heb|was|is|ik|al|nu|er)\s+){0,2}(?:afgevallen|aangekomen|bijgekomen|afvallen|kwijt|eraf|erbij|lichter|zwaarder|te\s?(?:zwaar|veel|dik)|meer|minder|extra|overgewicht|verloren))",  # no change of it
    re.IGNORECASE,
)
_WEIGHT_RANGE = range(20, 301)  # kilos; outside it the number is hardly a person's weight


@dataclass(frozen=True)
class Answers:
    """Makes replies from one leaflet and the practice's files.

    Attributes:
        leaflet: what is answered from.
        questions: the catalogue of all questions, by id.
        practice, alarms, texts: the practice's own files.
    """

    leaflet: Leaflet
    questions: Mapping[str, Question]
    practice: Practice
    alarms: Alarms
    texts: Texts

    def topic(self, id_: str, message: str = "", *, simpler: bool = False, or_else: Sequence[str] = ()) -> Reply:
        """The leaflet's answer to a topic; not_in_leaflet where this leaflet does not answer it.

        Args:
            id_: a question of the catalogue.
            message: what was asked; a body weight in it is multiplied where the leaflet gives the factors.
            simpler: say it still more simply.
            or_else: other questions the message could have meant; they come first among the suggestions.

        Raises:
            KeyError: the catalogue does not have it.
        """
        topic = self.leaflet.topics.get(id_)
        if topic is None:
            return self.gap(id_, message, or_else)
        text = self.texts.get("follow_up", "simpler", answer=topic.simpler) if simpler else topic.answer
        return Reply(
            kind="answer",
            text=" ".join(filter(None, (text, self._weight(topic, message)))),
            topics=(id_,),
            sources=topic.sources,
            suggestions=self._first(or_else, topic.next),
            title=topic.title,
        )

    def gap(self, id_: str, message: str = "", or_else: Sequence[str] = ()) -> Reply:
        """Say plainly that the leaflet does not answer this, and what it is about where that is known.

        Raises:
            KeyError: the catalogue does not have `id_`.
        """
        question = self.questions[id_]
        subject = question.subject_in(message)
        named = subject != self.questions["overig"].subject
        says = self.texts.get("not_in_leaflet", "named", gap=subject) if named else self.texts.get("not_in_leaflet", "unnamed")
        reply = self.not_said(says, question.near, subject if named else "")
        return msgspec.structs.replace(reply, suggestions=self._first(or_else, question.near))

    def not_said(self, says: str, near: Iterable[str], subject: str = "") -> Reply:
        """A not_in_leaflet reply: `says`, then whom to ask, with suggestions from `near`."""
        text = f"{says} {self.texts.get('not_in_leaflet', 'ask')}"
        return Reply("not_in_leaflet", text, suggestions=self.suggest(near), subject=subject, contacts=(self.phone,))

    def urgent(self, id_: str) -> Reply:
        """Send someone with an alarm sign to a human.

        Raises:
            KeyError: urgent.yml has no such sign.
        """
        sign = self.alarms.signs[id_]
        whom = " of ".join(f"{contact.label} ({contact.when})" if contact.when else contact.label for contact in sign.contacts)
        seen = f"Ik lees iets over {sign.sign}."
        text = f"Bel nu {whom}. {seen} {sign.text} {self.alarms.intro} {self.alarms.notice}"
        return Reply("urgent", text, sign=sign.sign, contacts=sign.contacts)

    def matter(self, id_: str) -> Reply:
        """The practice's own details."""
        return Reply("practice", self.texts.get("practice", id_), contacts=(self.phone,))

    def outside(self, id_: str, or_else: Sequence[str] = ()) -> Reply:
        """Say what the assistant is for; `or_else` as for `topic`."""
        return Reply("outside", self.texts.get("outside", id_), suggestions=tuple(dict.fromkeys((*self.readings(or_else), *self.openers())))[:MAX_SUGGESTIONS])

    def smalltalk(self, id_: str) -> Reply:
        """A short friendly word; suggestions where the visitor has yet to ask."""
        opening = id_ in ("groet", "wat_kun_je", "hoe_gaat_het")
        return Reply("smalltalk", self.texts.get("smalltalk", id_), suggestions=self.openers() if opening else ())

    def say(self, name: str, **fields: str) -> Reply:
        """A small-talk reply from the follow_up texts."""
        return Reply("smalltalk", self.texts.get("follow_up", name, **fields), suggestions=self.openers())

    def clarify(self, ids: Sequence[str], opening: str) -> Reply:
        """One question back.

        Args:
            ids: what it could be, likeliest first; filled up to two at least with what people ask most.
            opening: the name of the text in the clarify group.
        """
        could_be = self.readings(ids) or self.openers()
        if len(could_be) < _FEWEST_READINGS:
            could_be += tuple(button for button in self.openers() if button not in could_be)[: _FEWEST_READINGS - len(could_be)]
        return Reply("clarify", self.texts.get("clarify", opening), suggestions=could_be[:MAX_SUGGESTIONS])

    def call_us(self) -> Reply:
        """After one failed question back: the practice's phone number."""
        return Reply("practice", self.texts.get("clarify", "again"), contacts=(self.phone,))

    def error(self) -> Reply:
        """Something failed inside."""
        return Reply("error", self.texts.get("error"), contacts=(self.phone,))

    def greeting(self, kept: bool) -> list[str]:
        """The first words of the chat, in paragraphs: a greeting, who speaks, what becomes of a question, when to call at once.

        Args:
            kept: whether questions are kept.
        """
        return [
            self.texts.get("widget", "greeting"), self.texts.get("widget", "computer"), self.texts.get("widget", "kept" if kept else "privacy"),
            self.texts.get("widget", "alarm"),
        ]

    def suggest(self, ids: Iterable[str]) -> tuple[Suggestion, ...]:
        """Buttons for those of `ids` that the leaflet answers, each once, at most `MAX_SUGGESTIONS`."""
        topics = [self.leaflet.topics[id_] for id_ in dict.fromkeys(ids) if id_ in self.leaflet.topics]
        return tuple(topic.suggestion for topic in topics[:MAX_SUGGESTIONS])

    def readings(self, ids: Iterable[str]) -> tuple[Suggestion, ...]:
        """Buttons for what a message could have meant, also for what the leaflet does not answer."""
        buttons = []
        for id_ in dict.fromkeys(ids):
            if id_ in self.leaflet.topics:
                buttons.append(self.leaflet.topics[id_].suggestion)
            elif self.questions[id_].subject != self.questions["overig"].subject:
                buttons.append(Suggestion(f"Iets over {self.questions[id_].subject}", self.questions[id_].ask))
        return tuple(buttons)

    def openers(self) -> tuple[Suggestion, ...]:
        """Buttons for someone who does not know what to ask."""
        return self.suggest(self._most_asked)[:3]

    def _first(self, or_else: Sequence[str], then: Iterable[str]) -> tuple[Suggestion, ...]:
        return tuple(dict.fromkeys((*self.readings(or_else), *self.suggest(then))))[:MAX_SUGGESTIONS]

    @property
    def phone(self) -> Contact:
        """The practice, to call."""
        return Contact(self.practice.name, phone=self.practice.phone)

    @property
    def _most_asked(self) -> tuple[str, ...]:
        return ("hersteltijd", "actief_blijven", "oefentherapie", "oorzaak", "beloop", *self.leaflet.topics)

    def _weight(self, topic: Topic, message: str) -> str:
        kilos = weight_in(message)
        if not topic.body_weight_times or kilos is None:
            return ""
        low, high = (kilos * factor for factor in topic.body_weight_times)
        return self.texts.get("weight", weight=str(kilos), low=str(low), high=str(high))


def load_answers(project: Path, leaflet: str = "") -> Answers:
    """Read all content of the project and hold it against the rules.

    Args:
        project: the folder with leaflets/, practice.yml, urgent.yml and texts.yml.
        leaflet: id of the leaflet to answer from; "" takes the only one there is.

    Raises:
        ContentError: with every mistake in the content.
    """
    problems: list[Problem] = []
    fields: dict[str, str] = {}
    with collecting(problems):
        leaflets = load_leaflets(project / "leaflets")  # first: it also tells of the mistakes in the catalogue
        questions = load_questions(project / "leaflets")
        chosen = _choose(leaflets, leaflet, project / "leaflets")
        fields |= {"title": chosen.title, "subject": chosen.subject, "about": chosen.about}
    with collecting(problems):
        practice = load_practice(project / "practice.yml")
        fields |= practice.fields
    with collecting(problems):
        alarms = load_alarms(project / "urgent.yml")
    with collecting(problems):
        texts = Texts(project / "texts.yml", fields)
    if problems:
        raise ContentError(problems)
    return Answers(chosen, questions, practice, alarms, texts)


def _choose(leaflets: Mapping[str, Leaflet], id_: str, folder: Path) -> Leaflet:
    if id_ and id_ not in leaflets:
        raise ContentError([Problem(folder, 1, f"Er is geen folder '{id_}'.", f"Kies uit: {', '.join(leaflets)}.")])
    if not id_ and len(leaflets) > 1:
        raise ContentError([Problem(folder, 1, "Er is meer dan een folder.", f"Zet LEAFLET op een van: {', '.join(leaflets)}.")])
    return leaflets[id_ or next(iter(leaflets))]


def sections_of(sources: Iterable[Source]) -> str:
    """The headings that `sources` stand under, each once, for a sentence."""
    return "’ en ‘".join(dict.fromkeys(source.section for source in sources))


def weight_in(message: str) -> Optional[int]:
    """The body weight that a message names, in whole kilos, or None."""
    match = _WEIGHT.search(message)
    return int(match.group(1)) if match and int(match.group(1)) in _WEIGHT_RANGE else None
