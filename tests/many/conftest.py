"""What the tests with several processes share."""

from __future__ import annotations

from typing import Iterator

import pytest
from redis_process import RedisServer, redis_process


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    """A Redis of this module's own."""
    with redis_process() as server:
        yield server
