"""Ours and the leanest stock set-up in turns, a few seconds each: so both meet the same other work on the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from benchmarks.load import converse
from benchmarks.measures import served
from benchmarks.processes import load_average
from benchmarks.setups import Setup
from benchmarks.statistics import median, percentile


@dataclass(frozen=True)
class Turns:
    """How often they take turns.

    Attributes:
        starts: of each service.
        rounds: with each number of users.
        seconds: of each turn.
        users: at the same time.
    """

    starts: int = 3
    rounds: int = 8
    seconds: float = 3
    users: tuple[int, ...] = (1, 50)


async def side_by_side(first: Setup, second: Setup, turns: Turns, tell: Callable[[str], None]) -> dict[str, Any]:
    """Figures of both, by name: all starts in seconds, and for each number of users all latencies together.

    Args:
        first, second: both trained before.
        turns: how often each is measured.
        tell: is told how far it is.
    """
    found: dict[str, Any] = {setup.name: {"starts": [], "users": []} for setup in (first, second)}
    loads = [load_average()]
    for _ in range(turns.starts):
        for setup in (first, second):
            async with served(setup) as (_, _, seconds):
                found[setup.name]["starts"].append(round(seconds, 2))
    tell(f"side by side, starts: { {name: figures['starts'] for name, figures in found.items()} }")
    async with served(first) as (address, processes, _), served(second) as (other_address, other_processes, _):
        both = ((first, address, processes), (second, other_address, other_processes))
        for users in turns.users:
            latencies: dict[str, list[float]] = {first.name: [], second.name: []}
            spent = {first.name: [0.0, 0.0], second.name: [0.0, 0.0]}  # seconds, and of those the service's processor time
            for number in range(turns.rounds):
                loads.append(load_average())
                for setup, at, running in both:
                    before = running.usage().cpu_seconds
                    result = await converse(at, setup, users, 100_000, turns.seconds, seed=number)
                    latencies[setup.name] += result.latencies
                    spent[setup.name][0] += result.seconds
                    spent[setup.name][1] += running.usage().cpu_seconds - before
            for name, taken in latencies.items():
                seconds, cpu = spent[name]
                figures = {"users": users, "messages": len(taken), "median_ms": round(median(taken) * 1000, 2), "p99_ms": round(percentile(taken, 99) * 1000, 2)}
                found[name]["users"].append({**figures, "per_second": round(len(taken) / seconds, 2), "cpu_ms": round(cpu / len(taken) * 1000, 2)})
            tell(f"side by side, {users} users: { {name: figures['users'][-1] for name, figures in found.items()} }")
    for figures in found.values():
        figures["start_s"] = median(figures["starts"])
    return {**found, "loads": [min(loads), max(loads)]}
