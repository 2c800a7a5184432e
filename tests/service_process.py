"""The service in a process of its own, for tests that must meet it as a visitor does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

import httpx
import pytest

from folderwijs.settings import PROJECT


@contextmanager
def service_process(log: Path, **settings: str) -> Iterator[str]:
    """Start the service on a free port, with its output in `log`; gives its address once it answers there."""
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": "0", "LIMITS": "off", "WORKERS": "1", "QUESTIONS_DB": "off", **settings}
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "folderwijs", "serve"], cwd=PROJECT, env=environment, stdout=output, stderr=output)
    try:
        yield _wait_until_healthy(process, log)
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_healthy(process: Any, log: Path) -> str:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.1)
        if told := re.search(r"Folderwijs: (http://\S+)", log.read_text("utf8")):
            try:
                httpx.get(f"{told.group(1)}/health").raise_for_status()
                return told.group(1)
            except httpx.TransportError:
                continue
    pytest.fail(f"the service did not start: {log.read_text('utf8')}")
