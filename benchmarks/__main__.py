"""`python -m benchmarks`: measures everything, and writes docs/performance.json and docs/performance.md.

`--quick` measures a little of ours alone; `--only NAME` one of the parts, and keeps the other figures;
`--out FOLDER` writes elsewhere.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import signal
import sys
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, Sequence

from benchmarks import report, scale, setups
from benchmarks.load import converse
from benchmarks.measures import Plan, everything, served
from benchmarks.processes import machine
from benchmarks.profiling import profile
from benchmarks.side_by_side import Turns, side_by_side
from benchmarks.stock import our_questions

QUICK = Plan(starts=1, users=(1, 5), conversations=5, seconds=10, long=60, longs=1, long_seconds=10, many=(10, 40), many_seconds=10, again=0)
SLOWER = Plan(starts=1, conversations=120, seconds=12, longs=1, long_seconds=75, many_seconds=60)
"""For stock, which would take hours over what ours does."""

PARTS = ("client", "profile", "side", "ours", "leanest", "default", "scale")


def main(arguments: Sequence[str]) -> int:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a little, of ours alone")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this, and keep the other figures")
    parser.add_argument("--out", type=Path, default=report.DOCS, help="folder to write to")
    parser.add_argument("--profile", action="store_true", help="print where the time of a message goes, and stop")
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    if chosen.profile:
        print(json.dumps(profile(600), indent=1))
        return 0
    file = chosen.out / report.NUMBERS.name
    kept: dict[str, Any] = json.loads(file.read_text("utf8")) if chosen.only and file.is_file() else {"setups": {}, "scale": []}
    numbers = {**kept, "date": date.today().isoformat(), "machine": machine(), "rasa": version("rasa")}
    for part in chosen.only or (("client", "profile", "ours") if chosen.quick else PARTS):
        asyncio.run(_measure(part, numbers, chosen.quick))
        chosen.out.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(numbers, indent=1) + "\n", "utf8")
    report.write(numbers, chosen.out)
    return 0


async def _measure(part: str, numbers: dict[str, Any], quick: bool) -> None:
    """Measure one part, into `numbers`."""
    if part == "client":
        numbers["client"] = await _client(20 if quick else 1_000)
    elif part == "profile":
        numbers["profile"] = await asyncio.to_thread(profile, 60 if quick else 600)
    elif part == "side":
        mine, stock = setups.ours(), setups.leanest()
        setups.trained(mine)
        setups.trained(stock)
        numbers["side"] = await side_by_side(mine, stock, Turns(), tell)
    elif part == "scale":
        numbers["scale"] = [await scale.grown(factor, SLOWER, tell) for factor in scale.FACTORS]
    elif part == "ours":
        training = {"seconds": 0.0, "megabytes": 0, "load": 0.0} if quick else setups.trained(setups.ours())
        found = await everything(setups.ours(), QUICK if quick else Plan(), tell)
        numbers["setups"]["ours"] = {**found, "training": training, "questions": sum(map(len, our_questions().values()))}
    else:
        setup = getattr(setups, part)()
        training = setups.trained(setup)
        found = await everything(setup, SLOWER, tell)
        numbers["setups"][part] = {**found, "training": training, "questions": setups.questions_of(setup)}


async def _client(conversations: int) -> dict[str, float]:
    """The client's own speed at 50 users."""
    quick = dataclasses.replace(setups.ours(), name="client", serve=lambda port: [[sys.executable, "-m", "benchmarks.client", str(port)]])
    async with served(quick) as (address, _, _):
        return (await converse(address, quick, 50, conversations, 20)).summary()


def tell(what: str) -> None:
    """Progress, for who waits."""
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
