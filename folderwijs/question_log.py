"""What is kept of questions and of visitors' opinions, where a practice wants that."""

from __future__ import annotations

from typing import Protocol, Sequence

from folderwijs.replies import Reply


class QuestionLog(Protocol):
    """Keeps questions and opinions, without personal data."""

    async def replied(self, message: str, replies: Sequence[Reply]) -> None:
        """A message was answered.

        Args:
            message: what the visitor typed.
            replies: what the assistant said to it.
        """

    async def rated(self, message: str, topics: Sequence[str], helpful: bool, why: str) -> None:
        """A visitor gave an opinion.

        Args:
            message: what the visitor had typed.
            topics: what the answer was about.
            helpful: whether the answer helped.
            why: the visitor's own words, or "".
        """
