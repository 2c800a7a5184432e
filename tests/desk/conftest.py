"""What several tests of the desk share: stores of every kind."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Callable, Iterator

import pytest

from folderwijs.desk.store import Store

_PROGRAMS = (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *map(Path, os.environ["PATH"].split(":")))


def _program(name: str) -> str:
    found = shutil.which(name, path=":".join(map(str, _PROGRAMS)))
    return found or pytest.skip(f"no {name}: Debian's package postgresql is not installed, so the store is not tried on PostgreSQL")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL cluster made for these tests."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = next((name for name in ("postgres", "nobody") if name in {entry.pw_name for entry in pwd.getpwall()}), None)
        if user is None:
            pytest.skip("running as root, and there is no other user to run PostgreSQL as")
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        if user:
            shutil.chown(folder, user)
        data = f"{folder}/data"

        def run(*command: str) -> None:
            subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})

        run(initdb, "--pgdata", data, "--auth", "trust", "--username", "folderwijs", "--encoding", "UTF8", "--no-sync")
        run(pg_ctl, "--pgdata", data, "--wait", "--log", f"{folder}/log", "--options", f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off", "start")
        try:
            yield f"postgresql://folderwijs@/postgres?host={folder}"
        finally:
            run(pg_ctl, "--pgdata", data, "--mode", "immediate", "stop")


@pytest.fixture(params=["sqlite", "memory", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where an empty store can be made."""
    if request.param == "postgresql":
        from sqlalchemy import create_engine, text

        address: str = request.getfixturevalue("postgresql")
        with create_engine(address, future=True).begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        return address
    return "" if request.param == "memory" else tmp_path / "var" / "questions.sqlite3"


@pytest.fixture
def open_store(place: Path | str) -> Iterator[Callable[[], Store]]:
    """Opens a store at the same place, each time anew."""
    stores: list[Store] = []

    def open_() -> Store:
        stores.append(Store(place))
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    return open_store()
