"""What becomes of a visitor's message: it is never kept, only what is left of it without personal data."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, Callable, Sequence

import httpx
import pytest
from service_process import service_process
from starlette.testclient import TestClient

from folderwijs.answers import Answers
from folderwijs.app import Service
from folderwijs.engine import Engine
from folderwijs.replies import Reply
from folderwijs.settings import Settings

MARKS = ("Quintijntje Zwaluwenburg", "06-98765432", "zwaluwenburg@postbus.example", "17-09-1953", "Zwaluwstraat 417", "7391 XQ", "111222333")
MESSAGES = [
    f"ik ben {MARKS[0]}, mag ik zwemmen? bel {MARKS[1]}",
    f"moet ik een brace, mail {MARKS[2]}, geboren {MARKS[3]}",
    f"weersverwachting voor {MARKS[4]}, {MARKS[5]}",
    f"mijn bsn is {MARKS[6]}, wat kost het",
    f"mag ik fietsen, groeten {MARKS[0]}",
    f"ik hoorde een knap in mijn kuit, {MARKS[0]}, {MARKS[1]}",
]


class Log:
    """A question log that remembers, or does something else."""

    def __init__(self, then: Callable[[], Any] = lambda: None) -> None:
        self.heard: list[tuple[str, list[str]]] = []
        self._then = then

    async def replied(self, message: str, replies: Sequence[Reply]) -> None:
        self.heard.append((message, [reply.kind for reply in replies]))
        result = self._then()
        if asyncio.iscoroutine(result):
            await result

    async def rated(self, message: str, topics: Sequence[str], helpful: bool, why: str) -> None:
        raise AssertionError("nobody rated anything")


def ask(engine: Engine, answers: Answers, settings: Settings, log: Log) -> float:
    """Ask something of a service with a question log; gives the seconds to the reply."""
    with TestClient(Service(settings, answers, lambda: engine, log).app()) as client:
        start = time.perf_counter()
        assert client.post("/api/chat", json={"message": "mag ik zwemmen?"}).json()["replies"][0]["kind"] == "not_in_leaflet"
        return time.perf_counter() - start


def test_the_log_hears_of_every_reply(engine: Engine, answers: Answers, settings: Settings) -> None:
    log = Log()
    ask(engine, answers, settings, log)
    assert log.heard == [("mag ik zwemmen?", ["not_in_leaflet"])]


def test_no_visitor_waits_for_the_log(engine: Engine, answers: Answers, settings: Settings) -> None:
    log = Log(lambda: asyncio.sleep(2))
    assert ask(engine, answers, settings, log) < 1
    assert log.heard


def test_a_log_that_fails_fails_no_reply_and_tells_nothing(engine: Engine, answers: Answers, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise OSError("mag ik zwemmen? kan niet worden bewaard")

    ask(engine, answers, settings, Log(fail))
    assert "OSError" in caplog.text
    assert "zwemmen" not in caplog.text


def test_a_raw_message_reaches_neither_the_disk_nor_the_log(model: Path, tmp_path: Path) -> None:
    """A real service, with all it writes: the store with what SQLite puts beside it, and its log at the wordiest."""
    database = tmp_path / "var" / "questions.sqlite3"
    written: dict[str, bytes] = {}

    def read() -> None:  # all the time, so that nothing is there for a moment only
        while not stop.is_set():
            for path in database.parent.glob("*"):
                try:
                    written[path.name] = written.get(path.name, b"") + path.read_bytes()
                except OSError:
                    continue
            time.sleep(0.05)

    stop = threading.Event()
    reader = threading.Thread(target=read, daemon=True)
    with service_process(tmp_path / "log", QUESTIONS_DB=str(database), LOG_LEVEL="debug") as address:
        reader.start()
        for message in MESSAGES:
            httpx.post(f"{address}/api/chat", json={"message": message}, timeout=30).raise_for_status()
            httpx.get(f"{address}/api/search", params={"q": message}, timeout=30).raise_for_status()
        time.sleep(1)
    stop.set()
    reader.join()
    with sqlite3.connect(database) as connection:
        kept = [text for text, in connection.execute("SELECT text FROM question ORDER BY id")]
    assert any("zwemmen" in text and "[naam]" in text and "[telefoon]" in text for text in kept), "what may be kept is kept"
    assert not any("knap" in text or "fietsen" in text for text in kept)
    everything = b"".join((*written.values(), *(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())))
    assert b"zwemmen" in everything
    for mark in MARKS:
        for part in (mark, mark.replace("-", "").replace(" ", ""), *(word for word in mark.split() if len(word) > 4)):
            assert part.lower().encode() not in everything.lower(), part


def test_switched_off_nothing_is_written(model: Path, tmp_path: Path) -> None:
    with service_process(tmp_path / "log", QUESTIONS_DB="off", LOG_LEVEL="debug") as address:
        httpx.post(f"{address}/api/chat", json={"message": "mag ik zwemmen met een zwaluwenburgje"}, timeout=30).raise_for_status()
        assert "bewaart geen vragen" in httpx.get(f"{address}/balie/vragen").text
    assert [path.name for path in tmp_path.rglob("*")] == ["log"]
    assert b"zwaluwenburg" not in (tmp_path / "log").read_bytes()


def test_switched_off_the_desk_is_not_there(model: Path, tmp_path: Path) -> None:
    with service_process(tmp_path / "log", DESK="off") as address:
        assert [httpx.get(f"{address}{path}").status_code for path in ("/balie", "/balie/vragen", "/api/desk/topics", "/balie/static/desk.js")] == [404] * 4
