"""What is measured on held-out questions, each with its number of questions and a 95% interval."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Iterable, NamedTuple, Sequence

from evaluation.assistant import Assistant, content
from evaluation.questions import Dialogue, HeldOut
from folderwijs.replies import Reply

_Z = 1.959964  # of the normal distribution, for 95%


class Share(NamedTuple):
    """A count of a total."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """Between 0 and 1; 0 of nothing."""
        return self.count / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95% interval for the share (E.B. Wilson, 1927)."""
        if not self.total:
            return 0.0, 1.0
        share, total = self.value, self.total
        centre = (share + _Z**2 / (2 * total)) / (1 + _Z**2 / total)
        half = _Z * math.sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2)) / (1 + _Z**2 / total)
        return max(0.0, centre - half), min(1.0, centre + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.1%} ({self.count}/{self.total}; {low:.1%}-{high:.1%})"


@dataclass(frozen=True)
class Outcome:
    """A held-out question with what the assistant said to it."""

    question: HeldOut
    replies: tuple[Reply, ...]
    seconds: float

    @property
    def right(self) -> bool:
        """Whether the first reply is right."""
        return self.question.expected.accepts(self.replies)

    @property
    def told(self) -> set[str]:
        """The topics that were answered."""
        return {topic for reply in self.replies if reply.kind == "answer" for topic in reply.topics}

    @property
    def right_after_choice(self) -> bool:
        """Whether the reply is right, or one of its suggestions leads to what is right."""
        expected = self.question.expected
        offered = [suggestion for reply in self.replies for suggestion in reply.suggestions]
        topics = {suggestion.topic for suggestion in offered if suggestion.topic}
        gap = any("not_in_leaflet" in kinds for kinds in expected.kinds) and any(suggestion.message in _asks_of_gaps() for suggestion in offered)
        return self.right or (expected.allows_answer and any(accepted <= self.told | topics for accepted in expected.topics)) or gap

    @property
    def wrong_fact(self) -> bool:
        """Whether a topic was answered that no reading of the question asks."""
        return bool(self.told - frozenset().union(*self.question.expected.topics))


@dataclass(frozen=True)
class Measures:
    """The measures of a set of outcomes, in the order they are reported."""

    right: Share
    right_after_choice: Share
    wrong_fact: Share
    gap_said: Share
    fact_on_gap: Share
    urgent_found: Share
    false_alarm: Share
    outside: Share
    milliseconds: float = field(default=0.0)


@lru_cache(maxsize=1)
def _asks_of_gaps() -> frozenset[str]:
    """What buttons send that lead to a known gap."""
    answers = content()
    return frozenset(question.ask for id_, question in answers.questions.items() if id_ not in answers.leaflet.topics)


def ask(assistant: Assistant, questions: Iterable[HeldOut]) -> list[Outcome]:
    """Ask every question in a conversation of its own."""
    outcomes = []
    for question in questions:
        assistant.start()
        started = time.perf_counter()
        replies = assistant.reply(question.text)
        outcomes.append(Outcome(question, tuple(replies), time.perf_counter() - started))
    return outcomes


def measure(outcomes: Sequence[Outcome]) -> Measures:
    """Count what is right and wrong."""

    def share(right: Iterable[bool]) -> Share:
        found = list(right)
        return Share(sum(found), len(found))

    of_kind = {kind: [outcome for outcome in outcomes if outcome.question.expected.kind == kind] for kind in ("not_in_leaflet", "urgent", "outside")}
    in_leaflet = [outcome for outcome in outcomes if outcome.question.expected.needs_answer]
    without_fact = [outcome for outcome in outcomes if not outcome.question.expected.allows_answer]
    calm = [outcome for outcome in outcomes if outcome.question.expected.kind != "urgent"]
    times = sorted(outcome.seconds for outcome in outcomes)
    return Measures(
        right=share(outcome.right for outcome in outcomes),
        right_after_choice=share(outcome.right_after_choice for outcome in outcomes),
        wrong_fact=share(outcome.wrong_fact for outcome in in_leaflet),
        gap_said=share(outcome.right for outcome in of_kind["not_in_leaflet"]),
        fact_on_gap=share(bool(outcome.told) for outcome in without_fact),
        urgent_found=share(any(reply.kind == "urgent" for reply in outcome.replies) for outcome in of_kind["urgent"]),
        false_alarm=share(any(reply.kind == "urgent" for reply in outcome.replies) for outcome in calm),
        outside=share(outcome.right for outcome in of_kind["outside"]),
        milliseconds=times[len(times) // 2] * 1000 if times else 0.0,
    )


def follow_ups(assistant: Assistant, dialogues: Iterable[Dialogue]) -> Share:
    """How many turns after the first are right."""
    right = []
    for dialogue in dialogues:
        assistant.start()
        for number, (text, expected) in enumerate(dialogue.turns):
            replies = assistant.reply(text)
            if number:
                right.append(expected.accepts(replies))
    return Share(sum(right), len(right))
