"""How many messages a visitor may send."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from typing import Callable

from pyrate_limiter import Duration, InMemoryBucket, Rate, RateItem

MAX_VISITORS = 10_000
"""Visitors remembered; the one not seen longest goes first."""


class VisitorLimits:
    """A limit per visitor, in a sliding minute.

    Args:
        per_minute: messages a minute.
        clock: milliseconds that only go up.
    """

    def __init__(self, per_minute: int, clock: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000) -> None:
        self._rate = Rate(per_minute, Duration.MINUTE)
        self._clock = clock
        self._buckets: OrderedDict[str, InMemoryBucket] = OrderedDict()

    def seconds_to_wait(self, visitor: str) -> int:
        """Count one message of a visitor.

        Returns:
            0 where it may pass, else after how many seconds the next one may.
        """
        bucket = self._buckets.setdefault(visitor, InMemoryBucket([self._rate]))
        self._buckets.move_to_end(visitor)
        if len(self._buckets) > MAX_VISITORS:
            self._buckets.popitem(last=False)
        now = self._clock()
        bucket.leak(now)
        item = RateItem(visitor, now)
        if bucket.put(item):
            return 0
        waiting = bucket.waiting(item)
        return max(1, math.ceil(int(waiting) / 1000)) if isinstance(waiting, int) else 1
