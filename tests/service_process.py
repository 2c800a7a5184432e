"""The service in a process of its own, for tests that must meet it as a visitor does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, NamedTuple

import httpx
import pytest

from folderwijs.settings import PROJECT


class Service(NamedTuple):
    """The service in its process (with WORKERS more than 1: their parent)."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def service_process(log: Path, **settings: str) -> Iterator[str]:
    """Start the service on a free port, with its output in `log`; gives its address once it answers there."""
    with running_service(log, **settings) as service:
        yield service.url


@contextmanager
def running_service(log: Path, **settings: str) -> Iterator[Service]:
    """As `service_process`, but gives the process as well."""
    with started_service(log, **settings) as service:
        wait_until_healthy(service)
        yield service


@contextmanager
def started_service(log: Path, **settings: str) -> Iterator[Service]:
    """Start the service on a free port, with its output in `log`; gives it as soon as it says its address, before it can answer."""
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": "0", "LIMITS": "off", "WORKERS": "1", "QUESTIONS_DB": "off", **settings}
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "folderwijs", "serve"], cwd=PROJECT, env=environment, stdout=output, stderr=output)
    try:
        yield Service(_address(process, log), process, log)
    finally:
        process.terminate()
        process.wait(30)


def wait_until_healthy(service: Service, seconds: float = 120) -> None:
    """Wait until the service can answer."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and service.process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(f"{service.url}/health").is_success:
                return
        time.sleep(0.1)
    pytest.fail(f"the service does not answer: {service.log.read_text('utf8')}")


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        if told := re.search(r"Folderwijs: (http://[\w.:\[\]-]+)", log.read_text("utf8")):
            return told.group(1)
        time.sleep(0.1)
    pytest.fail(f"the service did not start: {log.read_text('utf8')}")
