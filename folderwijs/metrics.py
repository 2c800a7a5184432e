"""What the service counts, for Prometheus; nothing in it tells what was typed or by whom."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder where several processes count together; it must be set before this module is imported."""

REPLIES = Counter("folderwijs_replies", "Replies, by kind.", ["kind"])
REFUSALS = Counter("folderwijs_refusals", "Requests that were refused, by the code of the error.", ["code"])
SECONDS = Histogram(
    "folderwijs_request_seconds", "Seconds from the start of a request to the end of its response.", ["path", "status"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
QUEUE = Gauge("folderwijs_queue_length", "Messages that wait for the engine.", multiprocess_mode="livesum")

_PATHS = ("/api/chat", "/api/search", "/api/feedback", "/api/widget")  # whatever else is asked for is "other": a path can be anything


class Measured:
    """Measures how long responses take.

    Args:
        app: the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note how long it took and with which status it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), "none"

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            SECONDS.labels(scope["path"] if scope["path"] in _PATHS else "other", status).observe(time.perf_counter() - started)


class AllProcesses(MultiProcessCollector):
    """The counts of all processes together; what those that are gone had waiting is left out."""

    def __init__(self, folder: Path) -> None:
        super().__init__(None, str(folder))  # type: ignore[no-untyped-call]
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """The metrics."""
        for file in self._folder.glob("gauge_live*.db"):
            match = re.fullmatch(r"gauge_live\w*?_(\d+)\.db", file.name)
            if match and not _lives(int(match.group(1))):
                mark_process_dead(int(match.group(1)), str(self._folder))  # type: ignore[no-untyped-call]
        yield from super().collect()  # type: ignore[no-untyped-call]


def publish(host: str, port: int) -> int:
    """Answer Prometheus on an address of its own, in a thread of this process.

    Args:
        host, port: where; port 0 takes a free one.

    Returns:
        The port.

    Raises:
        OSError: the address cannot be listened on.
    """
    registry = REGISTRY
    if folder := os.environ.get(SHARED):
        registry = CollectorRegistry()
        registry.register(AllProcesses(Path(folder)))
    server, _ = start_http_server(port, host, registry)
    taken: int = server.server_port
    return taken


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
