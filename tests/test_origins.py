"""Which websites a browser lets use the API."""

from __future__ import annotations

import dataclasses
from typing import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from folderwijs.answers import Answers
from folderwijs.app import Service
from folderwijs.engine import Engine
from folderwijs.settings import Settings

LISTED = "https://www.praktijk.example"
ELSEWHERE = ["https://[kwaad.example", "https://kwaad.example", "http://www.praktijk.example", "https://praktijk.example", "https://www.praktijk.example:8443", "https://www.praktijk.example.kwaad.example", "null", ""]
Refused = Callable[..., str]


@pytest.fixture(scope="module")
def client(engine: Engine, answers: Answers, settings: Settings) -> Iterator[TestClient]:
    """A client of a service that one website may embed."""
    with TestClient(Service(dataclasses.replace(settings, origins=(LISTED,)), answers, lambda: engine).app(), raise_server_exceptions=False) as client:
        yield client


def ask(client: TestClient, **headers: str):
    return client.post("/api/chat", json={"message": "hallo"}, headers=headers)


def preflight(client: TestClient, origin: str):
    return client.options("/api/chat", headers={"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type"})


def test_a_listed_website_may_ask_and_read(client: TestClient) -> None:
    allowed = preflight(client, LISTED)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == LISTED
    assert "POST" in allowed.headers["access-control-allow-methods"]
    assert allowed.headers["access-control-allow-headers"] == "content-type"
    for response in (ask(client, origin=LISTED), client.get("/api/widget", headers={"origin": LISTED})):
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == LISTED
        assert response.headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in response.headers


def test_a_listed_website_can_read_of_a_refusal_and_a_failure(client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = client.post("/api/chat", json={"message": ""}, headers={"origin": LISTED})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (400, LISTED)
    assert refused.headers["access-control-expose-headers"] == "retry-after"
    monkeypatch.setattr(engine, "understand", lambda query: 1 / 0)
    failed = client.get("/api/search?q=fietsen", headers={"origin": LISTED})
    assert (failed.status_code, failed.headers["access-control-allow-origin"]) == (500, LISTED)


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_another_website_may_not(client: TestClient, origin: str, refused: Refused) -> None:
    for response in (ask(client, origin=origin), preflight(client, origin), client.post("/api/feedback", json={}, headers={"origin": origin})):
        assert refused(response, 403) == "origin"
        assert "access-control-allow-origin" not in response.headers
        assert response.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in client.get("/api/widget", headers={"origin": origin}).headers


def test_the_own_pages_may(client: TestClient) -> None:
    assert ask(client, origin="http://testserver").status_code == 200
    assert ask(client, **{"origin": "https://achter.proxy.example", "sec-fetch-site": "same-origin"}).status_code == 200
    assert ask(client, **{"origin": "https://achter.proxy.example", "sec-fetch-site": "same-site"}).status_code == 403


def test_a_program_that_names_no_origin_may(client: TestClient) -> None:
    assert ask(client).status_code == 200


def test_without_a_list_only_the_own_pages_may(engine: Engine, answers: Answers, settings: Settings) -> None:
    with TestClient(Service(settings, answers, lambda: engine).app()) as client:
        assert ask(client, origin=LISTED).status_code == 403
        assert ask(client, origin="http://testserver").status_code == 200


def test_what_everyone_may_load_is_not_touched(client: TestClient) -> None:
    assert client.get("/folderwijs.js", headers={"origin": "https://kwaad.example"}).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in client.get("/", headers={"origin": LISTED}).headers
