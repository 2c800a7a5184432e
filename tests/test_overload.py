from __future__ import annotations

from pathlib import Path

from service_process import running_service

from benchmarks.overload import overload


def test_ten_times_the_load_it_can_bear_leaves_it_standing(model: Path, tmp_path: Path) -> None:
    """What is served is served in time, the rest hears so, nothing grows, and soon all is as before."""
    with running_service(tmp_path / "log") as running:
        seen = overload(running.url, running.process.pid, seconds=8)
    assert seen.problems() == []
    assert seen.refused > seen.served / 2, "it was not overloaded"
