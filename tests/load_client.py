"""Visitors, in a process of their own: `python load_client.py USERS CONVERSATIONS SECONDS ADDRESS...` talks and prints what came of it as JSON.

It takes little of the processor that the service needs: bare streams, on the event loop that the service runs on too. A visitor whose message gets no reply
sends it again to the next address, as a proxy would.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import uvloop

MESSAGES = ("mag ik fietsen?", "waar staat dat?", "hoe lang duurt het herstel?", "waar staat dat?", "helpt een operatie?", "waar staat dat?")
"""Every second one leans on the turn before."""


class Visitors:
    """All visitors, who share what is counted.

    Args:
        addresses: of the services.
        until: the time (monotonic) to stop at.
    """

    def __init__(self, addresses: list[str], until: float) -> None:
        self._addresses = [(parts.hostname or "", parts.port or 0) for parts in map(urlsplit, addresses)]
        self._until = until
        self.counts: Counter[str] = Counter()
        self.slowest = 0.0
        self.conversations = 0

    async def visit(self, user: int, conversations: int) -> None:
        """So many conversations, one after the other, each with connections of its own, as each visitor's browser has."""
        for _ in range(conversations):
            connections: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}
            session, topics = None, None
            for turn, message in enumerate(MESSAGES):
                if time.monotonic() > self._until:
                    return
                body = await self._send(connections, user + turn, {"message": message, "session": session})
                session, replies = body["session"], body["replies"]
                self.counts["messages"] += 1
                self.counts["forgotten"] += body["forgotten"]
                self.counts["errors"] += any(reply["kind"] == "error" for reply in replies)
                if turn % 2:
                    self.counts["out of context"] += replies[0]["topics"] != topics
                topics = replies[0]["topics"]
            self.conversations += 1
            for _, writer in connections.values():
                writer.close()

    async def _send(self, connections: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]], first: int, message: dict[str, Any]) -> Any:
        body = json.dumps(message).encode()
        head = f"POST /api/chat HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
        started = time.monotonic()
        for attempt in range(100):
            number = (first + attempt) % len(self._addresses)
            try:
                if number not in connections:
                    connections[number] = await asyncio.open_connection(*self._addresses[number])
                reader, writer = connections[number]
                writer.write(head + body)
                headers = (await reader.readuntil(b"\r\n\r\n")).lower()
                reply = await reader.readexactly(int(headers.split(b"content-length:")[1].split(b"\r\n")[0]))
            except (OSError, asyncio.IncompleteReadError):
                connections.pop(number, None)
                self.counts["sent again"] += 1
                await asyncio.sleep(0.02)
                continue
            self.slowest = max(self.slowest, time.monotonic() - started)
            if b" 200 " not in headers.split(b"\r\n")[0]:
                raise RuntimeError(reply.decode())
            return json.loads(reply)
        raise RuntimeError("no reply")


async def main(users: int, conversations: int, seconds: float, *addresses: str) -> None:
    """Have all visitors talk at once, and print what came of it."""
    started = time.monotonic()
    visitors = Visitors(list(addresses), started + seconds)
    await asyncio.gather(*(visitors.visit(user, conversations) for user in range(users)))
    took = time.monotonic() - started
    print(json.dumps({**visitors.counts, "conversations": visitors.conversations, "seconds": took, "slowest": visitors.slowest, "cpu": time.process_time()}))


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:]))
