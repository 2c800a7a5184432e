"""A bounded queue before the engine: under more load than it can bear, some visitors are told so at once, the others wait less than a second."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import AsyncIterator

from folderwijs import metrics

AT_WORK = 4
"""Messages that the engine works on at a time. More would not be faster: it works in one thread, and only waits for a store elsewhere."""
PATIENCE = 0.5
"""Seconds in the queue after which a message is not served any more, so that whoever is served, is served within two."""
RETRY_AFTER = 5
"""Seconds after which a visitor who was turned away can try again."""


class NotAdmitted(Exception):
    """Raised where a message is not worked on after all."""


class Overloaded(NotAdmitted):
    """Raised where there is no room in the queue, or the wait in it was too long."""


class Gone(NotAdmitted):
    """Raised where the visitor left while waiting."""


class Queue:
    """Lets a few messages into the engine at a time, in the order in which they came.

    Args:
        length: messages that may wait.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._working = 0
        self._waiting: deque[asyncio.Future[bool]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether who comes now must be turned away."""
        return len(self._waiting) >= self._length

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[bool]:
        """Wait for a turn, and hold it; gives whether it was waited for.

        Raises:
            Overloaded: at once where the queue is full, or after `PATIENCE`.
        """
        waited = self._working >= AT_WORK
        if waited:
            await self._wait()
        else:
            self._working += 1
        try:
            await asyncio.sleep(0)  # the engine hardly ever waits: without this, each message would be done before the next one could be counted
            yield waited
        finally:
            self._hand_over()

    async def _wait(self) -> None:
        """Wait until somebody hands a turn over."""
        if self.is_full:
            raise Overloaded
        loop = asyncio.get_running_loop()
        place: asyncio.Future[bool] = loop.create_future()
        patience = loop.call_later(PATIENCE, _give_up, place)
        self._waiting.append(place)
        metrics.QUEUE.inc()
        try:
            if not await place:
                raise Overloaded
        except asyncio.CancelledError:
            if not place.cancelled() and place.result():
                self._hand_over()  # the turn came while this request was ended
            raise
        finally:
            patience.cancel()
            metrics.QUEUE.dec()
            with contextlib.suppress(ValueError):
                self._waiting.remove(place)

    def _hand_over(self) -> None:
        """Give the turn to the first who still waits."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(True)
                return
        self._working -= 1


def _give_up(place: asyncio.Future[bool]) -> None:
    if not place.done():
        place.set_result(False)
