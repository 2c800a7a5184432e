"""What may be kept of questions: the shape that a log of them has."""

from __future__ import annotations

from typing import Protocol, Sequence

from folderwijs.replies import Reply


class QuestionLog(Protocol):
    """Hears of replies and of what visitors think of them, and decides what of it is kept."""

    async def replied(self, message: str, replies: Sequence[Reply]) -> None:
        """A message got these replies."""

    async def rated(self, message: str, topics: Sequence[str], helpful: bool, why: str) -> None:
        """A visitor said whether the reply to a message helped, and perhaps why."""
