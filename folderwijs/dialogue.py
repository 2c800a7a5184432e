"""What a message means after the turn before it. Knows nothing of Rasa or HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional, Sequence

import msgspec

from folderwijs.answers import Answers, sections_of
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
    for name in ("bron", "simpeler", "herhaal", "waarom", "hoe_lang", "hoeveel", "niet_helpt", "helpt", "meer", "zeker", "voor_mij")
)
"""Intents that only the turn before explains."""

MAX_TOLD = 12  # topics a conversation remembers having told
_CANDIDATES = 3
_WITHOUT_CONTEXT = {"waarom": "oorzaak", "hoe_lang": "hersteltijd", "niet_helpt": "operatie", "helpt": "fysiotherapie"}
_NOT_SAID = {"waarom": "why", "hoe_lang": "how_long", "hoeveel": "how_many", "niet_helpt": "if_no_help", "helpt": "does_it_help", "voor_mij": "for_me"}


class Part(msgspec.Struct, frozen=True):
    """One question of a message.

    Attributes:
        text: its words.
        intent: what it was understood as, or `UNSURE`.
        confidence: between 0 and 1.
        ranking: the likeliest intents with their probabilities, best first.
    """

    text: str
    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...] = ()


class Context(msgspec.Struct, frozen=True):
    """What a conversation remembers.

    Attributes:
        replies: the last turn's replies.
        told: topics told so far, the latest last.
        clarified: whether the last turn asked back.
        alternatives: other readings of the last message, likeliest first.
    """

    replies: tuple[Reply, ...] = ()
    told: tuple[str, ...] = ()
    clarified: bool = False
    alternatives: tuple[str, ...] = ()

    @property
    def kind(self) -> Optional[Kind]:
        """The kind of the last reply."""
        return self.replies[-1].kind if self.replies else None

    @property
    def topic(self) -> Optional[str]:
        """The topic the last turn was about, if it was about one."""
        return next((reply.topics[0] for reply in reversed(self.replies) if reply.topics), None)


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
        intent = part.intent
        if intent in self.answers.questions:
            return self.answers.topic(intent, part.text)
        if intent.startswith(ALARM):
            return self.answers.urgent(intent)
        if intent.startswith(PRACTICE):
            return self.answers.matter(intent)
        if intent.startswith(OUTSIDE):
            return self.answers.outside(intent)
        if intent in FOLLOW_UP_INTENTS:
            return self.follow_up(intent[len(FOLLOW_UP) :])
        if intent in REACTIONS:
            return self.reaction(intent)
        if intent in (UNSURE, SEVERAL):
            return self.clarify(part)
        return self.answers.smalltalk(intent)

    def follow_up(self, name: str) -> Reply:
        """Reply to a question that leans on the turn before."""
        if self.context.kind == "urgent":
            return self.context.replies[-1]
        if name in ("bron", "zeker"):
            return self.source(sure=name == "zeker")
        if name == "herhaal":
            return self.again()
        topic = self.answers.leaflet.topics.get(self.context.topic or "")
        if name == "simpeler":
            return self.simpler()
        if topic is None:
            return self._follow_up_on_nothing(name)
        if name == "meer" and "meer" not in topic.follow_ups:
            fresh = [id_ for id_ in topic.next if id_ not in self.context.told]
            return self.answers.topic((fresh or list(topic.next))[0])
        target = topic.follow_ups.get(name, None if name in ("voor_mij", "hoeveel") else _WITHOUT_CONTEXT.get(name))
        if target is None:
            return self.answers.not_said(self.answers.texts.get("not_in_leaflet", _NOT_SAID[name]), topic.next)
        return self.answers.topic(target)

    def source(self, sure: bool) -> Reply:
        """Where the last answer stands in the leaflet."""
        last = next((reply for reply in reversed(self.context.replies) if reply.sources), None)
        if last is None:
            return self.answers.say("no_source" if self.context.replies else "nothing_yet")
        text = self.answers.texts.get("follow_up", "sure" if sure else "source", section=sections_of(last.sources))
        return msgspec.structs.replace(last, text=text)

    def again(self) -> Reply:
        """The last reply once more."""
        return self.context.replies[-1] if self.context.replies else self.answers.say("nothing_yet")

    def simpler(self) -> Reply:
        """The last answer in simpler words."""
        if not self.context.replies:
            return self.answers.say("nothing_yet")
        return self.answers.topic(self.context.topic, simpler=True) if self.context.topic else self.context.replies[-1]

    def reaction(self, intent: str) -> Reply:
        """Reply to a yes, a no or a "that is not what I mean"."""
        if self.context.kind == "urgent":
            return self.context.replies[-1]
        if self.context.clarified:
            return self.answers.call_us() if intent != "bevestigen" else self._which()
        if intent == "verkeerd_begrepen" and self.context.replies:
            told = self.context.topic
            return self.answers.clarify([id_ for id_ in self.context.alternatives if id_ != told][:_CANDIDATES], "not_meant")
        return Reply("smalltalk", self.answers.texts.get("clarify", "anything_else"), suggestions=self.answers.openers())

    def clarify(self, part: Part) -> Reply:
        """Ask back once; after that, the practice's phone number."""
        candidates = [id_ for id_, _ in part.ranking if id_ in self.answers.questions]
        topic = self.answers.leaflet.topics.get(self.context.topic or "")
        if topic is not None and len(part.text.split()) <= 4:
            expected = {*topic.next, *filter(None, topic.follow_ups.values())}
            likely = [id_ for id_ in candidates[:2] if id_ in expected]
            if likely:
                return self.answers.topic(likely[0], part.text)
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
            alternatives=self.context.alternatives if reacting else tuple(dict.fromkeys(ranked))[: _CANDIDATES + 1],
        )

    def _which(self) -> Reply:
        return Reply("clarify", self.answers.texts.get("clarify", "which"), suggestions=self.context.replies[-1].suggestions)

    def _follow_up_on_nothing(self, name: str) -> Reply:
        """A follow-up where the last turn was about no topic of the leaflet."""
        if self.context.kind == "not_in_leaflet":
            last = self.context.replies[-1]
            if name in _NOT_SAID:
                says = self.answers.texts.get("not_in_leaflet", _NOT_SAID[name])
                return msgspec.structs.replace(last, text=f"{says} {self.answers.texts.get('not_in_leaflet', 'ask')}")
            return last
        if name in _WITHOUT_CONTEXT:
            return self.answers.topic(_WITHOUT_CONTEXT[name])
        return self.answers.say("nothing_yet") if not self.context.replies else self.answers.clarify((), "unknown")
