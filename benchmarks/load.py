"""Visitors who chat: each waits for the reply to a message before sending the next."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Iterator, Optional

import aiohttp

from benchmarks.setups import Setup
from benchmarks.statistics import median, percentile
from evaluation.questions import load_questions

TURNS = 6
"""Messages of a conversation."""

_TIMEOUT = aiohttp.ClientTimeout(total=60)


@dataclass
class Result:
    """What visitors met.

    Attributes:
        users: at the same time.
        latencies: seconds from sending a message to having its reply, in the order they were had.
        failed: messages without a good reply.
        seconds: that all of it took.
        client_seconds: processor time of this process, which plays the visitors.
        service_seconds: processor time of the service; 0 where it was not looked at.
    """

    users: int
    latencies: list[float] = field(default_factory=list)
    failed: int = 0
    seconds: float = 0.0
    client_seconds: float = 0.0
    service_seconds: float = 0.0

    def summary(self) -> dict[str, float]:
        """Its figures: times in milliseconds, throughput in messages a second, shares of one processor."""
        messages = len(self.latencies)
        return {
            "users": self.users,
            "messages": messages,
            "failed": self.failed,
            "median_ms": round(median(self.latencies) * 1000, 2),
            "p99_ms": round(percentile(self.latencies, 99) * 1000, 2),
            "per_second": round(messages / self.seconds, 2),
            "cpu_ms": round(self.service_seconds / messages * 1000, 2),
            "client_share": round(self.client_seconds / self.seconds, 3),
        }


def messages(seed: int = 1) -> Iterator[str]:
    """Held-out questions in a fixed order, over and over; none starts with "/", which stock Rasa takes for a command."""
    texts = [question.text for question in load_questions() if question.text.strip("/ ")]
    random.Random(seed).shuffle(texts)  # noqa: S311, no secret
    while True:
        yield from (text.lstrip("/ ") for text in texts)


async def converse(address: str, setup: Setup, users: int, conversations: int, seconds: float, turns: int = TURNS, seed: int = 1) -> Result:
    """Have conversations, so many at the same time.

    Args:
        address: of the service, on the loopback address.
        setup: how it is talked to.
        users: at the same time.
        conversations: after which it ends.
        seconds: after which no new message is sent.
        turns: messages of each conversation.
        seed: of the order of the questions.

    Raises:
        ValueError: the address is not a loopback address.
    """
    if not address.startswith("http://127.0.0.1:"):
        raise ValueError(f"{address} is not on the loopback address")
    result, asked, left = Result(users), messages(seed), iter(range(conversations))
    started, cpu = time.perf_counter(), time.process_time()
    until = started + seconds

    async def visit(client: aiohttp.ClientSession) -> None:
        for _ in left:
            conversation = None
            for _ in range(turns):
                if time.perf_counter() > until:
                    return
                sent = time.perf_counter()
                conversation = await send(client, address, setup, next(asked), conversation)
                result.latencies.append(time.perf_counter() - sent)
                result.failed += conversation is None

    async with aiohttp.ClientSession(timeout=_TIMEOUT, connector=aiohttp.TCPConnector(limit=users)) as client:
        await asyncio.gather(*(visit(client) for _ in range(users)))
    result.seconds = time.perf_counter() - started
    result.client_seconds = time.process_time() - cpu
    return result


async def send(client: aiohttp.ClientSession, address: str, setup: Setup, message: str, conversation: Optional[str]) -> Optional[str]:
    """Send one message; gives the conversation it belongs to, or None where there was no good reply."""
    try:
        async with client.post(address + setup.path, json=setup.request(message, conversation)) as response:
            return setup.conversation(await response.json()) if response.status == 200 else None
    except (aiohttp.ClientError, asyncio.TimeoutError):
        return None
