"""Sending the messages, and holding what comes back against the contract."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Sequence, get_args

from starlette.applications import Starlette

from benchmarks.processes import megabytes
from folderwijs.replies import Kind
from fuzzing.messages import body

MOST_GROWTH = 1.15
"""Times the memory after the first third that there may be at the end; by then the conversations that are kept are at their most."""
_KINDS = set(get_args(Kind)) - {"error"}
_SHOWN = 20


@dataclass
class Fuzzed:
    """What came back.

    Attributes:
        statuses: how often each status came.
        kinds: how often each kind of reply came.
        wrong: the first responses that broke the contract, with what was sent.
        memory: megabytes after the first third, and at the end.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    memory: tuple[float, float] = (0.0, 0.0)

    @property
    def sent(self) -> int:
        """Messages sent."""
        return sum(self.statuses.values())

    def problems(self) -> list[str]:
        """What was not as promised; empty where all was."""
        before, after = self.memory
        grown = [f"memory went from {before:.0f} to {after:.0f} MB"] if after > before * MOST_GROWTH else []
        return self.wrong + grown


async def fuzz(app: Starlette, questions: Sequence[str], seed: int, messages: int, seconds: float) -> Fuzzed:
    """Send fuzzed bodies to POST /api/chat, through the whole stack.

    Args:
        app: the application, with LIMITS=off.
        questions: real ones, to change.
        seed: the same seed sends the same.
        messages: how many.
        seconds: how long at most.
    """
    fuzzed, dice, started = Fuzzed(), random.Random(seed), time.monotonic()  # noqa: S311, chance that must be had again
    state: dict[str, Any] = {}
    session, before = None, 0.0
    async with app.router.lifespan_context(app) as given:
        state.update(given or {})
        while fuzzed.sent < messages and time.monotonic() - started < seconds:
            sent = body(dice, questions)
            if session and dice.random() < 0.3:
                sent = sent.replace(b'"session": null', b'"session": "%s"' % session.encode())  # some go on with the conversation before
            status, received = await _post(app, sent, state)
            fuzzed.statuses[status] += 1
            session = _check(fuzzed, sent, status, received) or session
            if fuzzed.sent == messages // 3:
                before = megabytes(os.getpid())
    fuzzed.memory = (before or megabytes(os.getpid()), megabytes(os.getpid()))
    return fuzzed


def _check(fuzzed: Fuzzed, sent: bytes, status: int, received: bytes) -> str | None:
    """Hold one response against the contract; gives the session, where there is one."""
    try:
        given = json.loads(received)
        if status != 200:
            right = 400 <= status < 500 and given["error"]["code"] and "Bel " in given["error"]["message"]
            session = None
        else:
            replies = given["replies"]
            fuzzed.kinds.update(reply["kind"] for reply in replies)
            right = bool(replies) and all(reply["kind"] in _KINDS and reply["text"].strip() for reply in replies)
            session = str(given["session"])
    except (ValueError, KeyError, TypeError):
        right, session = False, None
    if not right and len(fuzzed.wrong) < _SHOWN:
        fuzzed.wrong.append(f"{status} {received[:200]!r} to {sent[:2000]!r}")
    return session


async def _post(app: Starlette, sent: bytes, state: dict[str, Any]) -> tuple[int, bytes]:
    """One request straight into the application; gives the status and the body."""
    status, received, given = 0, b"", False
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/api/chat", "raw_path": b"/api/chat", "query_string": b"", "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": dict(state),
    }

    async def receive() -> dict[str, Any]:
        nonlocal given
        if given:
            await asyncio.sleep(3600)
        given = True
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, received
        status = message.get("status", status)
        received += message.get("body", b"")

    await app(scope, receive, send)
    return status, received
