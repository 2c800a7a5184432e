from __future__ import annotations

from pathlib import Path

from service_process import running_service

from benchmarks.soak import Sample, Soaked, soak


def test_half_a_minute_of_steady_load_leaves_memory_and_latency_as_they_were(model: Path, tmp_path: Path) -> None:
    with running_service(tmp_path / "log", MAX_CONVERSATIONS="20") as running:
        soaked = soak(running.url, running.process.pid, seconds=30, samples=10)
    assert soaked.problems() == []
    soaked.plot(tmp_path / "soak.png")
    assert (tmp_path / "soak.png").read_bytes().startswith(b"\x89PNG")


def test_growth_and_slowness_are_seen() -> None:
    soaked = Soaked([Sample(minute, 100 + 10 * minute, 0.01, 3.0) for minute in range(10)])
    soaked.statuses.update([200, 503])
    assert len(soaked.problems()) == 3
