"""A Redis of Debian's package, made for the tests."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from typing import Any, Iterator

import pytest
import redis

PASSWORD = "zeergeheim"


class RedisServer:
    """A server on a port of its own, which writes every change to a file, so that it knows them when it is started again."""

    def __init__(self, folder: str) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("no redis-server: Debian's package of that name is not installed, so nothing is tried on Redis")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"
        self._command = [
            program, "--bind", "127.0.0.1", "--port", str(self.port), "--requirepass", PASSWORD,
            "--dir", folder, "--save", "", "--appendonly", "yes", "--appendfsync", "no",
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with suppress(redis.ConnectionError):
                return self.client().ping()
            time.sleep(0.02)
        pytest.fail("Redis did not start")

    def stop(self) -> None:
        """Stop; nobody listens on the port then."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def freeze(self) -> None:
        """Have it take connections, and say nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def client(self) -> Any:
        """A client, to look what is kept."""
        return redis.Redis.from_url(self.url)


@contextmanager
def redis_process() -> Iterator[RedisServer]:
    """A server that runs; skips the test where there is no Redis."""
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        server = RedisServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.thaw()
            server.stop()
