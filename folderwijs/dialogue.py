"""What a message means after the turn before it. Knows nothing of Rasa or HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Mapping, Optional, Sequence

import msgspec

from folderwijs.answers import Answers, sections_of
from folderwijs.leaflets import Topic
from folderwijs.replies import Kind, Reply

ALARM = "alarm_"
PRACTICE = "praktijk_"
OUTSIDE = "buiten_"
FOLLOW_UP = "vervolg_"

SMALLTALK = ("groet", "bedankt", "afscheid", "bot_vraag", "wat_kun_je", "hoe_gaat_het", "mopperen", "privacy")
"""Intents of small talk."""

UNSURE = "onzeker"
"""The intent of a message whose meaning is not clear enough to act on."""
SEVERAL = "meerdere_vragen"
"""The intent of a message that asks more than one thing."""

REACTIONS = ("bevestigen", "ontkennen", "verkeerd_begrepen")
"""Intents that react to what the assistant said."""
FOLLOW_UP_INTENTS = tuple(
    FOLLOW_UP + name
    for name in ("bron", "simpeler", "herhaal", "waarom", "hoe_lang", "hoeveel", "niet_helpt", "helpt", "meer", "zeker", "voor_mij", "detail")
)
"""Intents that only the turn before explains."""

MAX_TOLD = 12  # topics a conversation remembers having told
_CANDIDATES = 4  # readings offered in a question back
_WITHOUT_CONTEXT = {"waarom": "oorzaak", "hoe_lang": "hersteltijd", "niet_helpt": "operatie", "helpt": "fysiotherapie"}
_LEANING = re.compile(
    r"^(?:en|maar|dus|oke?|okay|ok|ja|nee|aha|hm+|ah|goh|amai|allez|pff|mooi|snap ik|want|of|ook|hoezo|waarom|en dan)\b"
    r"|\b(?:dan|dat|da|die|daar\w*|dit|hem|ze|zij|er|ervan|ermee|zoiets|zo'n|zulke?|zonet|net|eerste|laatste|tweede|ander|andere|overige|rest)\b"
)
"""What a message that leans on the turn before starts with or has in it."""
_MOST_WORDS = 9  # of a message that leans on the turn before
_FEW_WORDS = 4  # of a message that says nothing by itself
_CLEAR = 0.7  # probability from which a message needs no help from the turn before
_SURE = 0.95  # probability from which other readings are not worth a button
_POSSIBLE = 0.01  # probability from which another reading is worth one
_OTHERS = 2  # buttons for other readings
_GAP_WEIGHT = 1.25  # a fact where the leaflet has none is worse than no fact where it has one
_MARGIN = 0.2  # by which the likeliest topic must be ahead of the next to be told
_CERTAIN = 0.2  # probability from which a topic is told
_IN_CONTEXT = 0.25  # probability from which a message is read as what it means after the turn before
ELSEWHERE = {"gat": "not_in_leaflet", "praktijk": "practice", "buiten": "outside"}
"""What the turn before can have been about besides a topic: its name in `Part.after`, and the kind of reply it was."""
_NOT_SAID = {"detail": "detail", "waarom": "why", "hoe_lang": "how_long", "hoeveel": "how_many", "niet_helpt": "if_no_help", "helpt": "does_it_help", "voor_mij": "for_me", "meer": "detail"}


class Part(msgspec.Struct, frozen=True):
    """One question of a message.

    Attributes:
        text: its words.
        intent: what it was understood as, or `UNSURE`.
        confidence: between 0 and 1.
        ranking: the likeliest intents with their probabilities, best first.
        after: the likeliest intent and its probability, for each topic (or `gat`, `praktijk`, `buiten`) that the turn before can have been about.
    """

    text: str
    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...] = ()
    after: Mapping[str, tuple[str, float]] = {}


class Context(msgspec.Struct, frozen=True):
    """What a conversation remembers.

    Attributes:
        replies: the last turn's replies.
        told: topics told so far, the latest last.
        clarified: whether the last turn asked back.
        alternatives: other readings of the last message, likeliest first.
        answered: the last reply that had a source, in this turn or an earlier one.
    """

    replies: tuple[Reply, ...] = ()
    told: tuple[str, ...] = ()
    clarified: bool = False
    alternatives: tuple[str, ...] = ()
    answered: Optional[Reply] = None

    @property
    def kind(self) -> Optional[Kind]:
        """The kind of the last reply."""
        return self.replies[-1].kind if self.replies else None

    @property
    def topic(self) -> Optional[str]:
        """The topic the conversation is at: the last turn's, or the one before it where that turn only leaned on it."""
        told = next((reply.topics[0] for reply in reversed(self.replies) if reply.topics), None)
        return self.told[-1] if told is None and self.added_nothing and self.told else told

    @property
    def added_nothing(self) -> bool:
        """Whether the last reply was that the leaflet says no more about what was told before."""
        return self.kind == "not_in_leaflet" and not self.replies[-1].subject


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation.

    Attributes:
        answers: what can be said.
        parts: the message, understood; at least one part.
        context: what came before.
    """

    answers: Answers
    parts: Sequence[Part]
    context: Context = field(default_factory=Context)

    def replies(self) -> list[Reply]:
        """Reply to every part, each reply once."""
        return list(dict.fromkeys(self.reply(part) for part in self.parts))

    def reply(self, part: Part) -> Reply:
        """Reply to one part by the family of its intent.

        Raises:
            KeyError: nothing is known of the intent.
        """
        if self._still_urgent(part):
            return self.context.replies[-1]
        part = self._settle(self._in_context(part) if len(self.parts) == 1 else part)
        intent = part.intent
        if intent in self.answers.questions:
            return self.answers.topic(intent, part.text, or_else=self._or_else(part))
        if intent.startswith(ALARM):
            return self.answers.urgent(intent)
        if intent.startswith(PRACTICE):
            return self.answers.matter(intent)
        if intent.startswith(OUTSIDE):
            return self.answers.outside(intent, self._or_else(part))
        if intent in FOLLOW_UP_INTENTS:
            return self.follow_up(intent[len(FOLLOW_UP) :])
        if intent in REACTIONS:
            return self.reaction(intent)
        if intent in (UNSURE, SEVERAL):
            return self.clarify(part)
        return self.answers.smalltalk(intent)

    def _or_else(self, part: Part) -> list[str]:
        """Other questions that a part could be, where it is not clear."""
        if part.confidence >= _SURE:
            return []
        return [id_ for id_, chance in part.ranking if id_ != part.intent and id_ in self.answers.questions and chance >= _POSSIBLE][:_OTHERS]

    @cached_property
    def _topic(self) -> Optional[Topic]:
        """The topic the last turn was about."""
        return self.answers.leaflet.topics.get(self.context.topic or "")

    def _leans(self, part: Part) -> bool:
        """Whether a part leans on the turn before: it is short, and points back."""
        text = part.text.lower().strip()
        size = len(text.split())
        vague = part.intent == UNSURE and size <= _FEW_WORDS
        return bool(self.context.replies) and size <= _MOST_WORDS and (vague or bool(_LEANING.search(text)))

    def _still_urgent(self, part: Part) -> bool:
        """Whether this still is about the alarm sign of the turn before: "het is nu zondag", "kan dat niet wachten?"."""
        if self.context.kind != "urgent" or part.intent.startswith(ALARM):
            return False
        closing = part.intent in ("bedankt", "afscheid")
        new_question = part.confidence >= _CLEAR and not part.intent.startswith((FOLLOW_UP, PRACTICE)) and part.intent not in REACTIONS
        return not (closing or (new_question and not self._leans(part)))

    @property
    def _before(self) -> str:
        """What the turn before was about, as `Part.after` has it; "" where that was nothing."""
        elsewhere = {kind: name for name, kind in ELSEWHERE.items()}
        return self._topic.id if self._topic else elsewhere.get(str(self.context.kind), "")

    def _in_context(self, part: Part) -> Part:
        """The part as it reads after the turn before, where that is clear, or where it is not clear without."""
        intent, chance = part.after.get(self._before, ("", 0.0))
        if not intent or intent.startswith(ALARM):
            return part
        if chance < _IN_CONTEXT:
            if not self._leans(part) or part.confidence >= _CLEAR:
                return part
            intent = intent if intent in self.answers.questions else FOLLOW_UP + "detail"
        return msgspec.structs.replace(part, intent=intent, confidence=max(chance, _CLEAR))

    def follow_up(self, name: str) -> Reply:
        """Reply to a question that leans on the turn before."""
        if name in ("bron", "zeker"):
            return self.source(sure=name == "zeker")
        if name == "herhaal":
            return self.again()
        topic = self._topic
        if name == "simpeler":
            return self.simpler()
        if topic is None:
            return self._follow_up_on_nothing(name)
        if name == "meer" and "meer" not in topic.follow_ups:
            fresh = [id_ for id_ in topic.next if id_ not in self.context.told]
            return self.answers.topic((fresh or list(topic.next))[0])
        target = topic.follow_ups.get(name, _WITHOUT_CONTEXT.get(name))
        if target is None:
            return self.answers.not_said(self.answers.texts.get("not_in_leaflet", _NOT_SAID[name]), topic.next)
        return self.answers.topic(target)

    def source(self, sure: bool) -> Reply:
        """Where the last answer stands in the leaflet."""
        last = self.context.answered
        if last is None:
            return self.answers.say("no_source" if self.context.replies else "nothing_yet")
        text = self.answers.texts.get("follow_up", "sure" if sure else "source", section=sections_of(last.sources))
        return msgspec.structs.replace(last, text=text)

    def again(self) -> Reply:
        """The last reply once more, or the last answer where nothing could be added to it."""
        if not self.context.replies:
            return self.answers.say("nothing_yet")
        return self.context.answered if self.context.added_nothing and self.context.answered else self.context.replies[-1]

    def simpler(self) -> Reply:
        """The last answer in simpler words."""
        if not self.context.replies:
            return self.answers.say("nothing_yet")
        if self.context.clarified:
            return self.answers.call_us()
        return self.answers.topic(self.context.topic, simpler=True) if self.context.topic else self.context.replies[-1]

    def reaction(self, intent: str) -> Reply:
        """Reply to a yes, a no or a "that is not what I mean"."""
        if self.context.clarified:
            return self._first_offered() if intent == "bevestigen" else self.answers.call_us()
        if intent == "verkeerd_begrepen" and self.context.replies:
            told = self.context.topic
            return self.answers.clarify([id_ for id_ in self.context.alternatives if id_ != told][:_CANDIDATES], "not_meant")
        return Reply("smalltalk", self.answers.texts.get("clarify", "anything_else"), suggestions=self.answers.openers())

    def _settle(self, part: Part) -> Part:
        """Decide first whether the leaflet answers a question, then which topic it is; unsure where two topics are close."""
        if part.intent != UNSURE and part.intent not in self.answers.questions or part.confidence >= _CLEAR:
            return part
        answered = {id_: chance for id_, chance in part.ranking if id_ in self.answers.leaflet.topics}
        gaps = {id_: chance for id_, chance in part.ranking if id_ in self.answers.questions and id_ not in answered}
        gap, topic = sum(gaps.values()), sum(answered.values())
        if gap * _GAP_WEIGHT > topic and gap >= _CERTAIN:
            return replace_intent(part, max(gaps, key=lambda id_: gaps[id_]))
        first, second = [*sorted(answered.values(), reverse=True), 0.0, 0.0][:2]
        if first < _CERTAIN or first - second < _MARGIN:
            return replace_intent(part, UNSURE)
        return replace_intent(part, max(answered, key=lambda id_: answered[id_]))

    def clarify(self, part: Part) -> Reply:
        """Ask back once; after that, the practice's phone number."""
        candidates = [id_ for id_, _ in part.ranking if id_ in self.answers.questions]
        if self.context.clarified:
            return self.answers.call_us()
        return self.answers.clarify(candidates[:_CANDIDATES], "choose" if candidates else "unknown")

    def remember(self, replies: Sequence[Reply]) -> Context:
        """What the next turn needs to know, after `replies` were given."""
        topics = [topic for reply in replies for topic in reply.topics]
        told = list(dict.fromkeys([*(id_ for id_ in self.context.told if id_ not in topics), *topics]))
        ranked = [id_ for part in self.parts for id_, _ in part.ranking if id_ in self.answers.questions]
        reacting = all(part.intent.startswith(FOLLOW_UP) or part.intent in REACTIONS for part in self.parts)
        return Context(
            replies=tuple(replies),
            told=tuple(told[-MAX_TOLD:]),
            clarified=any(reply.kind == "clarify" for reply in replies),
            answered=next((reply for reply in reversed(replies) if reply.sources), self.context.answered),
            alternatives=self.context.alternatives if reacting else tuple(dict.fromkeys(ranked))[: _CANDIDATES + 1],
        )

    def _first_offered(self) -> Reply:
        """A yes to a question back: the reading that was offered first."""
        offered = next((button.topic for button in self.context.replies[-1].suggestions if button.topic), None)
        return self.answers.topic(offered) if offered else self.answers.call_us()

    def _follow_up_on_nothing(self, name: str) -> Reply:
        """A follow-up where the last turn was about no topic of the leaflet."""
        if self.context.kind == "outside":
            return self.context.replies[-1]
        if self.context.kind == "not_in_leaflet":
            last = self.context.replies[-1]
            if name in _NOT_SAID:
                says = self.answers.texts.get("not_in_leaflet", _NOT_SAID[name])
                return msgspec.structs.replace(last, text=f"{says} {self.answers.texts.get('not_in_leaflet', 'ask')}")
            return last
        if name in _WITHOUT_CONTEXT:
            return self.answers.topic(_WITHOUT_CONTEXT[name])
        if not self.context.replies:
            return self.answers.say("nothing_yet")
        return self.answers.call_us() if self.context.clarified else self.answers.clarify((), "unknown")


def replace_intent(part: Part, intent: str) -> Part:
    """The part, read as another intent."""
    return msgspec.structs.replace(part, intent=intent)
