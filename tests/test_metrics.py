from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from service_process import service_process

from folderwijs.settings import PROJECT

WORD = "zeldzaamwoord"


def metrics_of(log: Path) -> dict[str, float]:
    """What Prometheus would read, from the address that the service says."""
    found = re.search(r"Metrics: (http://[\w.:/]+)", log.read_text("utf8"))
    assert found, log.read_text("utf8")
    text = httpx.get(found.group(1)).text
    assert WORD not in text
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line and not line.startswith("#")}


def test_replies_refusals_and_times_are_counted(model: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with service_process(log, METRICS_PORT="0") as url:
        for message in ("mag ik fietsen?", "mag ik fietsen?", f"/{WORD}", " "):
            httpx.post(f"{url}/api/chat", content=json.dumps({"message": message}))
        httpx.get(f"{url}/{WORD}")
        seen = metrics_of(log)
        assert httpx.get(f"{url}/metrics").status_code == 404, "not where visitors can read it"
    assert seen['folderwijs_replies_total{kind="answer"}'] >= 2
    assert sum(value for name, value in seen.items() if name.startswith("folderwijs_replies_total")) == 3
    assert seen['folderwijs_refusals_total{code="empty_message"}'] == 1
    assert seen['folderwijs_request_seconds_count{path="/api/chat",status="200"}'] == 3
    assert seen['folderwijs_request_seconds_count{path="other",status="404"}'] >= 1
    assert seen["folderwijs_queue_length"] == 0


TOGETHER = """
import os, subprocess, sys
folder = sys.argv[1]
os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
count = "from folderwijs import metrics; metrics.REPLIES.labels('answer').inc(); metrics.QUEUE.inc()"
for _ in range(2):
    subprocess.run([sys.executable, "-c", count], check=True)
from folderwijs import metrics
metrics.REPLIES.labels("answer").inc()
metrics.QUEUE.inc()
from urllib.request import urlopen
print(urlopen(f"http://127.0.0.1:{metrics.publish('127.0.0.1', 0)}/metrics").read().decode())
"""


def test_several_processes_count_together_and_those_that_are_gone_wait_for_nothing(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", TOGETHER, str(tmp_path)], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert 'folderwijs_replies_total{kind="answer"} 3.0' in run.stdout, run.stderr
    assert "folderwijs_queue_length 1.0" in run.stdout


def test_the_port_is_closed_unless_it_is_set(model: Path, tmp_path: Path) -> None:
    with service_process(tmp_path / "log"):
        assert "Metrics" not in (tmp_path / "log").read_text("utf8")


def test_a_port_in_use_is_told(model: Path, tmp_path: Path) -> None:
    with service_process(tmp_path / "log") as url, pytest.raises(pytest.fail.Exception, match="METRICS_PORT"), service_process(tmp_path / "other", METRICS_PORT=url.rsplit(":", 1)[1]):
        pass
