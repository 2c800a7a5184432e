"""Held-out questions: what each accepts, and whether replies are right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

import yaml

from folderwijs.replies import Reply
from folderwijs.settings import PROJECT

QUESTIONS = PROJECT / "tests" / "questions"
"""One .tsv file a writer: kind, topics and text, separated by tabs."""

KINDS = {"answer", "not_in_leaflet", "practice", "urgent", "outside", "smalltalk", "clarify"}


@dataclass(frozen=True)
class Expected:
    """What is right for a message.

    Attributes:
        kinds: acceptable kinds; each is a set of kinds that must all be among the replies.
        topics: acceptable topics; each is a set of topics that must all be answered.
    """

    kinds: tuple[frozenset[str], ...]
    topics: tuple[frozenset[str], ...]

    def accepts(self, replies: Sequence[Reply]) -> bool:
        """Whether the replies are right: all that was asked is answered, and nothing that was not."""
        given = {reply.kind for reply in replies}
        told = {topic for reply in replies for topic in reply.topics if reply.kind == "answer"}
        return any(self._accepts(kinds, given, told) for kinds in self.kinds)

    def _accepts(self, kinds: frozenset[str], given: set[str], told: set[str]) -> bool:
        if not kinds <= given:
            return False
        if "answer" not in kinds:
            return not told
        accepted = frozenset().union(*self.topics)
        return told <= accepted and any(topics <= told for topics in self.topics)

    @property
    def kind(self) -> str:
        """The kind the question is counted under: the first that is accepted."""
        return "answer" if "answer" in self.kinds[0] else sorted(self.kinds[0])[0]

    @property
    def needs_answer(self) -> bool:
        """Whether only the leaflet's answer is right."""
        return all("answer" in kinds for kinds in self.kinds)

    @property
    def allows_answer(self) -> bool:
        """Whether a fact of the leaflet can be right."""
        return any("answer" in kinds for kinds in self.kinds)


@dataclass(frozen=True)
class HeldOut:
    """A held-out message: its set, its text, and what is right for it."""

    set: str
    text: str
    expected: Expected


@dataclass(frozen=True)
class Dialogue:
    """A held-out conversation: each turn's text with what is right for it."""

    writer: str
    turns: tuple[tuple[str, Expected], ...]


def load_questions(folder: Path = QUESTIONS) -> list[HeldOut]:
    """Every held-out question.

    Raises:
        ValueError: a line is not of the form; the message names file and line.
    """
    questions = []
    for path in sorted(folder.glob("*.tsv")):
        for number, line in enumerate(path.read_text("utf8").splitlines()[1:], 2):
            fields = line.split("\t")
            if len(fields) != 3 or not set(fields[0].replace("+", "|").split("|")) <= KINDS:
                raise ValueError(f"{path}:{number}: not kind, topics and text separated by tabs")
            questions.append(HeldOut(path.stem, fields[2], Expected(_sets(fields[0]), _sets(fields[1]) if fields[1] != "-" else ())))
    return questions


def load_dialogues(path: Path = QUESTIONS / "dialogen.yml") -> list[Dialogue]:
    """Every held-out conversation."""
    return [Dialogue(entry["writer"], tuple((turn["text"], _expected(turn)) for turn in entry["turns"])) for entry in yaml.safe_load(path.read_text("utf8"))]


def _sets(field: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(each.split("+")) for each in field.split("|"))


def _expected(turn: dict[str, Any]) -> Expected:
    topics = tuple(frozenset([topic]) for topic in turn["topics"])
    if turn.get("both"):
        topics = (frozenset(turn["both"]), *topics)
    return Expected(tuple(frozenset([kind]) for kind in turn["kind"]), topics)
