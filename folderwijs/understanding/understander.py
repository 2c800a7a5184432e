"""Everything that is understood of a message: its questions, their intents, and how sure that is."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from folderwijs.dialogue import ALARM, FOLLOW_UP, OUTSIDE, PRACTICE, REACTIONS, SEVERAL, SMALLTALK, UNSURE, Part
from folderwijs.understanding.classifier import BLOCK_WEIGHTS, Classifier
from folderwijs.understanding.context import ContextClassifier
from folderwijs.understanding.features import NEGATIONS, FollowUp, Numbering, count, features_with, features_with_negations
from folderwijs.understanding.lexicon import Lexicon
from folderwijs.understanding.segments import Clause, alternatives, clauses, sentences
from folderwijs.understanding.urgency import Enough, Urgency
from folderwijs.understanding.words import Word, clean

POLITE = ("groet", "bedankt", "afscheid", "hoe_gaat_het")
"""Small talk that may stand beside a question."""
RANKED = 10
"""How many of the likeliest intents a part names."""

NEGATION_WEIGHT: Mapping[str, float] = {"n": 0.8}
"""How much negations count, beside `BLOCK_WEIGHTS`, for what tells messages with an alarm sign from all others."""

_THREADS = 2  # that learn: of no use beyond the processors of a small machine
_SOFTEN = 2.0  # of the probabilities of a message that may ask two things: of two clear questions the second hardly shows

_KNOWLEDGE = "understander.json"
_INTENTS, _ALARMS, _CONTEXT = "intents", "alarms", "context"


class Options(msgspec.Struct, frozen=True):
    """What config.yml may set. All are probabilities but the first two and those of alarm signs.

    Attributes:
        cost: of the classifier: larger fits the training questions closer.
        temperature: of the classifier: smaller is surer.
        certainty: below this of the likeliest intent, the assistant asks back.
        family: this much for all intents about the practice together is enough, where no single intent has more.
        outside: this much for all intents outside the complaint together is enough, whatever a single question has.
        alarm: score of an alarm sign that is enough on its own; no probability, see `Urgency`.
        alarm_confirmed: the same where a rule of urgent.yml matches too.
        story_alarm, story_alarm_confirmed: the same for a message of several sentences.
        split: each of two questions in sentences of their own must be at least this likely.
        split_joined: the same where only a comma or a joining word stands between them.
        split_either: the same where one question names two things ("zwemmen of fietsen"), read with each of them alone.
        split_whole: the whole message, with softened probabilities, must give each of them at least this.
        question: how much the question in a story counts, beside the whole of it; between 0 and 1.
        question_clear: the question must be at least this likely to ask something, on its own.
        question_inside: not where the story as a whole is at least this likely to be outside: "hoe lang duurt dat" says nothing of what it is about.
    """

    cost: float = 0.4
    temperature: float = 0.2
    certainty: float = 0.2
    family: float = 0.3
    outside: float = 0.2
    alarm: float = -0.95
    alarm_confirmed: float = -1.35
    story_alarm: float = -0.6
    story_alarm_confirmed: float = -0.9
    split: float = 0.5
    split_joined: float = 0.7
    split_either: float = 0.9
    split_whole: float = 0.01
    question: float = 0.5
    question_clear: float = 0.4
    question_inside: float = 0.5


class Knowledge(msgspec.Struct, frozen=True):
    """What the understander is told by editors rather than by examples.

    Attributes:
        concepts: words that mean the same, by concept (lexicon.yml, and what the leaflets call the complaint).
        alarm_rules: for each alarm sign, its lines of `words` in urgent.yml.
        buttons: the messages that buttons send, cleaned, with their intents.
    """

    concepts: Mapping[str, Sequence[str]] = {}
    alarm_rules: Mapping[str, Sequence[str]] = {}
    buttons: Mapping[str, str] = {}


class Understood(msgspec.Struct, frozen=True):
    """A message, understood.

    Attributes:
        intent: of the whole message: its only part's, or `SEVERAL`.
        confidence: between 0 and 1.
        ranking: the likeliest intents of the whole message with their probabilities, best first.
        parts: each question in the message, in order.
        alarm_rule: the rule of urgent.yml that matched, where the message has an alarm sign.
    """

    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...]
    parts: tuple[Part, ...]
    alarm_rule: str = ""


class Understander:
    """Understands messages.

    Args:
        classifier: knows the intents.
        knowledge: what editors wrote.
        options: what to make of the probabilities.
        alarms: knows messages with an alarm sign from all others; None where there is nothing to tell apart.
        context: knows what messages mean after the turn before; None where nothing was learned of that.
    """

    def __init__(
        self, classifier: Classifier, knowledge: Knowledge, options: Options, *, alarms: Optional[Classifier] = None, context: Optional[ContextClassifier] = None
    ) -> None:
        self.classifier = classifier
        self.alarms = alarms
        self.context = context
        self.knowledge = knowledge
        self.options = options
        self._index = {label: index for index, label in enumerate(classifier.labels)}
        self._families = {name: [(label, index) for label, index in self._index.items() if label.startswith(name)] for name in (ALARM, OUTSIDE, PRACTICE)}
        self._askable = np.array([_asks_something(label) for label in classifier.labels], dtype=np.float32)
        self._urgency = Urgency(
            knowledge.alarm_rules, Enough(options.alarm, options.alarm_confirmed), Enough(options.story_alarm, options.story_alarm_confirmed)
        )

    @classmethod
    def train(
        cls,
        messages: Sequence[Sequence[Word]],
        labels: Sequence[str],
        knowledge: Knowledge,
        options: Options,
        follow_ups: Sequence[tuple[FollowUp, str]] = (),
        weights: Mapping[str, float] = BLOCK_WEIGHTS,
        texts: Sequence[str] = (),
    ) -> "Understander":
        """Learn.

        Args:
            messages: the words of each training question.
            labels: the intent of each; see `Classifier.train`.
            knowledge: what editors wrote.
            options: what to make of it.
            follow_ups: messages after something else, with their intents.
            weights: how much each block of features counts.
            texts: of the training questions, where what each sentence of them denies is to be learned too.
        """
        lexicon = Lexicon(knowledge.concepts)
        cost, temperature = options.cost, options.temperature
        urgent = [str(label.startswith(ALARM)) for label in labels]
        denials = [words for message, text, label in zip(messages, texts, labels) if not label.startswith(ALARM) for words in _denials(message, text)]
        with_negations = features_with_negations(lexicon)
        counted = count(with_negations, [*messages, *denials])
        with ThreadPoolExecutor(_THREADS) as threads:
            classifier = Classifier.begin(threads, counted.first(len(messages)), labels, features_with(lexicon), weights=weights, cost=cost, temperature=temperature)
            alarms: Optional[Callable[[], Classifier]] = None
            context: Optional[Callable[[], ContextClassifier]] = None
            if len(set(urgent)) > 1:
                alarms = Classifier.begin(
                    threads, counted, urgent + [str(False)] * len(denials), with_negations, weights={**weights, **NEGATION_WEIGHT}, cost=cost
                )
            if follow_ups:
                context = ContextClassifier.begin(threads, follow_ups, messages, labels, lexicon, weights=weights, cost=cost, temperature=temperature)
            return cls(classifier(), knowledge, options, alarms=alarms and alarms(), context=context and context())

    def understand(self, words: Sequence[Word], text: str) -> Understood:
        """Understand one message.

        Args:
            words: its words, with their places in the cleaned text.
            text: the message itself.
        """
        if not words:
            nothing = Part(text, "buiten_onzin", 1.0, (("buiten_onzin", 1.0),))
            return Understood(nothing.intent, 1.0, nothing.ranking, (nothing,))
        pressed = self.knowledge.buttons.get(clean(text).strip())
        if pressed:
            button = Part(text, pressed, 1.0, ((pressed, 1.0),))
            return Understood(pressed, 1.0, button.ranking, (button,))
        margins = self.classifier.margins(words)
        chances = self.classifier.chances(margins)
        ranking = self._ranking(chances)
        pieces = clauses(words, text)
        told = sentences(pieces)
        alarm = self._urgency.find(words, self._members(ALARM, chances), self._urgent(words), lambda: self._alarming(told))
        if alarm:
            return Understood(alarm.sign, alarm.likelihood, ranking, (Part(text, alarm.sign, alarm.likelihood, ranking),), alarm.rule)
        drawn = self._towards_question(told, margins, chances)
        if drawn is not margins:
            margins, chances = drawn, self.classifier.chances(drawn)
            ranking = self._ranking(chances)
        part = msgspec.structs.replace(self._part(chances, text), after=self.context.after(words) if self.context else {})
        if part.intent in POLITE:
            part = self._asked_politely(told) or part
        parts = () if part.intent.startswith(OUTSIDE) else self._split(pieces, margins) or self._name_two(told, margins)
        parts = parts or (part,)
        return Understood(SEVERAL if len(parts) > 1 else part.intent, part.confidence, ranking, parts)

    def _members(self, family: str, chances: NDArray[np.float32]) -> dict[str, float]:
        """The chance of each intent of a family."""
        return {label: float(chances[index]) for label, index in self._families[family]}

    def _alarming(self, told: Sequence[Clause]) -> Sequence[float]:
        """How alarming each sentence of a story is; nothing where there is one sentence."""
        if len(told) < 2:
            return ()
        return [self._urgency.score(self._members(ALARM, self.classifier.probabilities(sentence.words)), self._urgent(sentence.words)) for sentence in told]

    def _urgent(self, words: Sequence[Word]) -> float:
        """By how much a message lies on the side of those with an alarm sign."""
        return float(self.alarms.margins(words)[self.alarms.labels.index(str(True))]) if self.alarms else 0.0

    def _part(self, chances: NDArray[np.float32], text: str) -> Part:
        ranking = self._ranking(chances)
        intent, confidence = ranking[0]
        if confidence < self.options.certainty:
            intent = UNSURE
        outside = self._family(OUTSIDE, chances)
        practice = self._family(PRACTICE, chances)
        if outside[1] >= (self.options.outside if intent == UNSURE or _asks_something(intent) else max(self.options.outside, confidence)):
            intent, confidence = outside
        elif practice[1] >= max(self.options.family, confidence):
            intent, confidence = practice
        return Part(text, intent, confidence, ranking)

    def _family(self, name: str, chances: NDArray[np.float32]) -> tuple[str, float]:
        """The likeliest intent of a family, and the chance of the whole family."""
        members = self._members(name, chances)
        return max(members, key=lambda intent: members[intent], default=""), sum(members.values())

    def _ranking(self, chances: NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
        return tuple((self.classifier.labels[index], float(chances[index])) for index in np.argsort(-chances)[:RANKED])

    def _asked_politely(self, told: Sequence[Clause]) -> Part | None:
        """The question beside a greeting or a word of thanks, where there is one that is clear."""
        sides = [sentence for sentence in told if "?" in sentence.text]
        for side in sides:
            part = self._part(self.classifier.probabilities(side.words), side.text)
            if part.intent != UNSURE and part.intent not in (*SMALLTALK, *REACTIONS) and part.confidence >= self.options.split:
                return part
        return None

    def _towards_question(self, told: Sequence[Clause], margins: NDArray[np.float32], whole: NDArray[np.float32]) -> NDArray[np.float32]:
        """The margins of a message of such sentences, where it is a story with a question in it: drawn towards those of the question alone, if that is clear without the story, and the story is not about something else; `whole` are the chances of all its words."""
        asked = [sentence for sentence in told if "?" in sentence.text] or [sentence for sentence in told if sentence.asks]
        if not 0 < len(asked) < len(told) or self._family(OUTSIDE, whole)[1] >= self.options.question_inside:
            return margins
        alone = self.classifier.margins([word for sentence in asked for word in sentence.words])
        chances = self.classifier.chances(alone)
        if float((chances * self._askable).max()) < self.options.question_clear:
            return margins
        share = self.options.question
        return (1 - share) * margins + share * alone

    def _split(self, pieces: Sequence[Clause], margins: NDArray[np.float32]) -> tuple[Part, ...]:
        """The questions of a message that asks different things, or nothing where it asks one; `margins` are those of all its words."""
        if sum(clause.asks for clause in pieces) < 2:
            return ()
        parts = self._split_clauses(pieces, self.classifier.chances(margins, soften=_SOFTEN))
        return parts if len({part.intent for part in parts}) > 1 else ()

    def _name_two(self, told: Sequence[Clause], margins: NDArray[np.float32]) -> tuple[Part, ...]:
        """Both questions of a message that names two things in one of its sentences, or nothing where it does not; `margins` are those of all its words."""
        pairs = [readings for sentence in told if sentence.asks for readings in alternatives(sentence.words)]
        if not pairs:
            return ()
        whole = self.classifier.chances(margins, soften=_SOFTEN) * self._askable
        if (whole >= self.options.split_whole).sum() < 2:
            return ()
        best: tuple[float, tuple[Part, ...]] = (self.options.split_either, ())
        for readings in pairs:
            parts = tuple(self._reading(words) for words in readings)
            weakest = min(part.confidence for part in parts)
            spoken_of = all(whole[self._index[part.intent]] >= self.options.split_whole for part in parts)
            if spoken_of and len({part.intent for part in parts}) > 1 and weakest >= best[0]:
                best = weakest, parts
        return best[1]

    def _split_clauses(self, pieces: Sequence[Clause], whole: NDArray[np.float32]) -> tuple[Part, ...]:
        """Cut between the two clauses where both sides ask something, are surest of different things, and `whole` speaks of both."""
        best: tuple[float, int] = (0.0, 0)
        for cut in range(1, len(pieces)):
            sides = pieces[:cut], pieces[cut:]
            if not all(any(clause.asks for clause in side) for side in sides):
                continue
            first, second = (self._part_of(side) for side in sides)
            weakest = min(first.confidence, second.confidence)
            rarest = min(float(whole[self._index[part.intent]]) for part in (first, second))
            sure = self.options.split_joined if pieces[cut].joined else self.options.split
            if first.intent != second.intent and weakest >= sure and rarest >= self.options.split_whole and weakest + rarest > best[0]:
                best = (weakest + rarest, cut)
        if not best[1]:
            return ()
        found: list[Part] = []
        for side in (pieces[: best[1]], pieces[best[1] :]):
            inner = self._split_clauses(side, self._chances_of(side))
            found += [part for part in inner or (self._part_of(side),) if part.intent not in {each.intent for each in found}]
        return tuple(found)

    def _part_of(self, side: Sequence[Clause]) -> Part:
        """What one side of a cut asks, as a question of its own: not a follow-up, small talk or nonsense."""
        return self._question(self._chances_of(side), " ".join(clause.text for clause in side))

    def _reading(self, words: Sequence[Word]) -> Part:
        """What words ask, as a question of its own."""
        return self._question(self.classifier.probabilities(words), " ".join(word.text for word in words))

    def _question(self, chances: NDArray[np.float32], text: str) -> Part:
        chances = chances * self._askable
        chances /= max(float(chances.sum()), self.options.split)  # little chance of any question stays little
        ranking = self._ranking(chances)
        return Part(text, ranking[0][0], ranking[0][1], ranking)

    def _chances_of(self, side: Sequence[Clause]) -> NDArray[np.float32]:
        """Of all words, and of the words from the first question on: the story before it may be about something else."""
        asking = next((index for index, clause in enumerate(side) if clause.asks), 0)
        every = self.classifier.probabilities([word for clause in side for word in clause.words])
        if not asking:
            return every
        return (every + self.classifier.probabilities([word for clause in side[asking:] for word in clause.words])) / 2

    def save(self, folder: Path) -> None:
        """Write what was learned to files in `folder`."""
        self.classifier.save(folder / _INTENTS)
        if self.alarms:
            self.alarms.save(folder / _ALARMS)
        if self.context:
            self.context.save(folder / _CONTEXT)
        (folder / _KNOWLEDGE).write_bytes(msgspec.json.encode(self.knowledge))

    @classmethod
    def load(cls, folder: Path, options: Options) -> "Understander":
        """Read what `save` wrote."""
        knowledge = msgspec.convert(json.loads((folder / _KNOWLEDGE).read_text("utf8")), Knowledge)
        lexicon, numbering = Lexicon(knowledge.concepts), Numbering()
        return cls(
            Classifier.load(folder / _INTENTS, features_with(lexicon), numbering),
            knowledge,
            options,
            alarms=Classifier.load(folder / _ALARMS, features_with_negations(lexicon), numbering) if (folder / _ALARMS).is_dir() else None,
            context=ContextClassifier.load(folder / _CONTEXT, lexicon, numbering) if (folder / _CONTEXT).is_dir() else None,
        )


def _denials(message: Sequence[Word], text: str) -> list[tuple[Word, ...]]:
    """The sentences of a story that say what is not so: each is weighed on its own, and stands in no training question without the others."""
    told = sentences(clauses(message, text))
    return [sentence.words for sentence in told if any(word.text in NEGATIONS for word in sentence.words)] if len(told) > 1 else []


def _asks_something(intent: str) -> bool:
    """Whether an intent can be one of several questions in a message."""
    return intent not in REACTIONS and intent not in SMALLTALK and not intent.startswith((FOLLOW_UP, OUTSIDE, ALARM))
