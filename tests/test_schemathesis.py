"""A running service, held against the description that it serves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from service_process import service_process

pytest.importorskip("schemathesis")


def test_the_running_service_is_as_described(model: Path, tmp_path: Path) -> None:
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,negative_data_rejection"
    with service_process(tmp_path / "log", DESK="off") as url:
        run = subprocess.run(
            [str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/openapi.json", "--include-path-regex", "^/(api/(?!desk)|health|openapi)", "--checks", checks, "--exclude-checks", "unsupported_method",
             "--max-examples", "25", "--seed", "6", "--request-timeout", "10", "--phases", "examples,coverage,fuzzing", "--no-color"],
            capture_output=True, text=True, check=False, timeout=240, cwd=tmp_path,
        )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-500:]
    assert "8 selected" in run.stdout, "chat, feedback, search, widget, three of health, and the description itself"
