"""deploy/folderwijs.service is a unit that systemd takes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from folderwijs.settings import PROJECT, SETTINGS

UNIT = (PROJECT / "deploy" / "folderwijs.service").read_text("utf8")


def complaints(text: str, folder: Path) -> str:
    """What systemd says against a unit."""
    program = shutil.which("systemd-analyze") or pytest.skip("no systemd-analyze: systemd is not installed")
    unit = folder / "folderwijs.service"
    unit.write_text(text.replace("/opt/folderwijs/.venv/bin/python", sys.executable), "utf8")
    return subprocess.run([program, "verify", str(unit)], capture_output=True, text=True, check=False).stderr


def test_systemd_takes_it(tmp_path: Path) -> None:
    assert complaints(UNIT, tmp_path) == ""
    assert "Restrat" in complaints(UNIT.replace("Restart=", "Restrat="), tmp_path)


def test_it_names_real_settings() -> None:
    names = [line.split("=")[1] for line in UNIT.splitlines() if line.startswith("Environment=")]
    assert set(names) <= {setting.name for setting in SETTINGS}
