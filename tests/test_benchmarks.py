from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks import measures, report, scale
from benchmarks.__main__ import main
from benchmarks.load import Result, converse, messages
from benchmarks.made_up import QUESTIONS_A_TOPIC, topics
from benchmarks.measures import BUSY, Plan
from benchmarks.processes import Running, load_average, machine, running, stop
from benchmarks.report import page, reach, write
from benchmarks.setups import Setup, TrainingFailed, leanest, ours, trained
from benchmarks.side_by_side import Turns, side_by_side
from benchmarks.statistics import around, median, percentile
from benchmarks.stock import LEANEST, our_questions, read_questions, write_project
from folderwijs.settings import PROJECT

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def numbers() -> dict[str, Any]:
    """The committed figures."""
    stored: dict[str, Any] = json.loads(report.NUMBERS.read_text("utf8"))
    return stored


@pytest.mark.parametrize(("percent", "value"), [(1, 1), (50, 5), (90, 9), (91, 10), (99, 10), (100, 10)])
def test_a_percentile_is_the_nearest_rank(percent: float, value: float) -> None:
    assert percentile([10, 2, 3, 4, 5, 6, 7, 8, 9, 1], percent) == value


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], 0), ([1.0], 101)])
def test_a_percentile_of_nothing_is_an_error(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, percent)


def test_the_median_lies_in_the_middle() -> None:
    assert median([5, 1, 3]) == 3
    assert median([4, 1, 3, 2]) == 2.5
    with pytest.raises(ValueError, match="median"):
        median([])


def test_the_cost_of_a_message_is_that_of_the_five_around_it() -> None:
    values = [9.0, 9, 3, 1, 2, 4, 5, 9, 9]
    assert around(values, 5) == 3
    assert around(values, 1) == 9
    with pytest.raises(ValueError, match="median"):
        around(values, 20)


def test_the_figures_of_a_result() -> None:
    result = Result(10, [0.001] * 98 + [0.5, 1.0], failed=3, seconds=4, client_seconds=1, service_seconds=2)
    assert result.summary() == {"users": 10, "messages": 100, "failed": 3, "median_ms": 1, "p99_ms": 500, "per_second": 25, "cpu_ms": 20, "client_share": 0.25}


def test_made_up_topics_are_many_different_and_always_the_same() -> None:
    made = topics(30)
    assert made == topics(30)
    assert list(topics(10)) == list(made)[:10]
    questions = [question for texts in made.values() for question in texts]
    assert len(questions) == len(set(questions)) == 30 * QUESTIONS_A_TOPIC
    assert all(re.fullmatch(r"[a-z ]+", question) for question in questions)


def test_the_messages_are_in_the_same_order_every_time_and_none_is_a_command() -> None:
    first = list(islice(messages(), 2_000))
    assert first == list(islice(messages(), 2_000))
    assert not any(text.startswith("/") or not text.strip() for text in first)


def test_load_goes_to_this_machine_only() -> None:
    with pytest.raises(ValueError, match="loopback"):
        asyncio.run(converse("http://192.0.2.1:80", ours(), 1, 1, 1))


def test_what_runs_is_stopped_whatever_happens(tmp_path: Path) -> None:
    script = "import subprocess, sys, time; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); time.sleep(60)"
    log = tmp_path / "log"

    def fail() -> None:
        with running([[sys.executable, "-c", script, *SLEEP], SLEEP], tmp_path, log) as processes:
            while not log.read_text("utf8").endswith("\n"):
                time.sleep(0.05)
            assert processes.alive
            assert processes.usage().megabytes > 5, "of three processes"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert _ends(int(log.read_text("utf8")))


def test_what_does_not_want_to_stop_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.processes._PATIENCE", 0.5)
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    stop([process])
    assert process.wait(5) == -signal.SIGKILL


def test_what_runs_is_stopped_with_the_benchmark_that_is_killed(tmp_path: Path) -> None:
    script = f"from pathlib import Path\nfrom benchmarks.processes import running\nwith running([{SLEEP!r}], Path('.'), Path('log')) as r:\n print(r._processes[0].pid, flush=True)\n input()"
    benchmark = subprocess.Popen([sys.executable, "-W", "ignore", "-c", script], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert benchmark.stdout is not None
    child = int(benchmark.stdout.readline())
    benchmark.kill()
    benchmark.communicate()
    assert _ends(child)


def _ends(id_: int) -> bool:
    """Whether a process that was told to stop does so in ten seconds."""
    until = time.monotonic() + 10
    while _runs(id_) and time.monotonic() < until:
        time.sleep(0.05)
    return not _runs(id_)


def _runs(id_: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{id_}/stat").read_text("utf8").rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_memory_and_processor_time_count_children(tmp_path: Path) -> None:
    busy = "import subprocess, sys, time\nif sys.argv[1:]: subprocess.run([sys.executable, '-c', sys.argv[1]])\n"
    spin = "x = bytearray(60_000_000)\nimport time\nwhile time.process_time() < 0.5: pass\ntime.sleep(60)"
    with running([[sys.executable, "-c", busy, spin]], tmp_path, tmp_path / "log") as processes:
        until = time.monotonic() + 20
        while processes.usage().cpu_seconds < 0.5 and time.monotonic() < until:
            time.sleep(0.05)
        usage = processes.usage()
    assert usage.cpu_seconds >= 0.5
    assert usage.megabytes > 60


def test_the_machine_is_described() -> None:
    assert set(machine()) == {"processor", "memory", "system", "python"}
    assert load_average() >= 0


def test_a_stock_project_has_our_questions_rules_and_actions(tmp_path: Path) -> None:
    write_project(tmp_path, LEANEST, our_questions(), 5055, PROJECT / "domain.yml", PROJECT / "data" / "rules.yml", stories=False)
    assert read_questions(tmp_path / "data" / "nlu.yml") == our_questions()
    assert yaml.safe_load((tmp_path / "config.yml").read_text("utf8"))["policies"] == [{"name": "RulePolicy"}]
    assert (tmp_path / "domain.yml").read_text("utf8") == (PROJECT / "domain.yml").read_text("utf8")
    assert not (tmp_path / "data" / "stories.yml").exists()


def test_a_stock_conversation_has_an_id_from_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("benchmarks.setups.BUILD", tmp_path)
    setup = leanest()
    first, second = (setup.request("hallo", None)["sender"] for _ in range(2))
    assert first != second
    assert setup.request("hallo", "x") == {"message": "hallo", "sender": "x"}
    assert setup.conversation([{"recipient_id": "x", "text": "hallo"}]) == "x"
    assert setup.conversation([]) is None, "nothing is what stock Rasa says when it fails"


def test_our_error_reply_is_a_failure() -> None:
    setup = ours()
    assert setup.conversation({"session": "s", "replies": [{"kind": "answer"}]}) == "s"
    assert setup.conversation({"session": "s", "replies": [{"kind": "error"}]}) is None


def setup_that(script: str, folder: Path) -> Setup:
    (folder / "config.yml").write_text("{}", "utf8")
    return Setup("test", "test", folder, (sys.executable, "-c", script), lambda port: [], lambda port: {}, "/", lambda message, conversation: {}, lambda reply: None)


def test_training_is_measured_once_for_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.setups.BUILD", tmp_path)
    setup = setup_that("import pathlib, time; time.sleep(.3); pathlib.Path('runs').open('a').write('x')", tmp_path)
    first = trained(setup)
    assert first["seconds"] >= 0.3
    assert trained(setup) == first
    (tmp_path / "config.yml").write_text("{other: 1}", "utf8")
    trained(setup)
    assert (tmp_path / "runs").read_text("utf8") == "xx"


@pytest.mark.parametrize(("script", "seconds", "why"), [("raise SystemExit('no data')", 60, "no data"), ("import time; time.sleep(60)", 0.5, "given up")])
def test_training_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, seconds: float, why: str) -> None:
    monkeypatch.setattr("benchmarks.setups.BUILD", tmp_path)
    for _ in range(2):
        with pytest.raises(TrainingFailed, match=why):
            trained(setup_that(script, tmp_path), seconds)


@pytest.mark.parametrize(("loads", "taken", "best"), [([1.0], 1, 30), ([BUSY + 1, 1.0], 2, 20), ([BUSY + 1] * 3, 2, 20)])
def test_a_measurement_is_taken_again_where_the_machine_was_busy(loads: list[float], taken: int, best: float) -> None:
    each = iter([{"median_ms": 30, "load_before": load} if number == 0 else {"median_ms": 20, "load_before": load} for number, load in enumerate(loads)])

    async def measure() -> dict[str, float]:
        return next(each)

    found = asyncio.run(measures._quietly(measure, Plan()))
    assert (found["taken"], found["median_ms"]) == (taken, best)


def test_a_larger_project_is_a_whole_project(tmp_path: Path) -> None:
    folder = scale.write_project(tmp_path / "ten", 10)
    run = subprocess.run([sys.executable, "-W", "ignore", "-m", "folderwijs", "check"], cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert f"{10 * len(yaml.safe_load((PROJECT / scale._LEAFLET).read_text('utf8')))} onderwerpen" in run.stdout
    questions = read_questions(folder / "data" / "nlu.yml")
    assert {len(texts) for name, texts in questions.items() if name.startswith("bedacht")} == {QUESTIONS_A_TOPIC}


def test_what_was_aimed_for_is_held_against_what_was_measured() -> None:
    def figures(ms: float, per_second: float, start: float) -> dict[str, Any]:
        return {"users": [{"users": 1, "median_ms": ms, "per_second": 1}, {"users": 50, "median_ms": 1, "per_second": per_second}], "start_s": start}

    many = [{"conversations": 1_000, "megabytes": 100.0}, {"conversations": 20_000, "megabytes": 111.0}]
    setups = {"ours": {"long": {"ms": {"5": 10.0, "500": 13.0}}, "many": many}}
    rows = reach(setups, {"ours": figures(7, 140, 8), "leanest": figures(77, 13, 19)})
    assert [row.split("|")[4].strip() for row in rows] == ["yes", "yes", "no", "yes", "no"]
    assert "11.00x (77 ms against 7 ms)" in rows[0]
    assert len(reach(setups, None)) == 2


def test_turns_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.measures.BUILD", tmp_path)
    once, again = (replace(ours(), name=name, serve=lambda port: [[sys.executable, "-m", "benchmarks.client", str(port)]]) for name in ("once", "again"))
    found = asyncio.run(side_by_side(once, again, Turns(starts=2, rounds=2, seconds=0.3, users=(1, 3)), lambda text: None))
    for name in ("once", "again"):
        assert len(found[name]["starts"]) == 2
        assert [row["users"] for row in found[name]["users"]] == [1, 3]
        assert all(row["messages"] > 10 and row["cpu_ms"] >= 0 for row in found[name]["users"])


def test_the_report_is_that_of_the_stored_figures(numbers: dict[str, Any], tmp_path: Path) -> None:
    write(numbers, tmp_path)
    assert (tmp_path / "performance.md").read_text("utf8") == (report.DOCS / "performance.md").read_text("utf8")
    pictures = re.findall(r"\]\((performance-\w+\.png)\)", page(numbers))
    assert len(pictures) == 4
    for picture in pictures:
        assert (tmp_path / picture).stat().st_size > 5_000
        assert (report.DOCS / picture).is_file()


def test_a_quick_run_measures_ours_from_end_to_end(tmp_path: Path, model: Path) -> None:
    assert main(["--quick", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "performance.json").read_text("utf8"))
    assert [row["users"] for row in found["setups"]["ours"]["users"]] == [1, 5]
    assert all(row["failed"] == 0 and row["messages"] == 30 for row in found["setups"]["ours"]["users"])
    assert set(found["setups"]["ours"]["long"]["ms"]) == {"5", "50"}
    assert [look["conversations"] for look in found["setups"]["ours"]["many"]] == [10, 40]
    assert found["client"]["per_second"] > found["setups"]["ours"]["users"][-1]["per_second"]
    assert sum(found["profile"]["shares"].values()) == pytest.approx(1, abs=0.01)
    assert all(share > 0 for share in found["profile"]["shares"].values()), "a part is not found: see benchmarks/profiling.py"
    assert "| ours | 5 |" in (tmp_path / "performance.md").read_text("utf8")


def test_no_process_is_measured_without_a_process() -> None:
    assert Running([]).usage() == (0, 0)
