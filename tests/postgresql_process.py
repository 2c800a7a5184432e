"""A PostgreSQL cluster of Debian's package, made for the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

_PROGRAMS = (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *map(Path, os.environ["PATH"].split(":")))


class PostgreSQL:
    """A cluster in a folder, which listens on a socket there."""

    def __init__(self, folder: str) -> None:
        self.address = f"postgresql://folderwijs@/postgres?host={folder}"
        self._folder = folder
        self._user = None
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self._user = next((name for name in ("postgres", "nobody") if name in {entry.pw_name for entry in pwd.getpwall()}), None)
            if self._user is None:
                pytest.skip("running as root, and there is no other user to run PostgreSQL as")
            shutil.chown(folder, self._user)
        self._run("initdb", "--auth", "trust", "--username", "folderwijs", "--encoding", "UTF8", "--no-sync")

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off"
        self._run("pg_ctl", "--wait", "--log", f"{self._folder}/log", "--options", options, "start")

    def stop(self) -> None:
        """Stop at once, as when the machine loses power."""
        self._run("pg_ctl", "--mode", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [_program(program), "--pgdata", f"{self._folder}/data", *arguments]
        subprocess.run(command, check=True, user=self._user, cwd=self._folder, stdout=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})


@contextmanager
def postgresql_process() -> Iterator[PostgreSQL]:
    """A cluster that runs; skips the test where there is no PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        cluster = PostgreSQL(folder)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


def _program(name: str) -> str:
    found = shutil.which(name, path=":".join(map(str, _PROGRAMS)))
    return found or pytest.skip(f"no {name}: Debian's package postgresql is not installed, so nothing is tried on PostgreSQL")
