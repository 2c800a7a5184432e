from __future__ import annotations

import dataclasses
from typing import Any, Callable

import pytest
from starlette.testclient import TestClient

from actions.actions import ActionAnswer
from folderwijs import queueing
from folderwijs.answers import Answers, load_answers
from folderwijs.app import SECURITY_HEADERS, Service
from folderwijs.engine import Engine
from folderwijs.queueing import Overloaded, Queue
from folderwijs.replies import Reply
from folderwijs.sessions import Sessions
from folderwijs.settings import PROJECT, Settings, load_settings

CONTENT = load_answers(PROJECT)
GAPS = [id_ for id_ in CONTENT.questions if id_ not in CONTENT.leaflet.topics]

Chat = Callable[..., dict[str, Any]]
Refused = Callable[..., str]


@pytest.mark.parametrize("topic", list(CONTENT.leaflet.topics))
def test_the_question_of_every_topic_is_answered(chat: Chat, topic: str) -> None:
    [reply] = chat(CONTENT.leaflet.topics[topic].ask)["replies"]
    assert (reply["kind"], reply["topics"]) == ("answer", [topic])
    assert [(source["section"], source["quote"]) for source in reply["sources"]] == [(source.section, source.quote) for source in CONTENT.leaflet.topics[topic].sources]
    assert {source["leaflet"] for source in reply["sources"]} == {CONTENT.leaflet.id}
    assert reply["suggestions"] == [{"label": CONTENT.leaflet.topics[id_].ask, "message": CONTENT.leaflet.topics[id_].ask, "topic": id_} for id_ in CONTENT.leaflet.topics[topic].next]


@pytest.mark.parametrize("gap", GAPS)
def test_every_gap_is_told_plainly(chat: Chat, understood_as: Callable[..., None], gap: str) -> None:
    understood_as(gap)
    [reply] = chat("vraag")["replies"]
    assert (reply["kind"], reply["topics"], reply["sources"]) == ("not_in_leaflet", [], [])
    assert "staat niets in deze folder" in reply["text"]
    assert reply["suggestions"]


@pytest.mark.parametrize(
    ("intent", "kind"),
    [
        ("fietsen", "answer"), ("rekken", "not_in_leaflet"), *((f"praktijk_{name}", "practice") for name in ("afspraak", "contact", "adres", "openingstijden", "mens")),
        *((sign, "urgent") for sign in CONTENT.alarms.signs), *((f"buiten_{name}", "outside") for name in ("algemeen", "lichaam", "taal", "onzin", "opdracht")),
        *((name, "smalltalk") for name in ("groet", "bedankt", "afscheid", "bot_vraag", "wat_kun_je")), ("onzeker", "clarify"),
    ],
)
def test_every_kind_of_reply(chat: Chat, understood_as: Callable[..., None], intent: str, kind: str) -> None:
    understood_as(intent)
    [reply] = chat("vraag")["replies"]
    assert reply["kind"] == kind
    assert reply.keys() >= {"text", "topics", "sources", "suggestions"}
    assert bool(reply["topics"]) is bool(reply["sources"]) is (kind == "answer"), "only an answer has facts of the leaflet"


def test_an_action_that_fails_is_an_error_in_dutch(chat: Chat, understood_as: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> list[Reply]:
        raise ZeroDivisionError

    understood_as("fietsen")
    monkeypatch.setattr(ActionAnswer, "replies", fail)
    [reply] = chat("mag ik fietsen?")["replies"]
    assert (reply["kind"], reply["text"]) == ("error", f"Er ging iets mis. Probeer het nog eens, of bel {CONTENT.practice.name}, {CONTENT.practice.phone}.")


def test_a_conversation_goes_on_with_its_session(chat: Chat, understood_as: Callable[..., None]) -> None:
    understood_as()
    first = chat("leeftijd")
    second = chat("vervolg_herhaal", first["session"])
    assert second["session"] == first["session"]
    assert second["replies"] == first["replies"]
    assert chat("vervolg_herhaal")["replies"] != first["replies"], "another conversation knows nothing of it"


def test_a_session_whose_conversation_is_forgotten_starts_anew(chat: Chat, understood_as: Callable[..., None], engine: Engine, settings: Settings) -> None:
    understood_as()
    session = chat("leeftijd")["session"]
    engine.store.drop(Sessions(settings.secret).conversation(session))
    again = chat("vervolg_herhaal", session)
    assert again["replies"][0]["kind"] == "smalltalk"
    assert again["forgotten"] is True
    assert chat("leeftijd", session)["forgotten"] is False
    assert chat("leeftijd")["forgotten"] is False, "a first message has nothing before it"


def test_the_chat_is_told_whose_it_is(client: TestClient) -> None:
    about = client.get("/api/widget").json()
    assert about["leaflet"] == {"id": CONTENT.leaflet.id, "title": CONTENT.leaflet.title, "subject": CONTENT.leaflet.subject}
    assert about["practice"] == {"name": CONTENT.practice.name, "phone": CONTENT.practice.phone}
    assert [opener["message"] for opener in about["openers"]] == [opener.message for opener in CONTENT.openers()]
    assert "computerprogramma" in " ".join(about["greeting"])
    assert CONTENT.practice.phone in about["human"]["text"]


def test_a_search_changes_no_conversation(client: TestClient, chat: Chat, understood_as: Callable[..., None]) -> None:
    understood_as()
    first = chat("leeftijd")
    body = client.get("/api/search", params={"q": "fietsen", "limit": "2"}).json()
    assert body["kind"] == "answer"
    assert body["results"][0].keys() == {"topic", "title", "answer", "sources", "score"}
    assert 1 <= len(body["results"]) <= 2
    assert chat("vervolg_herhaal", first["session"])["replies"] == first["replies"]


def test_health_is_ok_once_the_service_can_answer(client: TestClient, answers: Answers, settings: Settings, refused: Refused) -> None:
    assert client.get("/health").json()["status"] == "ok"
    starting = TestClient(Service(settings, answers, lambda: pytest.fail("not yet")).app())
    for response in (starting.get("/health"), starting.post("/api/chat", json={"message": "hoi"}), starting.get("/api/search?q=a")):
        assert refused(response, 503) == "starting"
        assert int(response.headers["retry-after"]) > 0


@pytest.fixture
def limited(engine: Engine, answers: Answers, settings: Settings) -> Any:
    """A client that may send two messages a minute."""
    service = Service(dataclasses.replace(settings, limits=True, rate_limit=2), answers, lambda: engine)
    with TestClient(service.app(), raise_server_exceptions=False) as client:
        yield client


def test_too_many_messages_are_refused_for_a_while(limited: TestClient, refused: Refused) -> None:
    ask = [lambda: limited.post("/api/chat", json={"message": "hallo"}), lambda: limited.get("/api/search?q=fietsen")]
    assert [ask[0]().status_code, ask[1]().status_code] == [200, 200]
    for response in (ask[0](), ask[1]()):
        assert refused(response, 429) == "too_many_messages"
        assert 1 <= int(response.headers["retry-after"]) <= 61
        assert f"Wacht {response.headers['retry-after']} seconden." in response.json()["error"]["message"]
        assert response.headers["x-frame-options"] == "DENY"


def test_a_visitor_who_must_wait_can_still_see_the_page(limited: TestClient) -> None:
    for _ in range(3):
        limited.post("/api/chat", json={"message": "hallo"})
    assert [limited.get(path).status_code for path in ("/", "/folderwijs.js", "/health")] == [200, 200, 200]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200), ("HEAD", "/", 200), ("GET", "/health", 200), ("GET", "/folderwijs.js", 200), ("GET", "/static/pages.css", 200), ("GET", "/folder", 200), ("GET", "/voorbeeld", 200), ("GET", "/api/widget", 200), ("GET", "/api/search?q=a", 200),
        ("GET", "/api/search", 400), ("POST", "/api/chat", 400), ("GET", "/api/chat", 405), ("PUT", "/api/chat", 405), ("DELETE", "/", 405), ("POST", "/health", 405), ("POST", "/folderwijs.js", 405), ("POST", "/api/feedback", 404),
        ("GET", "/bestaat-niet", 404), ("GET", "/static/bestaat-niet", 404), ("GET", "/static/%2e%2e/pages/chat.html", 404), ("GET", "/static/%2e%2e/%2e%2e/practice.yml", 404), ("GET", "/static/%00", 404),
        ("GET", "/static/" + "a" * 5000, 404), ("GET", "/api/chat/", 307),
    ],
    ids=lambda value: str(value)[:40],
)
def test_every_response_has_the_security_headers(client: TestClient, method: str, path: str, status: int, refused: Refused) -> None:
    response = client.request(method, path, follow_redirects=False)
    assert {name: response.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert response.status_code == status
    if status >= 400:
        refused(response)


def test_a_wrong_address_or_method_is_told(client: TestClient, refused: Refused) -> None:
    assert refused(client.get("/bestaat-niet"), 404) == "not_found"
    assert refused(client.get("/api/chat"), 405) == "method_not_allowed"


def test_an_unexpected_failure_is_told_in_dutch(client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "understand", lambda query: 1 / 0)
    response = client.get("/api/search?q=fietsen")
    assert response.status_code == 500
    assert response.json() == {"error": {"code": "internal", "message": CONTENT.error().text}}


def test_an_unexpected_failure_has_the_security_headers(client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "understand", lambda query: 1 / 0)
    assert client.get("/api/search?q=fietsen").headers.items() >= SECURITY_HEADERS.items()


def test_an_unexpected_failure_does_not_reach_the_server_and_its_log(engine: Engine, answers: Answers, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "understand", lambda query: 1 / 0)
    with TestClient(Service(settings, answers, lambda: engine).app(), raise_server_exceptions=True) as client:
        assert client.get("/api/search?q=fietsen").status_code == 500


def test_json_is_never_kept_by_a_browser(client: TestClient) -> None:
    for response in (client.post("/api/chat", json={"message": "hallo"}), client.get("/api/search?q=a"), client.get("/health"), client.get("/weg")):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["content-type"] == "application/json"




def test_too_many_messages_of_all_visitors_together_are_refused(engine: Engine, answers: Answers, settings: Settings, refused: Refused) -> None:
    service = Service(dataclasses.replace(settings, limits=True, rate_limit=50, total_rate_limit=3), answers, lambda: engine)
    with TestClient(service.app(), raise_server_exceptions=False) as client:
        responses = [client.get("/api/search?q=fietsen") for _ in range(4)]
        assert [response.status_code for response in responses] == [200, 200, 200, 429]
        assert refused(responses[-1], 429) == "too_many_visitors"
        assert 1 <= int(responses[-1].headers["retry-after"]) <= 61


@pytest.mark.parametrize(("proxies", "passed"), [("", 2), ("192.0.2.0/24", 6)])
def test_only_a_listed_proxy_may_say_who_the_visitor_is(engine: Engine, answers: Answers, proxies: str, passed: int) -> None:
    """Six visitors by their own account: without a listed proxy they are one, who may send two messages."""
    service = Service(load_settings({"RATE_LIMIT": "2", "TRUSTED_PROXIES": proxies}), answers, lambda: engine)
    with TestClient(service.app(), client=("192.0.2.1", 5)) as client:
        statuses = [client.get("/api/search?q=fietsen", headers={"x-forwarded-for": f"198.51.100.{number}"}).status_code for number in range(6)]
    assert statuses == [200] * passed + [429] * (6 - passed)


@pytest.mark.parametrize("ask", [lambda client: client.post("/api/chat", json={"message": "hoi"}), lambda client: client.get("/api/search?q=a")], ids=["chat", "search"])
def test_when_the_queue_is_full_visitors_hear_so(engine: Engine, answers: Answers, settings: Settings, refused: Refused, monkeypatch: pytest.MonkeyPatch, ask: Callable[[TestClient], Any]) -> None:
    monkeypatch.setattr(Queue, "is_full", True)
    service = Service(dataclasses.replace(settings, origins=("https://www.praktijk.example",)), answers, lambda: engine)
    with TestClient(service.app(), headers={"origin": "https://www.praktijk.example"}) as client:
        response = ask(client)
        assert refused(response, 503) == "too_busy"
        assert int(response.headers["retry-after"]) > 0
        assert response.headers["x-frame-options"] == "DENY"
        assert response.headers["access-control-allow-origin"] == "https://www.praktijk.example", "the website must be able to read it"
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 200, "taken out of the others' line, it would leave them still more"


def test_whoever_waited_too_long_hears_so(client: TestClient, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait(queue: Queue) -> None:
        raise Overloaded

    monkeypatch.setattr(queueing, "AT_WORK", 0)
    monkeypatch.setattr(Queue, "_wait", wait)
    assert refused(client.post("/api/chat", json={"message": "hoi"}), 503) == "too_busy"


def test_an_address_or_headers_that_are_too_long_are_refused(client: TestClient, refused: Refused) -> None:
    for response in (client.get("/?" + "a" * 17_000), client.get("/", headers={"x": "a" * 17_000}), client.get("/" + "a" * 17_000)):
        assert refused(response, 431) == "head_too_large"


def test_life_and_readiness_are_told_apart(client: TestClient, answers: Answers, settings: Settings) -> None:
    assert [client.get(f"/health/{name}").json() for name in ("live", "ready")] == [{"status": "ok"}] * 2
    starting = TestClient(Service(settings, answers, lambda: pytest.fail("not yet")).app())
    assert [starting.get(f"/health/{name}").status_code for name in ("live", "ready")] == [200, 503]
