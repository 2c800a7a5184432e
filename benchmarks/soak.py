"""Steady load for a long time: `python -m benchmarks.soak --minutes 30 --plot soak.png`.

Visitors come, ask six questions and leave, at a rate well below what the service can bear; memory and latency are noted all the while.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Sequence

from benchmarks.overload import Visitor
from benchmarks.processes import megabytes, verdict

RATE = 10.0
"""Messages a second."""
MOST_GROWTH = 1.1
"""Times the memory of the first half that the second half may have."""
SERVED_WITHIN = 2.0
_MESSAGES = 6


class Sample(NamedTuple):
    """One stretch of time: when it ended, the memory in megabytes then, and of its messages the median and the 99th percentile in seconds."""

    minute: float
    memory: float
    median: float
    slowest: float


@dataclass
class Soaked:
    """What was noted."""

    samples: list[Sample] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def problems(self) -> list[str]:
        """What was not as promised; empty where all was."""
        half = len(self.samples) // 2
        first = max((sample.memory for sample in self.samples[:half]), default=0.0)
        last = max((sample.memory for sample in self.samples[half:]), default=0.0)
        slowest = statistics.median(sample.slowest for sample in self.samples) if self.samples else float("inf")
        promises = [
            (set(self.statuses) == {200}, f"statuses {dict(self.statuses)}"),
            (0 < last <= first * MOST_GROWTH, f"memory went from {first:.0f} to {last:.0f} MB"),
            (slowest <= SERVED_WITHIN, f"1 message in 100 took {slowest:.2f} s"),
        ]
        return [problem for kept, problem in promises if not kept]

    def plot(self, path: Path) -> None:
        """Draw memory and latency over time."""
        from matplotlib import pyplot

        minutes = [sample.minute for sample in self.samples]
        figure, (memory, latency) = pyplot.subplots(2, 1, sharex=True, figsize=(8, 5))
        memory.plot(minutes, [sample.memory for sample in self.samples])
        memory.set_ylabel("memory (MB)")
        memory.set_ylim(0, 1.2 * max((sample.memory for sample in self.samples), default=1))
        memory.set_title(f"{sum(self.statuses.values()):,} messages, {RATE:g} a second")
        latency.plot(minutes, [sample.median * 1000 for sample in self.samples], label="median")
        latency.plot(minutes, [sample.slowest * 1000 for sample in self.samples], label="99th percentile")
        latency.set_ylabel("latency (ms)")
        latency.set_ylim(bottom=0)
        latency.set_xlabel("minutes")
        latency.legend()
        figure.tight_layout()
        figure.savefig(path, dpi=100)
        pyplot.close(figure)


def soak(url: str, process: int, seconds: float, samples: int = 60) -> Soaked:
    """Put steady load on a service on this computer.

    Args:
        url: the service, with LIMITS=off.
        process: its process.
        seconds: how long.
        samples: how often memory and latency are noted.
    """
    return asyncio.run(_soak(int(url.rsplit(":", 1)[1]), process, seconds, samples))


async def _soak(port: int, process: int, seconds: float, samples: int) -> Soaked:
    soaked = Soaked()
    latencies: list[float] = []
    visits: set[asyncio.Task[None]] = set()

    async def visit(number: int) -> None:
        visitor = await Visitor.arrive(port)
        for message in range(_MESSAGES):
            response = await visitor.ask(number + message)
            soaked.statuses[response.status] += 1
            latencies.append(response.seconds)
        visitor.leave()

    started = noted = time.monotonic()
    number = 0
    while (now := time.monotonic()) - started < seconds:
        if number < RATE / _MESSAGES * (now - started) and len(visits) < 100:
            task = asyncio.create_task(visit(number))
            visits.add(task)
            task.add_done_callback(visits.discard)
            number += 1
        if now - noted >= seconds / samples and latencies:
            ordered = sorted(latencies)
            soaked.samples.append(Sample((now - started) / 60, megabytes(process), statistics.median(ordered), ordered[int(len(ordered) * 0.99)]))
            latencies.clear()
            noted = now
        await asyncio.sleep(0.02)
    await asyncio.wait_for(asyncio.gather(*visits), 60)
    return soaked


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak a service that this command starts; gives 0 where all promises were kept."""
    from benchmarks.own_service import own_service

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long (30)")
    parser.add_argument("--plot", type=Path, default=Path("build/soak.png"), help="where the plot goes (build/soak.png)")
    chosen = parser.parse_args(arguments)
    with own_service(MAX_CONVERSATIONS="500") as (url, process):
        soaked = soak(url, process, chosen.minutes * 60)
    chosen.plot.parent.mkdir(parents=True, exist_ok=True)
    soaked.plot(chosen.plot)
    print(f"{sum(soaked.statuses.values())} messages; memory {soaked.samples[0].memory:.0f} to {soaked.samples[-1].memory:.0f} MB; plot in {chosen.plot}")
    return verdict(soaked.problems())


if __name__ == "__main__":
    sys.exit(main())
