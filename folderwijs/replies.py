"""What the assistant says: the shapes of the HTTP contract."""

from __future__ import annotations

from typing import Any, Literal, Optional

import msgspec

Kind = Literal["answer", "not_in_leaflet", "practice", "urgent", "outside", "smalltalk", "clarify", "error"]


class Source(msgspec.Struct, frozen=True):
    """A sentence of a leaflet, letter for letter, and the heading it stands under."""

    leaflet: str
    section: str
    quote: str


class Suggestion(msgspec.Struct, frozen=True):
    """Something to ask next: a button's label, the message it sends, and the topic (None where it is no topic)."""

    label: str
    message: str
    topic: Optional[str] = None


class Contact(msgspec.Struct, frozen=True):
    """Whom to call: a name, when, and the number where it is known."""

    label: str
    when: str = ""
    phone: Optional[str] = None


class Reply(msgspec.Struct, frozen=True):
    """One reply.

    Attributes:
        kind: one of the contract's kinds.
        text: what to say, in Dutch; never empty.
        topics: topic ids the reply is about.
        sources: the leaflet's own sentences behind it.
        suggestions: what to ask next.
        title: the topic's title, or "" (an extension of the contract).
        subject: what the leaflet says nothing about, for not_in_leaflet, or "" (an extension).
        sign: the alarm sign that was seen, for urgent, or "" (an extension).
        contacts: whom to call (an extension).
    """

    kind: Kind
    text: str
    topics: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    title: str = ""
    subject: str = ""
    sign: str = ""
    contacts: tuple[Contact, ...] = ()


def to_builtins(reply: Reply) -> dict[str, Any]:
    """The reply as plain dictionaries and lists, as JSON has them."""
    builtins: dict[str, Any] = msgspec.to_builtins(reply)
    return builtins


def from_builtins(value: Any) -> Reply:
    """The reply that `to_builtins` was given.

    Raises:
        msgspec.ValidationError: the value is no reply.
    """
    return msgspec.convert(value, Reply)
