"""Talking to an engine, for tests."""

from __future__ import annotations

import asyncio

from folderwijs.engine import Engine
from folderwijs.replies import Reply


def replies(engine: Engine, conversation: str, *messages: str) -> list[Reply]:
    """The replies to the last of `messages`."""

    async def run() -> list[Reply]:
        for message in messages:
            last = await engine.reply(message, conversation)
        return last

    return asyncio.run(run())
