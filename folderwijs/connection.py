"""The connections of the web server: bounded in number, in the size of a request's head, and in the time that a request may take to arrive.

uvicorn leaves all three to a proxy in front of it; a small practice may have none.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Optional, Sequence

import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from folderwijs import metrics
from folderwijs.proxies import Network, is_trusted, visitor_key

MAX_HEAD = 16_384
"""Bytes of a request's address and headers."""
LAST_WORDS = 0.5
"""Seconds that an idle connection has for a request that was on its way when the service was told to stop."""
LINGER = 1.0
"""Seconds that a refused connection stays, so that the refusal arrives: a connection closed on unread data takes it along."""
SHARE = 4
"""One visitor may have one in so many of the connections; a listed proxy and this computer itself have all."""

_STATE = "folderwijs.connections"
_PHRASES = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}
_REFUSALS = {
    400: ("bad_request", "Dat verzoek klopt niet."),
    408: ("too_slow", "Uw bericht kwam niet op tijd aan. Probeer het opnieuw."),
    431: ("head_too_large", "Uw verzoek is te groot."),
    503: ("too_many_connections", "Het is nu te druk. Probeer het straks opnieuw."),
}


@dataclass
class Connections:
    """What all connections of a process share; the application hands it to the server when it starts.

    Attributes:
        most: connections at a time.
        seconds: in which a request must have arrived, and in which a response must have been taken.
        proxies: the listed proxies.
        call_us: the sentence with the practice's phone number.
        of: connections by visitor.
        stopping: whether the service was told to stop.
    """

    most: int
    seconds: float
    proxies: Sequence[Network]
    call_us: str
    of: Counter[str] = field(default_factory=Counter)
    stopping: bool = False

    def state(self) -> dict[str, Any]:
        """What the application's lifespan hands to the server."""
        return {_STATE: self}

    def refusal(self, status: int) -> bytes:
        """A whole response, after which the connection is closed."""
        code, sentence = _REFUSALS[status]
        metrics.REFUSALS.labels(code).inc()
        body = msgspec.json.encode({"error": {"code": code, "message": f"{sentence} {self.call_us}"}})
        retry = "retry-after: 5\r\n" if status == 503 else ""
        head = (
            f"HTTP/1.1 {status} {_PHRASES[status]}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
            f"cache-control: no-store\r\nx-content-type-options: nosniff\r\n{retry}connection: close\r\n\r\n"
        )
        return head.encode("ascii") + body

    def admits(self, host: str) -> bool:
        """Count a connection from an address; gives whether there is room for it. `left` must follow, whatever it gives."""
        visitor = visitor_key(host)
        self.of[visitor] += 1
        share = self.most if is_trusted(host, self.proxies) or _is_here(host) else max(1, self.most // SHARE)
        return self.of[visitor] <= share and self.of.total() <= self.most

    @property
    def crowded(self) -> bool:
        """Whether there is not even room to see those off politely who came too many."""
        return self.of.total() > self.most + self.most // 2

    def left(self, host: str) -> None:
        """A connection from an address is gone."""
        visitor = visitor_key(host)
        self.of[visitor] -= 1
        if self.of[visitor] <= 0:
            del self.of[visitor]


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol for HTTP, with bounds."""

    def __init__(self, config: Config, server_state: Any, app_state: dict[str, Any], _loop: Optional[asyncio.AbstractEventLoop] = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._shared: Connections = app_state[_STATE]
        self._deadline: Optional[asyncio.TimerHandle] = None
        self._head = 0
        self._in_head = True
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, where there is room for it."""
        super().connection_made(transport)
        if self._shared.admits(self._host):
            self._expect()
        else:
            self._refuse(503)

    def connection_lost(self, exc: Optional[Exception]) -> None:
        """Forget the connection."""
        self._arrived()
        self._shared.left(self._host)
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        """Read on, where the head of the request is not too long."""
        if self._refused or self.transport.is_closing():
            return
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._expect()
        self._head += len(data) if self._in_head else 0
        super().data_received(data)
        if self._in_head and self._head > MAX_HEAD:
            self._refuse(431)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head of a request is whole; the application looks at its size once more, because it may have come in one piece."""
        self._in_head = False
        self._head = 0
        super().on_headers_complete()
        if self._shared.stopping and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._arrived()
        self._in_head = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Say in Dutch that this is no HTTP."""
        self._refuse(400)

    def timeout_keep_alive_handler(self) -> None:
        """End an idle connection, also where the other side does not take what was sent."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """Have the connection end after the request at hand; where there is none, a moment later, because one may be on its way."""
        self._shared.stopping = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
        else:
            self.loop.call_later(LAST_WORDS, self._end_if_idle)

    @property
    def _host(self) -> str:
        return self.client[0] if self.client else ""

    def _end_if_idle(self) -> None:
        if (self.cycle is None or self.cycle.response_complete) and self._head == 0:
            self.transport.close()

    def _expect(self) -> None:
        """A request must be whole before long."""
        self._deadline = self.loop.call_later(self._shared.seconds, self._refuse, 408)

    def _arrived(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: int) -> None:
        """Respond, where nothing was sent yet, and end the connection."""
        self._arrived()
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        answering = self.cycle is not None and (not self.cycle.response_complete or not self._in_head)  # the request at hand got to the application
        silent = (answering and self.cycle.response_started) or (status == 408 and self._in_head and self._head == 0)
        if self.cycle is not None:
            self.cycle.disconnected = True  # what the application still sends has nowhere to go
            self.cycle.message_event.set()
        if silent or self._shared.crowded:
            self.transport.close()
        else:
            self.transport.write(self._shared.refusal(status))
            self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.abort)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
