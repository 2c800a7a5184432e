from __future__ import annotations

import asyncio
import datetime
import logging
from typing import Sequence

import pytest

from folderwijs.desk import kept_questions
from folderwijs.desk.kept_questions import KeptQuestions
from folderwijs.desk.store import Store
from folderwijs.dialogue import Part
from folderwijs.redaction import Redactor
from folderwijs.replies import Kind, Reply

DAY = datetime.date(2026, 11, 20)


@pytest.fixture
def store() -> Store:
    return Store("")


@pytest.fixture
def log(store: Store) -> KeptQuestions:
    log = KeptQuestions(store, Redactor(), ["fietsen", *map(str, range(20))], lambda: DAY, together=0)

    async def understand(text: str) -> Sequence[Part]:
        return (Part(text, "alarm_peesscheur" if "knap" in text else "fietsen", 0.9),)

    log.understand = understand
    return log


def replied(log: KeptQuestions, message: str, *kinds: Kind) -> None:
    asyncio.run(log.replied(message, [Reply(kind, "tekst", topics=("fietsen",) if kind == "answer" else ()) for kind in kinds]))


def rated(log: KeptQuestions, message: str, *, helpful: bool = False, why: str = "") -> None:
    asyncio.run(log.rated(message, ["fietsen"], helpful, why))


@pytest.mark.parametrize("kind", ["not_in_leaflet", "clarify", "outside"])
def test_a_question_without_an_answer_is_kept(store: Store, log: KeptQuestions, kind: Kind) -> None:
    replied(log, "mag ik zwemmen", kind)
    assert [kept[1:] for kept in store.questions()] == [(DAY, "mag ik zwemmen", (kind,), (), None, "", None)]


@pytest.mark.parametrize("kind", ["answer", "practice", "urgent", "smalltalk", "error"])
def test_other_questions_are_not_kept(store: Store, log: KeptQuestions, kind: Kind) -> None:
    replied(log, "mag ik fietsen", kind)
    assert store.questions() == []


def test_half_an_answer_is_kept_with_its_topic(store: Store, log: KeptQuestions) -> None:
    replied(log, "mag ik fietsen en zwemmen", "answer", "not_in_leaflet")
    assert [(kept.kinds, kept.topics) for kept in store.questions()] == [(("not_in_leaflet",), ("fietsen",))]


def test_an_alarm_sign_is_never_kept(store: Store, log: KeptQuestions) -> None:
    replied(log, "knap en mag ik zwemmen", "urgent", "not_in_leaflet")
    rated(log, "ik hoorde een knap")
    rated(log, "mag ik fietsen", why="ik hoorde ook een knap")
    assert store.questions() == []


def test_personal_data_goes_before_anything_is_kept(store: Store, log: KeptQuestions) -> None:
    replied(log, "ik ben Jan de Vries,\nbel\t0612345678\x00\u202e", "clarify")
    rated(log, "mail jan@voorbeeld.nl", why="bel mij: 0612345678")
    assert [(kept.text, kept.why) for kept in reversed(store.questions())] == [("ik ben [naam], bel [telefoon]", ""), ("mail [mail]", "bel mij: [telefoon]")]


@pytest.mark.parametrize("message", ["0612345678", "jan@voorbeeld.nl 1234 AB", "?!", "\x00 \u200b"])
def test_nothing_but_personal_data_is_not_kept(store: Store, log: KeptQuestions, message: str) -> None:
    replied(log, message, "outside")
    rated(log, message)
    assert store.questions() == []


def test_a_reply_that_did_not_help_is_kept_with_the_reason(store: Store, log: KeptQuestions) -> None:
    rated(log, "mag ik fietsen", why="te vaag")
    rated(log, "mag ik wandelen", helpful=True)
    assert [(kept.text, kept.helped, kept.why, kept.topics) for kept in store.questions()] == [("mag ik fietsen", False, "te vaag", ("fietsen",))]


def test_without_a_model_no_rating_is_kept(store: Store, log: KeptQuestions) -> None:
    log.understand = None
    rated(log, "mag ik fietsen")
    assert store.questions() == []


def test_a_store_that_fails_fails_nothing_else_and_tells_nothing(store: Store, log: KeptQuestions, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(f"no room for {arguments}")

    monkeypatch.setattr(store, "keep", fail)
    with caplog.at_level(logging.DEBUG):
        replied(log, "geheime vraag", "clarify")
    assert "a question could not be kept: OSError" in caplog.text
    assert "geheime" not in caplog.text


def test_a_long_message_is_cut(store: Store, log: KeptQuestions) -> None:
    replied(log, "waarom " * 300, "clarify")
    assert len(store.questions()[0].text) == 1000


def test_what_a_visitor_calls_topics_is_kept_only_where_it_is_one(store: Store, log: KeptQuestions) -> None:
    asyncio.run(log.rated("mag dat", ["jan_de_vries", "fietsen", "fietsen", "0612345678", *map(str, range(20))], False, ""))
    assert store.questions()[0].topics == ("fietsen", *map(str, range(7)))


def test_questions_that_come_close_together_are_written_together(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    log = KeptQuestions(store, Redactor(), ["fietsen"], lambda: DAY, together=0.2)
    written: list[int] = []
    keep = store.keep
    monkeypatch.setattr(store, "keep", lambda asked: written.append(len(asked)) or keep(asked))

    async def talk() -> None:
        for _ in range(2):
            await asyncio.gather(*(log.replied(f"vraag {number}", [Reply("clarify", "tekst")]) for number in range(5)))

    asyncio.run(talk())
    assert written == [5, 5]
    assert [kept.text for kept in reversed(store.questions())] == [f"vraag {number}" for number in (*range(5), *range(5))]


def test_an_opinion_comes_to_the_question_that_is_not_written_yet(store: Store, log: KeptQuestions) -> None:
    log._together = 10

    async def talk() -> None:
        waiting = asyncio.create_task(log.replied("mag ik fietsen", [Reply("clarify", "tekst")]))
        await asyncio.sleep(0)
        await log.rated("mag ik fietsen", ["fietsen"], False, "te vaag")
        waiting.cancel()

    asyncio.run(talk())
    assert [(kept.text, kept.why) for kept in store.questions()] == [("mag ik fietsen", "te vaag")]


def test_what_waits_to_be_written_is_bounded(store: Store, log: KeptQuestions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_questions, "MAX_WAITING", 3)

    async def talk() -> None:
        await asyncio.gather(*(log.replied(f"vraag {number}", [Reply("clarify", "tekst")]) for number in range(9)))

    asyncio.run(talk())
    assert len(store.questions()) == 3
