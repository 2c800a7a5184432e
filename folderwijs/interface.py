"""The shapes of what goes in and out over HTTP."""

from __future__ import annotations

from typing import Literal, Optional

import msgspec

from folderwijs.replies import Reply, Suggestion


class ChatRequest(msgspec.Struct):
    """What POST /api/chat takes."""

    message: str
    session: Optional[str] = None


class ChatResponse(msgspec.Struct):
    """What POST /api/chat gives.

    Attributes:
        session: to send along with the next message.
        replies: at least one.
        forgotten: whether the session that came with the message had a conversation that is no longer kept (an extension of the contract).
    """

    session: str
    replies: list[Reply]
    forgotten: bool = False


class Feedback(msgspec.Struct):
    """What POST /api/feedback takes: the opinion on the answer to `message`, which was about `topics`."""

    session: str
    message: str
    topics: list[str]
    helpful: bool
    why: Optional[str] = None


class LeafletNames(msgspec.Struct):
    """How the chat speaks of the leaflet."""

    id: str
    title: str
    subject: str


class PracticeContact(msgspec.Struct):
    """The practice, to call."""

    name: str
    phone: str


class About(msgspec.Struct):
    """What GET /api/widget gives.

    Attributes:
        leaflet, practice: whose chat this is.
        greeting: the first words, in paragraphs: a greeting, who speaks, what is kept, when to call at once.
        openers: what to ask first.
        human: the reply to someone who wants to speak to a human.
        feedback: whether opinions are kept.
    """

    leaflet: LeafletNames
    practice: PracticeContact
    greeting: list[str]
    openers: tuple[Suggestion, ...]
    human: Reply
    feedback: bool


class Mistake(msgspec.Struct):
    """What was wrong: a code for programs, and a Dutch sentence with the practice's phone number."""

    code: str
    message: str


class Failure(msgspec.Struct):
    """What every error gives."""

    error: Mistake


class Status(msgspec.Struct):
    """What GET /health/live and /health/ready give."""

    status: Literal["ok"] = "ok"


class Health(Status):
    """What GET /health gives: also the version, and the leaflet that is answered from."""

    version: str = ""
    leaflet: str = ""
