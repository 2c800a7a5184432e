"""What is measured of a set-up that runs."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from dataclasses import dataclass
from typing import Any, AsyncIterator, Callable, Mapping

import aiohttp

from benchmarks.load import TURNS, Result, converse, messages, send
from benchmarks.processes import Running, free_port, load_average, running
from benchmarks.setups import BUILD, Setup
from benchmarks.statistics import around, median

POSITIONS = (5, 50, 500)
"""Messages of one conversation whose cost is told."""

_CYCLE = 45  # so that the messages at all positions are the same
_READY = 300  # seconds a service may take to its first answer
BUSY = 3.0
"""The load of the machine above which a measurement is taken again."""


class NotReady(Exception):
    """Raised where a service does not answer; says what it put out last."""


@dataclass(frozen=True)
class Plan:
    """How much is measured; every loop ends at its count or its time, whichever comes first.

    Attributes:
        starts: times the service is started.
        users: numbers of users at the same time.
        conversations: of each number of users, of `TURNS` messages.
        seconds: for each of them.
        long: messages of the long conversations; fewer leave out positions.
        longs: long conversations.
        long_seconds: for all of them.
        many: numbers of conversations after which the memory is looked at.
        many_turns: messages of those.
        many_seconds: for all of them.
        again: times a measurement is taken again when the machine was busy.
    """

    starts: int = 3
    users: tuple[int, ...] = (1, 10, 50)
    conversations: int = 300
    seconds: float = 30
    long: int = 505
    longs: int = 8
    long_seconds: float = 90
    many: tuple[int, ...] = (1_000, 20_000)
    many_turns: int = 2
    many_seconds: float = 420
    again: int = 1


@contextlib.asynccontextmanager
async def served(setup: Setup) -> AsyncIterator[tuple[str, Running, float]]:
    """Start a set-up; gives its address, its processes and the seconds to its first answer.

    Raises:
        NotReady: it gives no answer.
    """
    port = free_port()
    address, log = f"http://127.0.0.1:{port}", BUILD / f"{setup.name}-service.log"
    BUILD.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    with running(setup.serve(port), setup.folder, log, setup.environment(port)) as processes:
        async with aiohttp.ClientSession() as client:
            while await send(client, address, setup, "mag ik fietsen?", None) is None:
                if not processes.alive or time.perf_counter() - started > _READY:
                    raise NotReady(f"{setup.title} does not answer: {log.read_text('utf8', 'replace')[-500:]}")
                await asyncio.sleep(0.05)
        yield address, processes, time.perf_counter() - started


async def everything(setup: Setup, plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    """All figures of a set-up; see docs/performance.md for what each means.

    Args:
        setup: what is measured; trained before.
        plan: how much.
        tell: is told how far it is.
    """
    found: dict[str, Any] = {"load_before": load_average(), "starts": [], "users": []}
    for _ in range(plan.starts - 1):
        async with served(setup) as (_, _, seconds):
            found["starts"].append(round(seconds, 2))
    async with served(setup) as (address, processes, seconds):
        found["starts"].append(round(seconds, 2))
        found["start_s"] = median(found["starts"])
        tell(f"{setup.title}: first answer after {found['start_s']:.1f} s")
        found["rest_mb"] = round(processes.usage().megabytes)
        await converse(address, setup, 5, 20, 10, seed=2)  # whatever is made at first use
        for users in plan.users:
            found["users"].append(await _quietly(lambda users=users: _with_users(address, processes, setup, plan, users), plan))  # type: ignore[misc]
            tell(f"{setup.title}: {found['users'][-1]}")
        found["long"] = await _long(address, setup, plan)
        tell(f"{setup.title}: one conversation {found['long']}")
    async with served(setup) as (address, processes, _):
        found["many"] = await _many(address, processes, setup, plan, tell)
    return {**found, "load_after": load_average()}


async def _with_users(address: str, processes: Running, setup: Setup, plan: Plan, users: int) -> dict[str, Any]:
    load, before = load_average(), processes.usage().cpu_seconds
    result = await converse(address, setup, users, plan.conversations, plan.seconds)
    result.service_seconds = processes.usage().cpu_seconds - before
    return {**result.summary(), "load_before": load}


async def _quietly(measure: Callable[[], Any], plan: Plan) -> Mapping[str, Any]:
    """Measure again where others used the machine; the faster one counts, with how often it was measured."""
    taken = [await measure()]
    while taken[-1]["load_before"] > BUSY and len(taken) <= plan.again:
        taken.append(await measure())
    return {**min(taken, key=lambda each: float(each["median_ms"])), "taken": len(taken)}


async def _long(address: str, setup: Setup, plan: Plan) -> dict[str, Any]:
    """The cost in milliseconds of the messages at `POSITIONS`, each the median of five around it of several conversations."""
    cycle = list(itertools.islice(messages(seed=3), _CYCLE))
    until = time.perf_counter() + plan.long_seconds
    conversations: list[list[float]] = []
    async with aiohttp.ClientSession() as client:
        for _ in range(plan.longs):
            if conversations and time.perf_counter() > until:
                break
            conversation, latencies = None, []
            for number in range(plan.long):
                sent = time.perf_counter()
                conversation = await send(client, address, setup, cycle[number % _CYCLE], conversation) or conversation
                latencies.append(time.perf_counter() - sent)
                if time.perf_counter() > until + plan.long_seconds:
                    break
            conversations.append(latencies)
    reached = [position for position in POSITIONS if all(len(latencies) >= position + 2 for latencies in conversations)]
    costs = {str(position): round(median([around(latencies, position) for latencies in conversations]) * 1000, 2) for position in reached}
    return {"conversations": len(conversations), "ms": costs, "sent": min(map(len, conversations))}


async def _many(address: str, processes: Running, setup: Setup, plan: Plan, tell: Callable[[str], None]) -> list[dict[str, float]]:
    """Memory in MB after so many conversations, each number as far as the time goes."""
    memory: list[dict[str, float]] = []
    had, until = 0, time.perf_counter() + plan.many_seconds
    for number in plan.many:
        result: Result = await converse(address, setup, 10, number - had, until - time.perf_counter(), plan.many_turns, seed=4)
        done = len(result.latencies) // plan.many_turns
        had += done
        memory.append({"conversations": had, "turns": plan.many_turns, "megabytes": round(processes.usage().megabytes, 1), "failed": result.failed})
        tell(f"{setup.title}: {memory[-1]}")
        if time.perf_counter() > until:
            break
    return memory


__all__ = ["BUSY", "POSITIONS", "TURNS", "NotReady", "Plan", "everything", "served"]
