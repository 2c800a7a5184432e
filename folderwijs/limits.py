"""How many messages a visitor, and all visitors together, may send."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from typing import Callable

from pyrate_limiter import Duration, InMemoryBucket, Rate, RateItem

from folderwijs.proxies import visitor_key

MAX_VISITORS = 10_000
"""Visitors remembered; the one not seen longest goes first."""

Clock = Callable[[], int]


def milliseconds() -> int:
    """Milliseconds that only go up."""
    return time.monotonic_ns() // 1_000_000


class VisitorLimits:
    """A limit per visitor, in a sliding minute. The addresses of one IPv6 network (/64) are one visitor.

    Args:
        per_minute: messages a minute.
        clock: milliseconds that only go up.
    """

    def __init__(self, per_minute: int, clock: Clock = milliseconds) -> None:
        self._rate = Rate(per_minute, Duration.MINUTE)
        self._clock = clock
        self._buckets: OrderedDict[str, InMemoryBucket] = OrderedDict()

    def seconds_to_wait(self, visitor: str) -> int:
        """Count one message of a visitor.

        Args:
            visitor: the address, or "" where it is not known.

        Returns:
            0 where it may pass, else after how many seconds the next one may.
        """
        visitor = visitor_key(visitor)
        bucket = self._buckets.setdefault(visitor, InMemoryBucket([self._rate]))
        self._buckets.move_to_end(visitor)
        if len(self._buckets) > MAX_VISITORS:
            self._buckets.popitem(last=False)
        return _seconds_to_wait(bucket, self._clock())


class TotalLimit:
    """A limit for all visitors together, in a sliding minute.

    Args:
        per_minute: messages a minute.
        clock: milliseconds that only go up.
    """

    def __init__(self, per_minute: int, clock: Clock = milliseconds) -> None:
        self._bucket = InMemoryBucket([Rate(per_minute, Duration.MINUTE)])
        self._clock = clock

    def seconds_to_wait(self) -> int:
        """Count one message; gives 0 where it may pass, else after how many seconds the next one may."""
        return _seconds_to_wait(self._bucket, self._clock())


def _seconds_to_wait(bucket: InMemoryBucket, now: int) -> int:
    bucket.leak(now)
    item = RateItem("", now)
    if bucket.put(item):
        return 0
    waiting = bucket.waiting(item)
    return max(1, math.ceil(int(waiting) / 1000)) if isinstance(waiting, int) else 1
