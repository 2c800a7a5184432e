"""Where the desk keeps things: a SQLite file, or PostgreSQL. Nothing here knows who asked."""

from __future__ import annotations

import contextlib
import datetime
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional, Sequence

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import StaticPool

from folderwijs.desk.migrations import migrate

MAX_LISTED = 5000
"""Questions that are listed at the most, the latest."""
_BUSY = 5000  # milliseconds to wait for another process
_PATIENCE = {"connect_timeout": 5, "tcp_user_timeout": 5000, "options": f"-c statement_timeout={_BUSY} -c lock_timeout={_BUSY}"}
"""How long PostgreSQL may take, in libpq's words, so that no thread waits without end for a server that went silent."""


class Kept(NamedTuple):
    """A question that is kept.

    Attributes:
        id: its number.
        day: when it was asked; no time of day.
        text: what was asked, without personal data.
        kinds: the kinds of reply it got.
        topics: topics of those replies.
        helped: False where the visitor said so, else None.
        why: what the visitor said about it, without personal data.
        mark: the question of the catalogue it belongs to, as marked at the desk.
    """

    id: int
    day: datetime.date
    text: str
    kinds: tuple[str, ...]
    topics: tuple[str, ...]
    helped: Optional[bool] = None
    why: str = ""
    mark: Optional[str] = None


class Asked(NamedTuple):
    """A question to be kept: see `Kept`."""

    day: datetime.date
    text: str
    kinds: Sequence[str]
    topics: Sequence[str] = ()


class Store:
    """The desk's tables.

    The connection is made when it is first needed, so that a database that comes up later than the service does no harm.

    Args:
        place: a file, a `postgresql://` address, or "" for this process's memory.
    """

    def __init__(self, place: Path | str) -> None:
        self._place = place
        self._engine: Optional[Engine] = None
        self._opening = threading.Lock()
        self._alone = threading.RLock() if place == "" else contextlib.nullcontext()

    def close(self) -> None:
        """Let go of every connection."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def keep(self, questions: Sequence[Asked]) -> None:
        """Keep questions, all or none; their texts must be without personal data."""
        values = [{"day": asked.day.isoformat(), "text": asked.text, "kinds": ",".join(asked.kinds), "topics": ",".join(asked.topics)} for asked in questions]
        if values:
            with self.transaction() as connection:
                connection.execute(text("INSERT INTO question (day, text, kinds, topics) VALUES (:day, :text, :kinds, :topics)"), values)

    def keep_unhelped(self, day: datetime.date, message: str, topics: Sequence[str], why: str) -> None:
        """Keep that a reply did not help: with the question where it is kept already that day, else as a question of its own."""
        values = {"day": day.isoformat(), "text": message, "topics": ",".join(topics), "why": why, "helped": False}
        with self.transaction() as connection:
            same = connection.execute(text("SELECT min(id) FROM question WHERE day = :day AND text = :text AND helped IS NULL"), values).scalar()
            if same is None:
                connection.execute(text("INSERT INTO question (day, text, kinds, topics, helped, why) VALUES (:day, :text, '', :topics, :helped, :why)"), values)
            else:
                connection.execute(text("UPDATE question SET helped = :helped, why = :why WHERE id = :id"), {**values, "id": same})

    def questions(self) -> list[Kept]:
        """The questions that are kept, the latest first."""
        with self.transaction() as connection:
            rows = connection.execute(
                text("SELECT id, day, text, kinds, topics, helped, why, mark FROM question ORDER BY day DESC, id DESC LIMIT :most"), {"most": MAX_LISTED}
            ).all()
        return [_kept(row) for row in rows]

    def mark(self, ids: Sequence[int], mark: Optional[str]) -> int:
        """Mark questions as belonging to one of the catalogue, or take the mark away; gives how many there were."""
        with self.transaction() as connection:
            found = [connection.execute(text("UPDATE question SET mark = :mark WHERE id = :id"), {"mark": mark, "id": id_}).rowcount for id_ in ids]
        return sum(found)

    def expire(self, before: datetime.date) -> int:
        """Delete what is of an earlier day than `before`; gives how many questions went."""
        with self.transaction() as connection:
            gone: int = connection.execute(text("DELETE FROM question WHERE day < :day"), {"day": before.isoformat()}).rowcount
            connection.execute(text("DELETE FROM topic_use WHERE day < :day"), {"day": before.isoformat()})
        if isinstance(self._place, Path):
            with contextlib.closing(self._connected().raw_connection()) as raw:
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else what was deleted stays in the log beside the file
        return gone

    def use(self, day: datetime.date, topic: str) -> None:
        """Count one use of a topic."""
        values = {"day": day.isoformat(), "topic": topic}
        with self.transaction() as connection:
            connection.execute(
                text("INSERT INTO topic_use (day, topic, uses) VALUES (:day, :topic, 1) ON CONFLICT (day, topic) DO UPDATE SET uses = topic_use.uses + 1"), values
            )

    def most_used(self, day: datetime.date, limit: int) -> list[str]:
        """The topics used most on a day, the most used first."""
        with self.transaction() as connection:
            rows = connection.execute(text("SELECT topic FROM topic_use WHERE day = :day ORDER BY uses DESC, topic LIMIT :limit"), {"day": day.isoformat(), "limit": limit})
            return [str(row.topic) for row in rows]

    def start_session(self, id_hash: str, now: int) -> None:
        """Begin a login session."""
        with self.transaction() as connection:
            connection.execute(text("INSERT INTO desk_session (id_hash, started, seen) VALUES (:id, :now, :now)"), {"id": id_hash, "now": now})

    def session(self, id_hash: str) -> Optional[tuple[int, int]]:
        """When a login session began and when it was last seen, in seconds, or None."""
        with self.transaction() as connection:
            row = connection.execute(text("SELECT started, seen FROM desk_session WHERE id_hash = :id"), {"id": id_hash}).first()
        return (row.started, row.seen) if row else None

    def see_session(self, id_hash: str, now: int) -> None:
        """Note that a login session is in use."""
        with self.transaction() as connection:
            connection.execute(text("UPDATE desk_session SET seen = :now WHERE id_hash = :id"), {"id": id_hash, "now": now})

    def end_session(self, id_hash: str) -> None:
        """End a login session."""
        with self.transaction() as connection:
            connection.execute(text("DELETE FROM desk_session WHERE id_hash = :id"), {"id": id_hash})

    def end_old_sessions(self, started_before: int, seen_before: int) -> None:
        """End the login sessions that began or were last seen before those times."""
        with self.transaction() as connection:
            connection.execute(text("DELETE FROM desk_session WHERE started < :started OR seen < :seen"), {"started": started_before, "seen": seen_before})

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection in a transaction, the tables up to date."""
        with self._alone, self._connected().begin() as connection:
            yield connection

    @property
    def _sqlite(self) -> bool:
        return not str(self._place).startswith("postgresql")

    def _connected(self) -> Engine:
        with self._opening:
            if self._engine is None:
                engine = self._make_engine()
                with engine.begin() as connection:
                    migrate(connection)
                self._engine = engine
        return self._engine

    def _make_engine(self) -> Engine:
        if not self._sqlite:
            return create_engine(str(self._place), future=True, hide_parameters=True, pool_pre_ping=True, pool_size=2, connect_args=_PATIENCE)
        if isinstance(self._place, Path):
            make_private(self._place)
            engine = create_engine(f"sqlite:///{self._place}", future=True, hide_parameters=True)
        else:
            engine = create_engine("sqlite://", future=True, hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        return engine


def make_private(path: Path) -> None:
    """Make a file and its folder that only this user can read; the files that SQLite puts beside it get the same rights."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _set_up_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # the driver's own transactions leave statements outside them
    for pragma in (f"busy_timeout={_BUSY}", "secure_delete=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")
    _keep_a_log(connection)


def _keep_a_log(connection: Any) -> None:
    """Have SQLite write to a log beside the file, so that readers need not wait.

    The file remembers it. Going over to it, SQLite does not wait for another connection that is busy, so we do.
    """
    until = time.monotonic() + _BUSY / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _kept(row: Any) -> Kept:
    kinds, topics = (tuple(filter(None, value.split(","))) for value in (row.kinds, row.topics))
    return Kept(row.id, datetime.date.fromisoformat(row.day), row.text, kinds, topics, None if row.helped is None else bool(row.helped), row.why, row.mark)
