"""What several tests of the desk share: stores of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Iterator

import pytest
from postgresql_process import postgresql_process

from folderwijs.desk.store import Store


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL cluster made for these tests."""
    with postgresql_process() as cluster:
        yield cluster.address


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
