"""Two services with one Redis and one PostgreSQL, as on two machines behind a proxy."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple

import httpx
import pytest
from postgresql_process import PostgreSQL, postgresql_process
from redis_process import PASSWORD, RedisServer
from service_process import Service, started_service, wait_until_healthy
from sqlalchemy import create_engine, text

from folderwijs.answers import Answers
from folderwijs.sessions import Sessions
from folderwijs.settings import PROJECT

SECRET = "gedeeld" * 5
QUESTION = "mag ik ibuprofen slikken?"
SOON = 2.0
"""Seconds within which a visitor gets a reply, whatever is away."""


class Pair(NamedTuple):
    """Two services and what they share."""

    services: tuple[Service, Service]
    redis: RedisServer
    postgresql: PostgreSQL
    logs: tuple[Path, Path]

    def chat(self, number: int, message: str, session: str | None = None) -> dict[str, Any]:
        """Send a message to one of the two; gives the body of the reply."""
        response = httpx.post(f"{self.services[number % 2].url}/api/chat", content=json.dumps({"message": message, "session": session}), timeout=30)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    def health(self, number: int) -> int:
        """The status of one's health."""
        return httpx.get(f"{self.services[number].url}/health", timeout=5).status_code

    def kept(self, session: str) -> list[str]:
        """What was typed in a conversation, as Redis has it."""
        key = f"folderwijs:{{{Sessions(SECRET).conversation(session)}}}:events"
        return [event["text"] for event in json.loads(self.redis.client().get(key)) if event["event"] == "user"]


@pytest.fixture(scope="module")
def pair(model: Path, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("many")
    with ExitStack() as stack:
        postgresql = stack.enter_context(postgresql_process())
        settings = {"REDIS_URL": redis_server.url, "SECRET": SECRET, "QUESTIONS_DB": postgresql.address, "MAX_EVENTS": "300", "LOG_LEVEL": "debug"}
        logs = folder / "one", folder / "other"
        one, other = (stack.enter_context(started_service(log, **settings)) for log in logs)
        for service in (one, other):
            wait_until_healthy(service)
        yield Pair((one, other), redis_server, postgresql, logs)


def eventually(holds: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether something becomes true within so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.1)
    return False


def topics_of(body: dict[str, Any]) -> list[str]:
    topics: list[str] = body["replies"][0]["topics"]
    return topics


def is_error_with_phone(body: dict[str, Any], answers: Answers) -> bool:
    [reply] = body["replies"]
    return reply["kind"] == "error" and answers.practice.phone in reply["text"]


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    started = time.monotonic()
    return call(), time.monotonic() - started


def test_a_conversation_alternates_between_two_processes_and_stays_in_context(pair: Pair) -> None:
    body, typed = pair.chat(0, "hallo"), ["hallo"]
    turns = [("mag ik fietsen?", "fietsen"), ("waar staat dat?", "fietsen"), ("helpt een operatie?", "operatie_succes"), ("waar staat dat?", "operatie_succes")]
    for number, (message, topic) in enumerate(turns * 2, 1):
        body = pair.chat(number, message, body["session"])
        typed.append(message)
        assert not body["forgotten"]
        assert topics_of(body) == [topic]
    assert pair.kept(body["session"]) == typed


def test_messages_that_wait_in_one_conversation_are_handled_in_the_order_they_came(pair: Pair) -> None:
    session = pair.chat(0, "hallo")["session"]
    messages = [f"mag ik fietsen {number}?" for number in range(12)]
    redis = pair.redis.client()
    line, alive = (f"folderwijs:{{{Sessions(SECRET).conversation(session)}}}:{name}" for name in ("turns", "alive"))
    redis.hset(alive, "test", (redis.time()[0] + 60) * 1000)  # the test has the conversation, so that all must wait
    redis.rpush(line, "test")

    async def send_all() -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            posts = []
            for number, message in enumerate(messages):
                url = f"{pair.services[number % 2].url}/api/chat"
                posts.append(asyncio.ensure_future(client.post(url, content=json.dumps({"message": message, "session": session}))))
                while redis.llen(line) < number + 2:
                    await asyncio.sleep(0.01)
            redis.lrem(line, 1, "test")
            for response in await asyncio.gather(*posts):
                response.raise_for_status()

    asyncio.run(asyncio.wait_for(send_all(), 30))
    assert pair.kept(session) == ["hallo", *messages]


def test_messages_of_one_conversation_sent_at_once_are_all_kept(pair: Pair) -> None:
    session = pair.chat(0, "hallo")["session"]
    messages = [f"mag ik fietsen {number}?" for number in range(16)]

    async def send_all() -> list[httpx.Response]:
        async with httpx.AsyncClient(timeout=30) as client:
            posts = (client.post(f"{pair.services[number % 2].url}/api/chat", content=json.dumps({"message": message, "session": session})) for number, message in enumerate(messages))
            return list(await asyncio.gather(*posts))

    bodies = [response.json() for response in asyncio.run(send_all())]
    assert not any(body["forgotten"] or body["replies"][0]["kind"] == "error" for body in bodies)
    first, *others = pair.kept(session)
    assert first == "hallo"
    assert sorted(others) == sorted(messages)


def test_the_visitor_is_told_while_redis_is_away_and_goes_on_when_it_is_back(pair: Pair, answers: Answers) -> None:
    session = pair.chat(0, "mag ik fietsen?")["session"]
    pair.redis.stop()
    try:
        for number in range(4):
            body, seconds = timed(lambda number=number: pair.chat(number, "waar staat dat?", session))  # type: ignore[misc]
            assert is_error_with_phone(body, answers)
            assert seconds < SOON
        assert (pair.health(0), pair.health(1)) == (503, 503)
    finally:
        pair.redis.start()
    assert eventually(lambda: (pair.health(0), pair.health(1)) == (200, 200), 3)
    body = pair.chat(1, "waar staat dat?", session)
    assert topics_of(body) == ["fietsen"]
    assert not body["forgotten"]


def test_nothing_hangs_while_redis_says_nothing(pair: Pair, answers: Answers) -> None:
    session = pair.chat(0, "mag ik fietsen?")["session"]

    async def send(client: httpx.AsyncClient, number: int) -> tuple[dict[str, Any], float]:
        started = time.monotonic()
        response = await client.post(f"{pair.services[number % 2].url}/api/chat", content=json.dumps({"message": "waar staat dat?", "session": session if number < 2 else None}))
        return response.json(), time.monotonic() - started

    async def send_all() -> list[tuple[dict[str, Any], float]]:
        async with httpx.AsyncClient(timeout=30) as client:
            return list(await asyncio.gather(*(send(client, number) for number in range(20))))

    pair.redis.freeze()
    try:
        results = asyncio.run(send_all())
        assert all(is_error_with_phone(body, answers) for body, _ in results)
        assert max(seconds for _, seconds in results) < SOON
        status, seconds = timed(lambda: pair.health(0))
        assert status == 503
        assert seconds < SOON
    finally:
        pair.redis.thaw()
    assert eventually(lambda: pair.health(0) == 200, 3)
    assert eventually(lambda: topics_of(pair.chat(0, "waar staat dat?", session)) == ["fietsen"], 5)


def test_chatting_goes_on_while_postgresql_is_away_and_questions_are_kept_again_when_it_is_back(pair: Pair) -> None:
    def kept() -> int:
        engine = create_engine(pair.postgresql.address, future=True)
        with engine.begin() as connection:
            number: int = connection.execute(text("SELECT count(*) FROM question WHERE text = :text"), {"text": QUESTION}).scalar()
        engine.dispose()
        return number

    def ask(number: int) -> dict[str, Any]:
        return pair.chat(number, QUESTION)

    for number in range(2):
        assert ask(number)["replies"][0]["kind"] == "not_in_leaflet"
    assert eventually(lambda: kept() == 2)
    pair.postgresql.stop()
    try:
        for number in range(4):
            body, seconds = timed(lambda number=number: ask(number))  # type: ignore[misc]
            assert body["replies"][0]["kind"] == "not_in_leaflet"
            assert seconds < SOON
        assert (pair.health(0), pair.health(1)) == (200, 200)
        assert eventually(lambda: all("a question could not be kept" in log.read_text("utf8") for log in pair.logs)), "they are written a second later"
    finally:
        pair.postgresql.start()
    for number in range(2):
        ask(number)
    assert eventually(lambda: kept() == 4)


def test_a_service_starts_while_redis_is_away_and_can_answer_once_it_is_there(pair: Pair, tmp_path: Path) -> None:
    log = tmp_path / "log"
    pair.redis.stop()
    try:
        with started_service(log, REDIS_URL=pair.redis.url, SECRET=SECRET) as service:
            try:
                assert eventually(lambda: "the store of the conversations cannot be used yet" in log.read_text("utf8"), 120)
                assert eventually(lambda: answers_with(service, 503))
            finally:
                pair.redis.start()
            wait_until_healthy(service, 3)
            body = httpx.post(f"{service.url}/api/chat", content='{"message": "mag ik fietsen?"}', timeout=30).json()
            assert topics_of(body) == ["fietsen"]
    finally:
        if not eventually(lambda: pair.health(0) == 200, 1):
            pair.redis.start()


def answers_with(service: Service, status: int) -> bool:
    try:
        return httpx.get(f"{service.url}/health").status_code == status
    except httpx.TransportError:
        return False


def test_no_password_reaches_the_log(pair: Pair) -> None:
    for log in pair.logs:
        written = log.read_text("utf8")
        assert "Redis is away" in written
        assert "Redis is back" in written
        assert PASSWORD not in written
        assert SECRET not in written


def test_a_process_killed_in_the_middle_of_a_load_loses_no_conversation(pair: Pair) -> None:
    command = [sys.executable, str(PROJECT / "tests" / "load_client.py"), "10", "60", "80", *(service.url for service in pair.services)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as visitors:
        time.sleep(2.5)
        pair.services[1].process.kill()
        told = json.loads(visitors.communicate(timeout=90)[0])
    assert told["conversations"] == 600
    assert told["sent again"] > 0, "it was killed while they talked"
    assert (told["forgotten"], told["errors"], told["out of context"]) == (0, 0, 0)
