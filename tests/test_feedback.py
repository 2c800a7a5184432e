"""What is given to the question log, and how opinions are checked."""

from __future__ import annotations

import logging
from typing import Any, Callable, Iterator, Sequence

import pytest
from starlette.testclient import TestClient

from folderwijs.answers import Answers
from folderwijs.app import Service
from folderwijs.engine import Engine
from folderwijs.replies import Reply
from folderwijs.settings import Settings

Refused = Callable[..., str]


class Recording:
    """A question log that only remembers what it was given."""

    def __init__(self) -> None:
        self.replies: list[tuple[str, list[str]]] = []
        self.ratings: list[tuple[str, tuple[str, ...], bool, str]] = []
        self.broken = False

    async def replied(self, message: str, replies: Sequence[Reply]) -> None:
        if self.broken:
            raise OSError(message)
        self.replies.append((message, [reply.kind for reply in replies]))

    async def rated(self, message: str, topics: Sequence[str], helpful: bool, why: str) -> None:
        if self.broken:
            raise OSError(message)
        self.ratings.append((message, tuple(topics), helpful, why))


@pytest.fixture
def log() -> Recording:
    return Recording()


@pytest.fixture
def keeping(engine: Engine, answers: Answers, settings: Settings, log: Recording) -> Iterator[TestClient]:
    """A client of a service that keeps questions."""
    with TestClient(Service(settings, answers, lambda: engine, log).app(), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def rating(keeping: TestClient) -> dict[str, Any]:
    """An opinion as the chat sends it."""
    session = keeping.post("/api/chat", json={"message": "mag ik fietsen?"}).json()["session"]
    return {"session": session, "message": "mag ik fietsen?", "topics": ["fietsen"], "helpful": False, "why": " te kort "}


def test_a_reply_and_an_opinion_are_given_to_the_log(keeping: TestClient, rating: dict[str, Any], log: Recording) -> None:
    response = keeping.post("/api/feedback", json=rating)
    assert (response.status_code, response.content) == (204, b"")
    keeping.get("/health")  # nobody waits for the log: by the next request it has heard
    assert log.replies == [("mag ik fietsen?", ["answer"])]
    assert log.ratings == [("mag ik fietsen?", ("fietsen",), False, "te kort")]
    assert keeping.post("/api/feedback", json={**rating, "helpful": True, "why": None, "topics": []}).status_code == 204
    keeping.get("/health")
    assert log.ratings[1:] == [("mag ik fietsen?", (), True, "")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"session": "verzonnen"}, "unknown_session"), ({"session": None}, "wrong_shape"), ({"message": " "}, "empty_message"), ({"message": "a" * 1001}, "message_too_long"),
        ({"message": 5}, "wrong_shape"), ({"topics": ["verzonnen"]}, "unknown_topic"), ({"topics": ["fietsen"] * 11}, "unknown_topic"), ({"topics": "fietsen"}, "wrong_shape"),
        ({"topics": [None]}, "wrong_shape"), ({"helpful": "ja"}, "wrong_shape"), ({"helpful": 1}, "wrong_shape"), ({"helpful": None}, "wrong_shape"), ({"why": 3}, "wrong_shape"),
        ({"why": "a" * 301}, "why_too_long"), ({"x": "a" * 40_000}, "too_large"),
    ],
    ids=str,
)
def test_a_bad_opinion_is_refused_and_not_kept(keeping: TestClient, rating: dict[str, Any], log: Recording, changes: dict[str, Any], code: str, refused: Refused) -> None:
    assert refused(keeping.post("/api/feedback", json={**rating, **changes})) == code
    assert refused(keeping.post("/api/feedback", content=b"geen json")) == "not_json"
    assert log.ratings == []


def test_a_log_that_fails_changes_nothing_for_a_visitor_and_tells_nothing_typed(keeping: TestClient, rating: dict[str, Any], log: Recording, caplog: pytest.LogCaptureFixture) -> None:
    log.broken = True
    with caplog.at_level(logging.DEBUG):
        assert keeping.post("/api/chat", json={"message": "mag ik fietsen?"}).json()["replies"][0]["topics"] == ["fietsen"]
        assert keeping.post("/api/feedback", json=rating).status_code == 204
    assert "a question could not be kept: OSError" in caplog.text
    assert "fietsen" not in caplog.text


def test_the_chat_asks_for_an_opinion_only_where_it_is_kept(client: TestClient, keeping: TestClient, refused: Refused) -> None:
    assert client.get("/api/widget").json()["feedback"] is False
    assert keeping.get("/api/widget").json()["feedback"] is True
    assert refused(client.post("/api/feedback", json={}), 404) == "no_feedback"


def test_the_first_words_say_whether_questions_are_kept(client: TestClient, keeping: TestClient) -> None:
    assert "Wij bewaren uw vragen niet." in " ".join(client.get("/api/widget").json()["greeting"])
    assert "Wij bewaren uw vraag zonder uw gegevens" in " ".join(keeping.get("/api/widget").json()["greeting"])
