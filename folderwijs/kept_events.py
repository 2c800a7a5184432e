"""The events of a conversation as bytes, and back."""

from __future__ import annotations

from typing import Any, Sequence

import msgspec
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

_OF_A_MESSAGE = ("intent", "entities", "text", "message_id")


def encode(tracker: DialogueStateTracker, most: int) -> bytes:
    """The last `most` events of a conversation as JSON, without what no later turn looks at."""
    return msgspec.json.encode(_worth_keeping(list(tracker.events)[-most:]))


def decode(kept: bytes, sender_id: str, domain: Domain) -> DialogueStateTracker:
    """The conversation that `encode` was given.

    Raises:
        msgspec.DecodeError, KeyError: it is not what `encode` wrote.
    """
    tracker = DialogueStateTracker(sender_id, domain.slots)
    for parameters in msgspec.json.decode(kept):
        event = Event.resolve_by_type(parameters["event"])
        if event is not None:
            tracker.update(event._from_parameters(parameters))
    return tracker


def _worth_keeping(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Events as JSON has them, without what else a message could have meant, and without slots that were set anew since."""
    kept, slots = [], set()
    for event in reversed(events):
        if isinstance(event, SlotSet):
            if event.key in slots:
                continue
            slots.add(event.key)
        values = event.as_dict()
        if isinstance(event, UserUttered):
            values["parse_data"] = {name: values["parse_data"][name] for name in _OF_A_MESSAGE if name in values["parse_data"]}
        kept.append(values)
    return kept[::-1]
