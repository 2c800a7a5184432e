"""Everything that is understood of a message: its questions, their intents, and how sure that is."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import msgspec

from folderwijs.dialogue import SEVERAL, UNSURE, Part
from folderwijs.understanding.classifier import Classifier
from folderwijs.understanding.words import Word


class Options(msgspec.Struct, frozen=True):
    """What config.yml may set.

    Attributes:
        certainty: below this probability of the likeliest intent, the assistant asks back.
        cost: of the classifier: larger fits the training questions closer.
        temperature: of the classifier: smaller is surer.
    """

    certainty: float = 0.3
    cost: float = 0.3
    temperature: float = 0.25


class Understood(msgspec.Struct, frozen=True):
    """A message, understood.

    Attributes:
        intent: of the whole message: its only part's, or `SEVERAL`.
        confidence: between 0 and 1.
        ranking: the likeliest intents of the first part with their probabilities, best first.
        parts: each question in the message, in order.
    """

    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...]
    parts: tuple[Part, ...]


class Understander:
    """Understands messages.

    Args:
        classifier: knows the intents.
        options: what to make of its probabilities.
    """

    def __init__(self, classifier: Classifier, options: Options) -> None:
        self.classifier = classifier
        self.options = options

    @classmethod
    def train(cls, messages: Sequence[Sequence[Word]], labels: Sequence[str], options: Options) -> "Understander":
        """Learn from labelled messages; see `Classifier.train`."""
        return cls(Classifier.train(messages, labels, cost=options.cost, temperature=options.temperature), options)

    def understand(self, words: Sequence[Word], text: str) -> Understood:
        """Understand one message.

        Args:
            words: its words.
            text: the message itself.
        """
        part = self.part(words, text)
        parts = (part,)
        intent = part.intent if len(parts) == 1 else SEVERAL
        return Understood(intent, part.confidence, part.ranking, parts)

    def part(self, words: Sequence[Word], text: str) -> Part:
        """Understand words that ask one thing."""
        if not words:
            return Part(text, "buiten_onzin", 1.0, (("buiten_onzin", 1.0),))
        ranking = self.classifier.ranking(words)
        intent, confidence = ranking[0]
        return Part(text, intent if confidence >= self.options.certainty else UNSURE, confidence, tuple(ranking))

    def save(self, folder: Path) -> None:
        """Write what was learned to files in `folder`."""
        self.classifier.save(folder)

    @classmethod
    def load(cls, folder: Path, options: Options) -> "Understander":
        """Read what `save` wrote."""
        return cls(Classifier.load(folder), options)
