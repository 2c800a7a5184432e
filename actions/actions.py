"""The custom actions of domain.yml."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Any

import msgspec
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from folderwijs.answers import Answers, load_answers
from folderwijs.dialogue import Context, Part, Turn
from folderwijs.replies import Reply, to_builtins
from folderwijs.settings import PROJECT, load_settings

SLOT = "context"
"""The slot that holds what the conversation remembers."""


@lru_cache(maxsize=1)
def answers() -> Answers:
    """The content, read once."""
    return load_answers(PROJECT, load_settings().leaflet)


class FolderAction(Action, ABC):
    """An action that says replies and remembers them."""

    @abstractmethod
    def name(self) -> str:
        """Its name in domain.yml."""

    def replies(self, turn: Turn) -> list[Reply]:
        """What to say in this turn: a reply to what the message asks first."""
        return [turn.reply(turn.parts[0])]

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Say the replies, each with its text for any Rasa channel and whole for ours."""
        turn = turn_of(tracker)
        replies = self.replies(turn)
        for reply in replies:
            dispatcher.utter_message(text=reply.text, json_message=to_builtins(reply))
        return [SlotSet(SLOT, msgspec.to_builtins(turn.remember(replies)))]


class ActionAnswer(FolderAction):
    """Answer from the leaflet, with the leaflet's own sentences."""

    def name(self) -> str:
        """Its name in domain.yml."""
        return "action_answer"


class ActionGap(FolderAction):
    """Say plainly that the leaflet says nothing about it."""

    def name(self) -> str:
        """Its name in domain.yml."""
        return "action_gap"


class ActionUrgent(FolderAction):
    """Send someone with an alarm sign to a human."""

    def name(self) -> str:
        """Its name in domain.yml."""
        return "action_urgent"


class ActionPractice(FolderAction):
    """Give the practice's own details."""

    def name(self) -> str:
        """Its name in domain.yml."""
        return "action_practice"


class ActionOutside(FolderAction):
    """Say what the assistant is for, never a fact."""

    def name(self) -> str:
        """Its name in domain.yml."""
        return "action_outside"


class ActionGreeting(FolderAction):
    """Greeting, thanks, goodbye and other small talk."""

    def name(self) -> str:
        """Its name in domain.yml."""
        return "action_greeting"


class ActionSource(FolderAction):
    """Show where the last answer stands: "waar staat dat?", "weet je dat zeker?"."""

    def name(self) -> str:
        """Its name in domain.yml."""
        return "action_source"


class ActionAgain(FolderAction):
    """Say the last answer again, or in simpler words: "nog een keer graag", "dat snap ik niet"."""

    def name(self) -> str:
        """Its name in domain.yml."""
        return "action_again"


class ActionFollowUp(FolderAction):
    """Answer what leans on the turn before: "waarom?", "hoe lang dan?"."""

    def name(self) -> str:
        """Its name in domain.yml."""
        return "action_follow_up"


class ActionReaction(FolderAction):
    """React to a yes, a no, or "dat bedoel ik niet"."""

    def name(self) -> str:
        """Its name in domain.yml."""
        return "action_reaction"


class ActionClarify(FolderAction):
    """Ask back once; after a failed question back, give the phone number."""

    def name(self) -> str:
        """Its name in domain.yml."""
        return "action_clarify"


class ActionSeveral(FolderAction):
    """Reply to each question of a message that asks several."""

    def name(self) -> str:
        """Its name in domain.yml."""
        return "action_several"

    def replies(self, turn: Turn) -> list[Reply]:
        """A reply to each, none twice."""
        return turn.replies()


def turn_of(tracker: Tracker) -> Turn:
    """The turn that Rasa's tracker stands at."""
    message = tracker.latest_message
    parts = message.get("parts")
    if not parts:  # a message that was not parsed by our pipeline: an intent sent straight to Rasa
        intent = message.get("intent") or {}
        parts = [Part(message.get("text") or "", str(intent.get("name")), float(intent.get("confidence") or 0))]
    return Turn(answers(), msgspec.convert(parts, list[Part]), msgspec.convert(tracker.get_slot(SLOT) or {}, Context))
