"""Processes that are measured: started, read from /proc, and stopped whatever happens."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_PATIENCE = 15  # seconds between asking a process to stop and stopping it

ENVIRONMENT = {"RASA_TELEMETRY_ENABLED": "false", "PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3", "SANIC_WORKERS": "1", "PYTHONPATH": str(Path(__file__).parent.parent)}
"""What every process that is measured finds in its environment."""


class Usage(NamedTuple):
    """What processes use, with all their children.

    Attributes:
        megabytes: resident memory.
        cpu_seconds: processor time since their start.
    """

    megabytes: float
    cpu_seconds: float


class Running:
    """Processes that run together, each the first of a session of its own."""

    def __init__(self, processes: Sequence[subprocess.Popen[Any]]) -> None:
        self._processes = processes

    @property
    def alive(self) -> bool:
        """Whether all of them still run."""
        return all(process.poll() is None for process in self._processes)

    @property
    def status(self) -> int:
        """The exit status of the first: 0 where all went well, also while it runs."""
        return self._processes[0].poll() or 0

    def usage(self) -> Usage:
        """What they use now."""
        ids = [process.pid for process in self._processes]
        parents = _parents()
        found = set(ids)
        while more := {child for child, parent in parents.items() if parent in found} - found:
            found |= more
        each = [usage for id_ in found if (usage := _usage(id_))]
        return Usage(sum(usage.megabytes for usage in each), sum(usage.cpu_seconds for usage in each))


@contextlib.contextmanager
def running(commands: Sequence[Sequence[str]], folder: Path, log: Path, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run commands side by side, and stop each with its whole session at the end.

    Args:
        commands: each a program with its arguments.
        folder: where they run.
        log: takes their output.
        environment: added to this process's environment.
    """
    processes: list[subprocess.Popen[Any]] = []
    with log.open("wb") as output:
        try:
            for command in commands:
                processes.append(
                    subprocess.Popen(  # noqa: S603, our own commands
                        command, cwd=folder, env={**os.environ, **ENVIRONMENT, **(environment or {})}, stdout=output, stderr=output, start_new_session=True, preexec_fn=_die_with_parent
                    )
                )
            yield Running(processes)
        finally:
            stop(processes)


def stop(processes: Sequence[subprocess.Popen[Any]]) -> None:
    """Ask processes to stop, and stop those that do not, with what they started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)


def free_port() -> int:
    """A port on the loopback address that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def load_average() -> float:
    """Processes that ran or waited for a processor, averaged over the last minute."""
    return round(os.getloadavg()[0], 1)


def machine() -> dict[str, str]:
    """The machine's description."""
    information = Path("/proc/cpuinfo").read_text("utf8") if Path("/proc/cpuinfo").is_file() else ""
    model = next((line.partition(":")[2].strip() for line in information.splitlines() if line.startswith("model name")), platform.processor() or "unknown processor")
    gibibytes = os.sysconf("SC_PHYS_PAGES") * _PAGE / 2**30
    return {
        "processor": f"{os.cpu_count()} cores of {model}",
        "memory": f"{gibibytes:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "python": platform.python_version(),
    }


def _die_with_parent() -> None:
    """Ask the kernel to stop this process when the benchmark is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)


def _parents() -> dict[int, int]:
    """Of each process its parent."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text("utf8", "replace").rpartition(")")[2].split()[1])
    return parents


def megabytes(id_: int) -> float:
    """Megabytes of memory that one process has in use, without its children; 0 where it is gone or this is not Linux."""
    usage = _usage(id_)
    return usage.megabytes if usage else 0.0


def verdict(problems: Sequence[str]) -> int:
    """Say which promises were not kept; gives the exit status of a command."""
    for problem in problems:
        print(f"NOT KEPT: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _usage(id_: int) -> Usage | None:
    """What one process uses; None where it is gone."""
    try:
        fields = Path(f"/proc/{id_}/stat").read_text("utf8", "replace").rpartition(")")[2].split()
        pages = int(Path(f"/proc/{id_}/statm").read_text("utf8").split()[1])
    except OSError:
        return None
    return Usage(pages * _PAGE / 2**20, (int(fields[11]) + int(fields[12])) / _TICKS)
