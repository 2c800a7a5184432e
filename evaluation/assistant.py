"""The assistant without Rasa: the same understanding, dialogue and answers, for measuring many variants quickly."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Callable, Sequence

import yaml
from spacy.language import Language

from folderwijs.answers import Answers, load_answers
from folderwijs.dialogue import Context, Part, Turn
from folderwijs.replies import Reply
from folderwijs.settings import PROJECT
from folderwijs.understanding.dutch import load, words_in
from folderwijs.understanding.words import Word

Understand = Callable[[str], Sequence[Part]]
"""From a message to its parts."""


@dataclass
class Assistant:
    """A conversation partner.

    Attributes:
        understand: what a message asks.
        answers: what can be said.
        context: what the conversation remembers; `start` forgets it.
    understander: the `Understander` behind it, where there is one.
    """

    understand: Understand
    answers: Answers
    context: Context = field(default_factory=Context)
    understander: Any = None

    def start(self) -> None:
        """Begin a new conversation."""
        self.context = Context()

    def reply(self, text: str) -> list[Reply]:
        """Reply to a message, as the custom actions do."""
        turn = Turn(self.answers, self.understand(text), self.context)
        replies = turn.replies()
        self.context = turn.remember(replies)
        return replies


@dataclass(frozen=True)
class Example:
    """A training question: its text, its words, its intent, and the file (the writer) it is from."""

    text: str
    words: tuple[Word, ...]
    intent: str
    writer: str


@lru_cache(maxsize=1)
def language() -> Language:
    """The spaCy model in use."""
    return load("nl_core_news_sm")


@lru_cache(maxsize=1)
def content() -> Answers:
    """The content of the project."""
    return load_answers(PROJECT)


@lru_cache(maxsize=1)
def training_examples() -> tuple[Example, ...]:
    """Every training question of data/nlu.yml and data/nlu/."""
    examples = []
    for path in [PROJECT / "data" / "nlu.yml", *sorted((PROJECT / "data" / "nlu").glob("*.yml"))]:
        for group in yaml.load(path.read_text("utf8"), Loader=yaml.CSafeLoader)["nlu"]:  # noqa: S506, a safe loader
            for line in group["examples"].splitlines():
                text = line.removeprefix("- ")
                examples.append(Example(text, tuple(words_in(language(), text)), group["intent"], path.stem))
    return tuple(examples)
