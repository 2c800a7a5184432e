"""Ten times the load that the service can bear: `python -m benchmarks.overload`.

Finds out what rate the service can bear, sends ten times that for a while, and looks at what comes back, at the memory, and at how soon all
is as before. Everything goes to 127.0.0.1 and is bounded in number and in time.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple, Optional, Sequence

import uvloop

from benchmarks.processes import megabytes, verdict

TIMES = 10
ENOUGH = 0.9
"""Of that rate, this much must have been sent: the sender shares the machine with the service."""
SERVED_WITHIN = 2.0
"""Seconds; 99 of 100 served messages must be answered in this time, measured by the visitor."""
RECOVERED_WITHIN = 5.0
MOST_GROWTH = 100
"""Megabytes that the service may grow by: its queue and its connections are bounded."""
_VISITORS = 300
_QUESTIONS = (b"mag ik fietsen?", b"hoe lang duurt het herstel", b"wat is het", b"helpt een operatie?", b"mag ik hardlopen", b"komt het door mijn schoenen")


class Response(NamedTuple):
    """What one message got: the status, after how many seconds, and whether it says in Dutch whom to call and when to try again."""

    status: int
    seconds: float
    clear: bool


class Visitor(asyncio.Protocol):
    """A visitor with a connection of their own. As light as can be: the sender shares the machine with the service."""

    def __init__(self) -> None:
        self._transport: Optional[asyncio.Transport] = None
        self._response: Optional[asyncio.Future[Response]] = None
        self._started = 0.0
        self._received = b""

    @classmethod
    async def arrive(cls, port: int) -> Visitor:
        """Connect to a port of this computer."""
        _, visitor = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return visitor

    def leave(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def ask(self, number: int) -> asyncio.Future[Response]:
        """Ask a question in a conversation of its own; a response of status 0 stands for a connection that ended."""
        self._started, self._received = time.monotonic(), b""
        self._response = asyncio.get_running_loop().create_future()
        body = b'{"message": "%s"}' % _QUESTIONS[number % len(_QUESTIONS)]
        if self._transport is None or self._transport.is_closing():
            self._answered(Response(0, 0.0, False))
        else:
            self._transport.write(b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        return self._response

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Optional[Exception]) -> None:
        """End."""
        self._answered(Response(0, 0.0, False))

    def data_received(self, data: bytes) -> None:
        """Read on, until the response is whole."""
        self._received += data
        head, whole, body = self._received.partition(b"\r\n\r\n")
        if not whole:
            return
        head = head.lower()
        if len(body) >= int(head.split(b"content-length: ")[1].split(b"\r")[0]):
            self._answered(Response(int(head.split()[1]), time.monotonic() - self._started, b"retry-after: " in head and b"Bel " in body))

    def _answered(self, response: Response) -> None:
        if self._response is not None and not self._response.done():
            self._response.set_result(response)


@dataclass
class Seen:
    """What the visitors saw.

    Attributes:
        rate: messages a second that it could bear.
        sent: messages a second that were sent.
        latencies: seconds of each served message.
        statuses: how often each status came; 0 stands for a connection that gave none.
        unclear: refusals without a Dutch sentence or Retry-After.
        grown: megabytes by which the service grew.
        recovery: seconds until a message was answered as fast as before; infinite where that took too long.
        alive: whether the process was still there.
    """

    rate: float = 0.0
    sent: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unclear: int = 0
    grown: float = 0.0
    recovery: float = float("inf")
    alive: bool = True

    @property
    def served(self) -> int:
        """Messages that were answered."""
        return self.statuses[200]

    @property
    def refused(self) -> int:
        """Messages that were refused."""
        return self.statuses[503]

    @property
    def slowest(self) -> float:
        """Seconds in which 99 of 100 served messages were answered."""
        ordered = sorted(self.latencies)
        return ordered[int(len(ordered) * 0.99)] if ordered else float("inf")

    def problems(self) -> list[str]:
        """What was not as promised; empty where all was."""
        promises = [
            (self.alive, "the service is gone"),
            (set(self.statuses) <= {200, 503}, f"statuses {dict(self.statuses)}"),
            (self.served > 0, "nothing was served"),
            (self.sent >= ENOUGH * TIMES * self.rate, f"only {self.sent / self.rate:.1f} times what it can bear was sent"),
            (self.unclear == 0, f"{self.unclear} refusals were not clear"),
            (self.slowest <= SERVED_WITHIN, f"those served waited {self.slowest:.2f} s"),
            (self.grown <= MOST_GROWTH, f"it grew by {self.grown:.0f} MB"),
            (self.recovery <= RECOVERED_WITHIN, f"it was back to normal after {self.recovery:.1f} s"),
        ]
        return [problem for kept, problem in promises if not kept]

    def __str__(self) -> str:
        return (
            f"can bear {self.rate:.0f}/s; sent {self.sent:.0f}/s: served {self.served} (99% within {self.slowest:.2f} s), refused {self.refused}, "
            f"others {sum(self.statuses.values()) - self.served - self.refused}; grew by {self.grown:.0f} MB; back to normal after {self.recovery:.1f} s"
        )


def overload(url: str, process: int, seconds: float) -> Seen:
    """Send ten times what a service can bear.

    Args:
        url: the service, with LIMITS=off, on this computer.
        process: its process, to look at its memory.
        seconds: how long.
    """
    found: Seen = uvloop.run(_overload(url, process, seconds))
    return found


async def _overload(url: str, process: int, seconds: float) -> Seen:
    seen = Seen()
    port = int(url.rsplit(":", 1)[1])
    visitors = [await Visitor.arrive(port) for _ in range(_VISITORS)]
    try:
        seen.rate = await _bearable(visitors[:8], min(5.0, seconds))
        normal = min([await _once(visitors[0]) for _ in range(3)])
        before = megabytes(process)
        await _flood(visitors, TIMES * seen.rate, seconds, seen)
        stopped = time.monotonic()
        while time.monotonic() - stopped < 2 * RECOVERED_WITHIN:
            if await _once(visitors[0]) <= max(3 * normal, 0.2):
                seen.recovery = time.monotonic() - stopped
                break
            await asyncio.sleep(0.1)
        after = megabytes(process)
        seen.alive, seen.grown = after > 0, after - before
    except OSError:
        seen.alive = False
    finally:
        for visitor in visitors:
            visitor.leave()
    return seen


async def _bearable(visitors: Sequence[Visitor], seconds: float) -> float:
    """Messages a second where each visitor waits for the reply."""
    until, answered = time.monotonic() + seconds, 0

    async def ask(visitor: Visitor) -> None:
        nonlocal answered
        while time.monotonic() < until:
            response = await visitor.ask(answered)
            answered += response.status == 200

    await asyncio.gather(*(ask(visitor) for visitor in visitors))
    return answered / seconds


async def _flood(visitors: Sequence[Visitor], rate: float, seconds: float, seen: Seen) -> None:
    """Send messages at a fixed rate, as long as there is a visitor who is not waiting for a reply."""
    free = deque(visitors)  # in turn: one that says nothing for ten seconds is seen off
    waiting: set[asyncio.Future[Response]] = set()
    started = time.monotonic()
    number = 0

    def ask(visitor: Visitor) -> None:
        response = visitor.ask(number)
        waiting.add(response)
        response.add_done_callback(lambda response: note(visitor, response))

    def note(visitor: Visitor, asked: asyncio.Future[Response]) -> None:
        waiting.discard(asked)
        response = asked.result()
        seen.statuses[response.status] += 1
        if response.status == 200:
            seen.latencies.append(response.seconds)
        elif not response.clear:
            seen.unclear += 1
        if response.status:
            free.append(visitor)

    while (now := time.monotonic() - started) < seconds:
        while number < rate * now and free:
            ask(free.popleft())
            number += 1
        await asyncio.sleep(0.002)
    seen.sent = number / seconds
    if waiting:
        await asyncio.wait(waiting, timeout=60)


async def _once(visitor: Visitor) -> float:
    """Seconds that one message takes; infinite where it is not served."""
    response = await visitor.ask(0)
    return response.seconds if response.status == 200 else float("inf")


def main(arguments: Sequence[str] | None = None) -> int:
    """Overload a service that this command starts; gives 0 where all promises were kept."""
    from benchmarks.own_service import own_service

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="how long (120)")
    chosen = parser.parse_args(arguments)
    with own_service() as (url, process):
        seen = overload(url, process, chosen.seconds)
    print(seen)
    return verdict(seen.problems())


if __name__ == "__main__":
    sys.exit(main())
