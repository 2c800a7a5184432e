"""Keeps the questions that got no answer, without who asked them."""

from __future__ import annotations

import asyncio
import datetime
import logging
import unicodedata
from typing import Awaitable, Callable, Collection, Optional, Sequence

from folderwijs.desk.store import Asked, Store
from folderwijs.dialogue import ALARM, Part
from folderwijs.redaction import LABELS, Redactor
from folderwijs.replies import Reply

KEPT_KINDS = ("not_in_leaflet", "clarify", "outside")
"""Kinds of reply whose question is kept."""
MAX_TEXT = 1000
MAX_TOPICS = 8
MAX_WAITING = 1000
"""Questions that wait to be written; where the store cannot keep up, the rest is not kept."""
TOGETHER = 1.0
"""Seconds in which questions are gathered, to be written together: each on its own costs a busy service more than its share."""

logger = logging.getLogger(__name__)


class KeptQuestions:
    """The `QuestionLog` of the desk.

    Args:
        store: where they are kept.
        redactor: takes personal data out before that.
        known: the topics there are; a rating brings topics from the visitor's side, which could be anything.
        today: gives the day.
        together: see `TOGETHER`.

    Attributes:
        understand: what a message asks; set once the model is loaded. Without it, no rating is kept: it could be of an alarm sign.
    """

    def __init__(
        self, store: Store, redactor: Redactor, known: Collection[str], today: Callable[[], datetime.date] = datetime.date.today, together: float = TOGETHER
    ) -> None:
        self._store = store
        self._redactor = redactor
        self._known = frozenset(known)
        self._today = today
        self._together = together
        self._waiting: list[Asked] = []
        self.understand: Optional[Callable[[str], Awaitable[Sequence[Part]]]] = None

    async def replied(self, message: str, replies: Sequence[Reply]) -> None:
        """Keep a message where a reply to it was no answer; never one with an alarm sign.

        The first of those that are gathered comes back once all of them are written, the others at once.
        """
        kinds = tuple(dict.fromkeys(reply.kind for reply in replies))
        if "urgent" in kinds or not set(kinds) & set(KEPT_KINDS):
            return
        topics = self._real([topic for reply in replies for topic in reply.topics])
        if len(self._waiting) >= MAX_WAITING:
            return
        self._waiting.append(Asked(self._today(), message, [kind for kind in kinds if kind in KEPT_KINDS], topics))
        if len(self._waiting) == 1:
            await asyncio.sleep(self._together)
            await self._write()

    async def rated(self, message: str, topics: Sequence[str], helpful: bool, why: str) -> None:
        """Keep a message whose reply did not help, with the reason; never one with an alarm sign."""
        if helpful or self.understand is None:
            return
        for text in filter(str.strip, (message, why)):
            if any(part.intent.startswith(ALARM) for part in await self.understand(text)):
                return
        await self._write()  # else the question itself could come after what was thought of its answer
        await self._quietly(lambda: self._keep_unhelped(message, self._real(topics), why))

    async def _write(self) -> None:
        """Write the questions that wait."""
        waiting, self._waiting = self._waiting, []
        await self._quietly(lambda: self._keep(waiting))

    async def _quietly(self, keep: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(keep)
        except Exception as error:  # noqa: BLE001, whatever the store does, the chat goes on; the error's text may hold the message
            logger.warning("a question could not be kept: %s", type(error).__name__)

    def _keep(self, questions: Sequence[Asked]) -> None:
        cleaned = (asked._replace(text=self._clean(asked.text)) for asked in questions)
        self._store.keep([asked for asked in cleaned if asked.text])

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
