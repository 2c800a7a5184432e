from __future__ import annotations

import csv
import dataclasses
import datetime
import io
import re
from typing import Any, Iterator

import pytest
from starlette.testclient import TestClient

from folderwijs.answers import Answers
from folderwijs.app import Service
from folderwijs.desk.desk import Desk
from folderwijs.desk.store import Asked, Store
from folderwijs.engine import Engine
from folderwijs.settings import Settings

TODAY = datetime.date(2026, 11, 20)
LOCAL = "http://127.0.0.1:8000"


@pytest.fixture
def store() -> Store:
    return Store("")


@pytest.fixture
def desk(store: Store, engine: Engine, answers: Answers, settings: Settings) -> Iterator[TestClient]:
    """The desk at this computer, with its token on every request."""
    desk = Desk(settings, answers, store, lambda: TODAY)
    with TestClient(Service(settings, answers, lambda: engine, desk=desk).app(), base_url=LOCAL, client=("127.0.0.1", 50000), raise_server_exceptions=False) as client:
        token = re.search(r'data-csrf="(\w+)"', client.get("/balie").text)
        assert token
        client.headers.update({"origin": LOCAL, "x-csrf-token": token.group(1)})
        yield client


def test_the_page_has_the_whole_leaflet_and_every_topic(desk: TestClient, answers: Answers) -> None:
    page = desk.get("/balie").text
    for section in answers.leaflet.sections:
        assert f'data-section="{section.title}"' in page
    assert sorted(re.findall(r'data-topic="(\w+)"', page)) == sorted(answers.leaflet.topics)


@pytest.mark.parametrize("path", ["/balie", "/balie/vragen"])
def test_the_pages_have_no_script_or_style_of_their_own(desk: TestClient, path: str) -> None:
    page = desk.get(path).text
    assert re.findall(r"<script(?![^>]*\bsrc=\"/balie/static/)|<style|\sstyle=|\son\w+=", page) == []
    assert '<html lang="nl">' in page


def test_the_topics_come_with_their_sentences_and_the_days_most_used(desk: TestClient, answers: Answers) -> None:
    for topic in ("fietsen", "operatie", "operatie"):
        assert desk.post("/api/desk/used", json={"topic": topic}).status_code == 200
    body = desk.get("/api/desk/topics").json()
    assert [entry["topic"] for entry in body["topics"]] == list(answers.leaflet.topics)
    assert body["topics"][0]["sources"][0]["quote"] in answers.leaflet.topics["definitie"].sources[0].quote
    assert body["most_used"] == ["operatie", "fietsen"]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"topic": "bestaat_niet"}', b'{"topic": 3}', b"[" * 10_000, b"\xff", b'{"topic": "' + b"x" * 100_000 + b'"}'])
def test_what_is_no_topic_is_not_counted(desk: TestClient, body: bytes) -> None:
    response = desk.post("/api/desk/used", content=body)
    assert response.status_code == 422
    assert "Bel " in response.json()["error"]["message"]
    assert desk.get("/api/desk/topics").json()["most_used"] == []


def test_without_questions_the_list_says_so(desk: TestClient) -> None:
    assert "Er zijn nu geen vragen zonder antwoord." in desk.get("/balie/vragen").text


def test_questions_are_listed_in_groups_and_by_week(desk: TestClient, store: Store) -> None:
    for day, question in ((TODAY, "mag ik zwemmen"), (TODAY, "kan ik zwemmen"), (TODAY - datetime.timedelta(7), "<b>tape</b>?")):
        store.keep([Asked(day, question, ["not_in_leaflet"], [])])
    page = desk.get("/balie/vragen").text
    assert "2 verschillende vragen" in page
    assert "2 keer" in page
    assert "&lt;b&gt;tape&lt;/b&gt;?" in page
    assert len(re.findall(r"<rect ", page)) == 2
    assert re.search(r"week 47, 2026</th><td>2</td><td>0</td><td>0</td><td>0</td><td>2</td>", page)


def _ids(store: Store) -> list[int]:
    return [question.id for question in store.questions()]


def test_questions_are_marked_unmarked_and_exported(desk: TestClient, store: Store) -> None:
    store.keep([Asked(TODAY, "mag ik zwemmen", ["not_in_leaflet"], [])])
    store.keep([Asked(TODAY, "=tape", ["clarify"], [])])
    assert desk.post("/api/desk/mark", json={"ids": _ids(store)[1:], "mark": "andere_sport"}).json() == {"marked": 1}
    assert 'data-mark="andere_sport"' in desk.get("/balie/vragen").text
    assert "- intent: andere_sport\n  examples: |\n    - mag ik zwemmen\n" in desk.get("/api/desk/vragen.yml").text
    table = desk.get("/api/desk/vragen.csv")
    assert table.headers["content-disposition"] == 'attachment; filename="vragen.csv"'
    assert sorted((row["vraag"], row["hoort_bij"]) for row in csv.DictReader(io.StringIO(table.content.decode("utf-8-sig")))) == [("'=tape", ""), ("mag ik zwemmen", "andere_sport")]
    assert desk.post("/api/desk/mark", json={"ids": _ids(store), "mark": None}).json() == {"marked": 2}
    assert "intent" not in desk.get("/api/desk/vragen.yml").text


@pytest.mark.parametrize("body", [{}, {"ids": [], "mark": None}, {"ids": [1], "mark": "bestaat_niet"}, {"ids": ["1"], "mark": None}, {"ids": [-1], "mark": None}, {"ids": [2**40], "mark": None}, {"ids": [1]}])
def test_a_mark_that_makes_no_sense_is_refused(desk: TestClient, store: Store, body: Any) -> None:
    store.keep([Asked(TODAY, "vraag", ["clarify"], [])])
    assert desk.post("/api/desk/mark", json=body).status_code == 422
    assert store.questions()[0].mark is None


def test_where_no_questions_are_kept_the_list_says_so(engine: Engine, answers: Answers, settings: Settings, store: Store) -> None:
    store.keep([Asked(TODAY, "van vroeger", ["clarify"], [])])
    desk = Desk(dataclasses.replace(settings, questions_db=""), answers, store, lambda: TODAY)
    with TestClient(Service(settings, answers, lambda: engine, desk=desk).app(), base_url=LOCAL, client=("127.0.0.1", 50000)) as client:
        page = client.get("/balie/vragen").text
        assert "bewaart geen vragen" in page
        assert "van vroeger" not in page + client.get("/api/desk/vragen.csv").text


def test_where_the_store_fails_the_page_is_there_all_the_same(desk: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "questions", lambda: 1 / 0)
    assert "De lijst is er nu niet." in desk.get("/balie/vragen").text
    assert desk.get("/balie").status_code == 200


def test_what_is_too_old_goes_when_the_service_starts(engine: Engine, answers: Answers, settings: Settings, store: Store) -> None:
    for ago in (0, 29, 30):
        store.keep([Asked(TODAY - datetime.timedelta(ago), f"{ago} dagen", ["clarify"], [])])
    with TestClient(Service(settings, answers, lambda: engine, desk=Desk(settings, answers, store, lambda: TODAY)).app()) as client:
        client.get("/health")
        assert [question.text for question in store.questions()] == ["0 dagen", "29 dagen"]


def test_the_service_starts_though_the_store_fails(engine: Engine, answers: Answers, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store("postgresql://nobody@127.0.0.1:1/none")
    with TestClient(Service(settings, answers, lambda: engine, desk=Desk(settings, answers, store)).app()) as client:
        assert client.get("/health").status_code == 200


def test_a_receptionist_may_search_at_every_keystroke(engine: Engine, answers: Answers, settings: Settings, store: Store) -> None:
    limited = dataclasses.replace(settings, limits=True, rate_limit=2)
    with TestClient(Service(limited, answers, lambda: engine, desk=Desk(limited, answers, store)).app(), base_url=LOCAL, client=("127.0.0.1", 50000)) as client:
        assert {client.get("/api/search?q=fiets", headers={"x-balie": "1"}).status_code for _ in range(20)} == {200}
        assert [client.get("/api/search?q=fiets").status_code for _ in range(3)] == [200, 200, 429]
        assert client.get("/api/search?q=fiets", headers={"x-balie": "1", "host": "kwaad.example"}).status_code == 429


def test_a_question_can_be_marked_as_any_of_the_catalogue_by_a_name_that_says_it(desk: TestClient, store: Store, answers: Answers) -> None:
    store.keep([Asked(TODAY, "vraag", ["clarify"], [])])
    options = dict(re.findall(r'<option value="(\w+)">([^<]+)</option>', desk.get("/balie/vragen").text))
    assert set(options) == set(answers.questions)
    assert options["overig"] == "iets anders"
    assert len(set(options.values())) == len(options)
    script = desk.get("/balie/static/questions.js").text
    assert 'const GAP = "overig";' in script
