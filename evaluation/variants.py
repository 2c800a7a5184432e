"""The variants of the understanding that are measured against each other."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Mapping, Sequence

import msgspec

from evaluation.assistant import Assistant, Example, content, language, training_examples
from evaluation.spelling import Speller
from folderwijs.dialogue import Part
from folderwijs.nlu.classifier import follow_ups_of, load_knowledge
from folderwijs.settings import PROJECT
from folderwijs.understanding.classifier import BLOCK_WEIGHTS
from folderwijs.understanding.dutch import words_in
from folderwijs.understanding.features import FollowUp
from folderwijs.understanding.understander import Options, Understander
from folderwijs.understanding.words import Word


@dataclass(frozen=True)
class Variant:
    """A way to understand: its name, what differs from the one in use.

    Attributes:
        blocks: weights of blocks of features that differ.
        options: options that differ.
        lexicon, rules, spelling: whether the lexicon and the alarm rules are used, and misspelt words are repaired.
        alarms: whether alarm signs are told apart by a classifier of their own.
        context: whether what was learned of follow-ups is used.
    """

    name: str
    blocks: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, float] = field(default_factory=dict)
    lexicon: bool = True
    rules: bool = True
    spelling: bool = False
    alarms: bool = True
    context: bool = True

    @property
    def trained_differently(self) -> bool:
        """Whether another classifier must be trained for it."""
        return bool(self.blocks) or not self.lexicon or self.spelling


@lru_cache(maxsize=1)
def follow_ups() -> tuple[tuple[FollowUp, str], ...]:
    """The follow-ups to learn from."""
    return tuple(follow_ups_of(PROJECT))


def train(variant: Variant, examples: Sequence[Example] | None = None) -> tuple[Assistant, float]:
    """Train a variant.

    Args:
        variant: what to train.
        examples: the training questions; None takes all.

    Returns:
        The assistant, and the seconds it took to train.
    """
    examples = training_examples() if examples is None else examples
    knowledge = load_knowledge(PROJECT)
    if not variant.lexicon:
        knowledge = msgspec.structs.replace(knowledge, concepts={})
    if not variant.rules:
        knowledge = msgspec.structs.replace(knowledge, alarm_rules={})
    options = msgspec.structs.replace(Options(), **variant.options)
    started = time.perf_counter()
    messages: list[Sequence[Word]] = [example.words for example in examples]
    speller = Speller.learn(messages, [word for words in knowledge.concepts.values() for word in words if word.isalpha()]) if variant.spelling else None
    if speller:
        messages = [speller.repair(words) for words in messages]
    weights = {**BLOCK_WEIGHTS, **variant.blocks}
    understander = Understander.train(messages, [example.intent for example in examples], knowledge, options, follow_ups(), weights, [example.text for example in examples])
    seconds = time.perf_counter() - started

    def understand(text: str) -> Sequence[Part]:
        words = words_in(language(), text)
        return understander.understand(speller.repair(words) if speller else words, text).parts

    assistant = Assistant(understand, content())
    assistant.understander = understander
    return assistant, seconds


def with_options(assistant: Assistant, variant: Variant) -> Assistant:
    """A trained assistant under a variant's options and rules; only for a variant that is trained no differently."""
    understander: Understander = assistant.understander
    knowledge = understander.knowledge if variant.rules else msgspec.structs.replace(understander.knowledge, alarm_rules={})
    other = Understander(
        understander.classifier,
        knowledge,
        msgspec.structs.replace(understander.options, **variant.options),
        alarms=understander.alarms if variant.alarms else None,
        context=understander.context if variant.context else None,
    )
    return Assistant(lambda text: other.understand(words_in(language(), text), text).parts, content())


IN_USE = Variant("in use")
ABLATIONS = (
    Variant("without characters", blocks={"c": 0.0}),
    Variant("without lemmas", blocks={"l": 0.0}),
    Variant("without the lexicon", lexicon=False, blocks={"x": 0.0}),
    Variant("with spelling repair", spelling=True),
    Variant("without splitting a message", options={"split": 2.0, "split_joined": 2.0, "split_either": 2.0}),
    Variant("without telling two things in one question apart", options={"split_either": 2.0}),
    Variant("without rules for alarm signs", rules=False),
    Variant("without a classifier of its own for alarm signs", alarms=False, options={"alarm": -0.46, "alarm_confirmed": -0.84, "story_alarm": -0.46, "story_alarm_confirmed": -0.84}),
    Variant("without drawing a story towards its question", options={"question_clear": 2.0}),
    Variant("without a family's sum", options={"family": 2.0, "outside": 2.0}),
    Variant("without what follow-ups mean after the turn before", context=False),
)
