from __future__ import annotations

import asyncio
import time
from typing import Awaitable, Callable

import pytest

from folderwijs import queueing
from folderwijs.metrics import QUEUE
from folderwijs.queueing import AT_WORK, Overloaded, Queue


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test(), 10)

    asyncio.run(bounded())


async def hold(queue: Queue, until: asyncio.Event, served: list[int], number: int = 0) -> None:
    async with queue.turn():
        served.append(number)
        await until.wait()


def test_a_few_work_at_a_time_and_the_rest_wait_in_order() -> None:
    async def test() -> None:
        queue, done, served = Queue(10), asyncio.Event(), list[int]()
        tasks = [asyncio.create_task(hold(queue, done, served, number)) for number in range(AT_WORK + 5)]
        await asyncio.sleep(0.01)
        assert (served, len(queue), QUEUE._value.get()) == (list(range(AT_WORK)), 5, 5)
        done.set()
        await asyncio.gather(*tasks)
        assert (served, len(queue), QUEUE._value.get()) == (list(range(AT_WORK + 5)), 0, 0)

    run(test)


def test_who_finds_the_queue_full_hears_so_at_once() -> None:
    async def test() -> None:
        queue, done, served = Queue(2), asyncio.Event(), list[int]()
        tasks = [asyncio.create_task(hold(queue, done, served)) for _ in range(AT_WORK + 2)]
        await asyncio.sleep(0)
        assert queue.is_full
        started = time.monotonic()
        with pytest.raises(Overloaded):
            await hold(queue, done, served)
        assert time.monotonic() - started < 0.1
        done.set()
        await asyncio.gather(*tasks)
        assert not queue.is_full

    run(test)


def test_who_waits_too_long_hears_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        queue, done, served = Queue(2), asyncio.Event(), list[int]()
        tasks = [asyncio.create_task(hold(queue, done, served)) for _ in range(AT_WORK)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await hold(queue, done, served)
        assert len(queue) == 0
        done.set()
        await asyncio.gather(*tasks)
        assert len(served) == AT_WORK

    monkeypatch.setattr(queueing, "PATIENCE", 0.05)
    run(test)


def test_whoever_leaves_or_fails_gives_the_turn_back() -> None:
    async def test() -> None:
        queue, done, served = Queue(50), asyncio.Event(), list[int]()
        tasks = [asyncio.create_task(hold(queue, done, served)) for _ in range(AT_WORK + 20)]
        await asyncio.sleep(0)
        for task in tasks[AT_WORK - 1 : AT_WORK + 8]:
            task.cancel()
        done.set()
        await asyncio.sleep(0)
        for task in tasks[AT_WORK + 8 :: 3]:
            task.cancel()  # some of these were handed a turn just now
        await asyncio.gather(*tasks, return_exceptions=True)
        with pytest.raises(ZeroDivisionError):
            async with queue.turn():
                raise ZeroDivisionError
        assert (queue._working, len(queue)) == (0, 0)
        for _ in range(AT_WORK):
            await asyncio.wait_for(hold(queue, done, served), 1)

    run(test)


def test_messages_that_never_wait_are_counted_all_the_same() -> None:
    """The engine works without waiting for anything; whoever comes meanwhile must still find the queue full."""

    async def visit(queue: Queue) -> bool:
        try:
            async with queue.turn():
                return True
        except Overloaded:
            return False

    async def test() -> None:
        queue = Queue(3)
        assert sum(await asyncio.gather(*(visit(queue) for _ in range(100)))) == AT_WORK + 3

    run(test)
