"""Keeps the questions that got no answer, without who asked them."""

from __future__ import annotations

import asyncio
import datetime
import logging
import unicodedata
from typing import Awaitable, Callable, Collection, Optional, Sequence

from folderwijs.desk.store import Store
from folderwijs.dialogue import ALARM, Part
from folderwijs.redaction import LABELS, Redactor
from folderwijs.replies import Reply

KEPT_KINDS = ("not_in_leaflet", "clarify", "outside")
"""Kinds of reply whose question is kept."""
MAX_TEXT = 1000
MAX_TOPICS = 8

logger = logging.getLogger(__name__)


class KeptQuestions:
    """The `QuestionLog` of the desk.

    Args:
        store: where they are kept.
        redactor: takes personal data out before that.
        known: the topics there are; a rating brings topics from the visitor's side, which could be anything.
        today: gives the day.

    Attributes:
        understand: what a message asks; set once the model is loaded. Without it, no rating is kept: it could be of an alarm sign.
    """

    def __init__(self, store: Store, redactor: Redactor, known: Collection[str], today: Callable[[], datetime.date] = datetime.date.today) -> None:
        self._store = store
        self._redactor = redactor
        self._known = frozenset(known)
        self._today = today
        self.understand: Optional[Callable[[str], Awaitable[Sequence[Part]]]] = None

    async def replied(self, message: str, replies: Sequence[Reply]) -> None:
        """Keep a message where a reply to it was no answer; never one with an alarm sign."""
        kinds = tuple(dict.fromkeys(reply.kind for reply in replies))
        if "urgent" in kinds or not set(kinds) & set(KEPT_KINDS):
            return
        topics = self._real([topic for reply in replies for topic in reply.topics])
        await self._quietly(lambda: self._keep(message, [kind for kind in kinds if kind in KEPT_KINDS], topics))

    async def rated(self, message: str, topics: Sequence[str], helpful: bool, why: str) -> None:
        """Keep a message whose reply did not help, with the reason; never one with an alarm sign."""
        if helpful or self.understand is None:
            return
        for text in filter(str.strip, (message, why)):
            if any(part.intent.startswith(ALARM) for part in await self.understand(text)):
                return
        await self._quietly(lambda: self._keep_unhelped(message, self._real(topics), why))

    async def _quietly(self, keep: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(keep)
        except Exception as error:  # noqa: BLE001, whatever the store does, the chat goes on; the error's text may hold the message
            logger.warning("a question could not be kept: %s", type(error).__name__)

    def _keep(self, message: str, kinds: Sequence[str], topics: Sequence[str]) -> None:
        if text := self._clean(message):
            self._store.keep(self._today(), text, kinds, topics)

    def _keep_unhelped(self, message: str, topics: Sequence[str], why: str) -> None:
        if text := self._clean(message):
            self._store.keep_unhelped(self._today(), text, topics, self._clean(why))

    def _real(self, topics: Sequence[str]) -> list[str]:
        """Those of `topics` that there are, each once, not too many."""
        return [topic for topic in dict.fromkeys(topics) if topic in self._known][:MAX_TOPICS]

    def _clean(self, message: str) -> str:
        """The message on one line without personal data; "" where nothing else was in it."""
        printable = "".join(" " if unicodedata.category(character).startswith(("C", "Z")) else character for character in message)
        text = self._redactor.redact(" ".join(printable.split()))[:MAX_TEXT]
        return text if any(character.isalnum() for character in LABELS.sub("", text)) else ""
