"""Alarm signs: a decision of its own, by a list that an editor can read and extend, and by what was learned from examples."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Callable, Iterable, Mapping, NamedTuple, Sequence

from folderwijs.dialogue import ALARM
from folderwijs.understanding.features import NEGATIONS
from folderwijs.understanding.words import Word

WINDOW = 9
"""All parts of a rule must stand within this many words."""

_NEGATED_WITHIN = 2  # words before a part
_SHARE = 0.2  # of the logarithm of the chance of alarm signs in a score; like the thresholds found by leaving out one writer at a time
_LEAST_CHANCE = 1e-9
_LEAST_STORY = -1.8  # a story whose score is below has no sentence that would bring it up: 1 of 412 with a sign, 95 of 100 without
_STEEPNESS = 3.0  # of the likelihood around the threshold


@dataclass(frozen=True)
class Rule:
    """A line of `words` in urgent.yml.

    Attributes:
        sign: the alarm sign it stands for.
        parts: each a pattern for one word; all must be found close together.
        without: patterns that must not stand in the message.
        text: the line itself, to say which rule it was.
    """

    sign: str
    parts: tuple[re.Pattern[str], ...]
    without: tuple[re.Pattern[str], ...]
    text: str

    @classmethod
    def parse(cls, sign: str, text: str) -> "Rule":
        """Read a line: parts separated by blanks, `a|b` for either, `*` for any ending, `!` before what must be absent."""
        parts: list[re.Pattern[str]] = []
        without: list[re.Pattern[str]] = []
        for item in text.split():
            (without if item.startswith("!") else parts).append(_pattern(item.lstrip("!")))
        return cls(sign, tuple(parts), tuple(without), text)

    def matches(self, words: Sequence[str]) -> bool:
        """Whether the parts stand close together in `words`, none of them said not to be so."""
        if any(pattern.fullmatch(word) for pattern in self.without for word in words):
            return False
        places = [[index for index, word in enumerate(words) if part.fullmatch(word) and not self._negated(words, index)] for part in self.parts]
        return all(places) and any(self._close(places, start) for start in {index for found in places for index in found})

    def _close(self, places: Sequence[Sequence[int]], start: int) -> bool:
        """Whether each part has a word of its own in the window from `start`, where `start` itself is taken by one of them."""

        def rest(parts: Sequence[Sequence[int]], taken: frozenset[int]) -> bool:
            if not parts:
                return start in taken
            return any(rest(parts[1:], taken | {index}) for index in parts[0] if 0 <= index - start < WINDOW and index not in taken)

        return rest(places, frozenset())

    def _negated(self, words: Sequence[str], index: int) -> bool:
        if self._about_a_not:
            return False
        return any(word in NEGATIONS for word in words[max(0, index - _NEGATED_WITHIN) : index])

    @property
    def _about_a_not(self) -> bool:
        """Whether the rule itself has a "not" in it: what is missing is then the sign."""
        return any(part.fullmatch(negation) for part in self.parts for negation in NEGATIONS)


@dataclass(frozen=True)
class Alarm:
    """An alarm sign that was seen: which, how likely, and the rule that matched, or "" where it was learned."""

    sign: str
    likelihood: float
    rule: str


class Enough(NamedTuple):
    """The score from which on a message has an alarm sign.

    Attributes:
        alone: without anything else.
        confirmed: where a rule matches too.
    """

    alone: float
    confirmed: float


class Urgency:
    """Decides whether a message has an alarm sign.

    A message's score is how far it lies on the side of messages with an alarm sign, and a share of how likely such signs are
    among all that it can mean: the first alone misses rare words, the second adds up small chances in a message of unusual ones.
    In a story, the score is the mean of the whole's and that of its most alarming sentence: a sign stands in one of them, while
    unusual words all over a story add up to one where there is none.

    Args:
        rules: for each sign, its lines of `words` in urgent.yml.
        enough: for a message of one sentence.
        in_story: for a message of several.
    """

    def __init__(self, rules: Mapping[str, Iterable[str]], enough: Enough, in_story: Enough) -> None:
        self._rules = [Rule.parse(sign, line) for sign, lines in rules.items() for line in lines]
        self._enough = enough
        self._in_story = in_story

    def score(self, chances: Mapping[str, float], margin: float) -> float:
        """How alarming words are.

        Args:
            chances: the learned probability of each intent.
            margin: by which the words lie on the side of those with an alarm sign.
        """
        signs = sum(chance for intent, chance in chances.items() if intent.startswith(ALARM))
        return margin + _SHARE * math.log(max(signs, _LEAST_CHANCE))

    def find(self, words: Sequence[Word], chances: Mapping[str, float], margin: float, sentences: Callable[[], Sequence[float]] = tuple) -> Alarm | None:
        """The alarm sign in a message, or None.

        Args:
            words: of the message.
            chances, margin: see `score`.
            sentences: gives the score of each sentence of a story; only asked where it can make a difference. Nothing: the message is no story.
        """
        signs = {intent: chance for intent, chance in chances.items() if intent.startswith(ALARM)}
        score, enough = self.score(chances, margin), self._enough
        if score >= _LEAST_STORY and (scores := sentences()):
            score, enough = (score + max(scores)) / 2, self._in_story
        if not signs or score < enough.confirmed:
            return None
        texts = [word.text for word in words]
        matched = next((rule for rule in self._rules if rule.matches(texts)), None)
        if matched is None and score < enough.alone:
            return None
        learned = max(signs, key=lambda sign: signs[sign])
        likelihood = 1 / (1 + math.exp(_STEEPNESS * (enough.confirmed - score)))
        return Alarm(learned if score >= enough.alone or matched is None else matched.sign, likelihood, matched.text if matched else "")


def _pattern(item: str) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else "") for word in item.split("|")))
