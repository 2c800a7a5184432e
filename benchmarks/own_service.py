"""The service in a process of its own, to be put under load."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from typing import Iterator
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.processes import free_port
from folderwijs.settings import PROJECT


@contextlib.contextmanager
def own_service(**settings: str) -> Iterator[tuple[str, int]]:
    """Start the service on a free port of this computer, without rate limits; gives its address and its process.

    Raises:
        RuntimeError: it does not start within two minutes.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "LIMITS": "off", "WORKERS": "1", "QUESTIONS_DB": "off", **settings}
    service = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "folderwijs", "serve"], cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        for _ in range(1200):
            try:
                with urlopen(f"{url}/health"):  # noqa: S310, our own service
                    break
            except (URLError, ConnectionError):
                if service.poll() is not None:
                    raise RuntimeError("the service ended before it could answer") from None
                time.sleep(0.1)
        else:
            raise RuntimeError("the service did not start")
        yield url, service.pid
    finally:
        service.terminate()
        service.wait(60)
