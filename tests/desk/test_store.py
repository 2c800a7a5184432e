from __future__ import annotations

import datetime
import stat
import threading
from pathlib import Path
from typing import Callable

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from folderwijs.desk.migrations import MIGRATIONS, UnknownVersion, migrate
from folderwijs.desk.store import Asked, Store

DAY = datetime.date(2026, 11, 20)


def days(number: int) -> datetime.date:
    return DAY + datetime.timedelta(number)


def test_a_question_is_kept_as_it_was_given(store: Store) -> None:
    store.keep([Asked(DAY, "mag ik zwemmen? 'é\"; DROP TABLE question --", ["clarify", "outside"], ["fietsen", "operatie"])])
    [kept] = store.questions()
    assert kept[1:] == (DAY, "mag ik zwemmen? 'é\"; DROP TABLE question --", ("clarify", "outside"), ("fietsen", "operatie"), None, "", None)


def test_the_latest_come_first(store: Store) -> None:
    for day, question in ((days(-1), "a"), (DAY, "b"), (days(-2), "c"), (DAY, "d")):
        store.keep([Asked(day, question, ["clarify"], [])])
    assert [kept.text for kept in store.questions()] == ["d", "b", "a", "c"]


def test_a_rating_joins_the_question_of_that_day(store: Store) -> None:
    store.keep([Asked(DAY, "waarom", ["clarify"], [])])
    store.keep_unhelped(DAY, "waarom", [], "geen antwoord")
    store.keep_unhelped(days(1), "waarom", ["oorzaak"], "")
    later, same = store.questions()
    assert (same.kinds, same.helped, same.why) == (("clarify",), False, "geen antwoord")
    assert (later.kinds, later.helped, later.topics) == ((), False, ("oorzaak",))


def test_marks_come_and_go(store: Store) -> None:
    for question in "abc":
        store.keep([Asked(DAY, question, ["clarify"], [])])
    ids = {kept.text: kept.id for kept in store.questions()}
    assert store.mark([ids["a"], ids["b"], 10_000], "fietsen") == 2
    assert {kept.text: kept.mark for kept in store.questions()} == {"a": "fietsen", "b": "fietsen", "c": None}
    store.mark([ids["a"]], None)
    assert {kept.text: kept.mark for kept in store.questions()} == {"a": None, "b": "fietsen", "c": None}


def test_what_is_too_old_goes(store: Store) -> None:
    for day in range(-3, 1):
        store.keep([Asked(days(day), str(day), ["clarify"], [])])
        store.use(days(day), "fietsen")
    assert store.expire(days(-1)) == 2
    assert [kept.day for kept in store.questions()] == [DAY, days(-1)]
    assert [store.most_used(days(day), 3) for day in (-2, -1)] == [[], ["fietsen"]]


def test_the_most_used_of_a_day_come_first(store: Store) -> None:
    for topic in ["oorzaak", "fietsen", "fietsen", "operatie", "operatie", "operatie", "leeftijd"]:
        store.use(DAY, topic)
    store.use(days(-1), "geslacht")
    assert store.most_used(DAY, 3) == ["operatie", "fietsen", "leeftijd"]


def test_a_login_session_comes_and_goes(store: Store) -> None:
    store.start_session("a", 100)
    store.start_session("b", 200)
    store.see_session("a", 150)
    assert [store.session(id_) for id_ in "abc"] == [(100, 150), (200, 200), None]
    store.end_session("a")
    assert store.session("a") is None
    store.start_session("c", 1000)
    store.end_old_sessions(started_before=500, seen_before=0)
    assert [store.session(id_) for id_ in "bc"] == [None, (1000, 1000)]


def test_what_is_kept_is_there_after_a_restart(open_store: Callable[[], Store], place: Path | str) -> None:
    if place == "":
        pytest.skip("memory keeps nothing")
    first = open_store()
    first.keep([Asked(DAY, "vraag", ["clarify"], [])])
    first.close()
    assert [kept.text for kept in open_store().questions()] == ["vraag"]


def test_several_threads_and_processes_can_write_at_once(open_store: Callable[[], Store], place: Path | str) -> None:
    stores = [open_store() for _ in range(1 if place == "" else 4)]
    threads = [threading.Thread(target=lambda store=store: [store.use(DAY, "fietsen") or store.keep([Asked(DAY, "v", ["clarify"], [])]) for _ in range(10)]) for store in stores * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores[0].questions()) == 10 * len(threads)
    with stores[0].transaction() as connection:
        assert connection.execute(text("SELECT uses FROM topic_use")).scalar() == 10 * len(threads)


def _engine(place: Path | str) -> Engine:
    if isinstance(place, Path):
        place.parent.mkdir()
    return create_engine(f"sqlite:///{place}" if isinstance(place, Path) else place, future=True)


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
def test_a_store_of_every_earlier_version_is_brought_up_to_date(place: Path | str, open_store: Callable[[], Store], version: int) -> None:
    if place == "":
        pytest.skip("memory has no earlier version")
    engine = _engine(place)
    with engine.begin() as connection:
        migrate(connection, version)
        if version:
            connection.execute(text("INSERT INTO question (day, text, kinds, topics) VALUES ('2026-11-20', 'oud', 'clarify', '')"))
    engine.dispose()
    store = open_store()
    store.keep([Asked(DAY, "nieuw", ["clarify"], [])])
    store.use(DAY, "fietsen")
    store.start_session("a", 1)
    store.mark([kept.id for kept in store.questions()], "fietsen")
    assert [(kept.text, kept.mark) for kept in store.questions()] == [("nieuw", "fietsen"), *([("oud", "fietsen")] if version else [])]
    with store.transaction() as connection:
        assert [row.version for row in connection.execute(text("SELECT version FROM schema_version ORDER BY version"))] == list(range(1, len(MIGRATIONS) + 1))


def test_a_store_of_a_later_version_is_left_alone(place: Path | str, open_store: Callable[[], Store]) -> None:
    if place == "":
        pytest.skip("memory has no later version")
    engine = _engine(place)
    with engine.begin() as connection:
        migrate(connection)
        connection.execute(text("INSERT INTO schema_version (version) VALUES (1000)"))
    with pytest.raises(UnknownVersion, match="1000"):
        open_store().questions()


def test_nobody_else_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "var" / "questions.sqlite3"
    store = Store(path)
    store.keep([Asked(DAY, "vraag", ["clarify"], [])])
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_was_deleted_is_gone_from_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "var" / "questions.sqlite3"
    store = Store(path)
    for number in range(50):
        store.keep([Asked(days(-40), f"zeer bijzondere vraag {number}", ["clarify"], [])])
    assert b"bijzondere" in b"".join(file.read_bytes() for file in path.parent.iterdir())
    store.expire(DAY)
    assert b"bijzondere" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_a_database_that_comes_up_later_is_used_then(tmp_path: Path) -> None:
    blocked = tmp_path / "var"
    blocked.write_text("a file where the folder should be")
    store = Store(blocked / "questions.sqlite3")
    with pytest.raises(OSError, match="var"):
        store.keep([Asked(DAY, "vraag", ["clarify"], [])])
    blocked.unlink()
    store.keep([Asked(DAY, "vraag", ["clarify"], [])])
    assert len(store.questions()) == 1


def test_an_error_of_the_database_does_not_tell_what_was_asked(tmp_path: Path) -> None:
    store = Store(tmp_path / "questions.sqlite3")
    with store.transaction() as connection:
        connection.execute(text("DROP TABLE question"))
    with pytest.raises(OperationalError) as raised:
        store.keep([Asked(DAY, "geheime vraag", ["clarify"], [])])
    assert "geheime" not in str(raised.value)
