from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any, AsyncIterator, Callable

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from talking import replies

from actions.actions import ActionAnswer
from folderwijs import queueing
from folderwijs.answers import Answers
from folderwijs.dialogue import Turn
from folderwijs.engine import Engine, memory_store
from folderwijs.engine_errors import ModelError
from folderwijs.replies import Reply
from folderwijs.settings import Settings

WORD = "zeldzaamwoord"


@pytest.fixture
def broken_action(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Has the action that answers fail, with the message in its error."""

    def fail(self: ActionAnswer, turn: Turn) -> list[Reply]:
        raise ValueError(turn.parts[0].text)

    monkeypatch.setattr(ActionAnswer, "replies", fail)
    return monkeypatch


@pytest.mark.parametrize(
    "text",
    ["/", "//", " / ", "/restart", " /restart", "//restart", "/hersteltijd{}", '/fietsen{"a": "b"}', "\u200b/restart", "／restart", "/😀", "\0", "EXTERNAL: fietsen",
     "/ /restart", "/ /fietsen{}", "/\n/\t/\u00a0/restart", "\u3000/ \x1f/restart", "/ / /"],
)
def test_a_slash_is_ordinary_text(engine: Engine, text: str) -> None:
    assert asyncio.run(engine.understand(text)), "a command of Rasa is not understood by our pipeline, and has no parts"
    assert [reply.kind for reply in replies(engine, f"slash {text}", text)] != ["error"]


def test_understanding_leaves_no_conversation(engine: Engine) -> None:
    async def run() -> list[list[str]]:
        before = list(await engine.store.keys())
        await engine.understand("mag ik fietsen?")
        return [before, list(await engine.store.keys())]

    before, after = asyncio.run(run())
    assert after == before


def test_each_question_of_a_message_is_answered_in_order(engine: Engine, understood_as: Callable[..., None]) -> None:
    understood_as("fietsen", "medicijnen", "leeftijd")
    assert [(reply.kind, reply.topics) for reply in replies(engine, "several", "vragen")] == [("answer", ("fietsen",)), ("not_in_leaflet", ()), ("answer", ("leeftijd",))]


def test_a_follow_up_knows_the_turn_before(engine: Engine, understood_as: Callable[..., None], answers: Answers) -> None:
    understood_as()
    [reply] = replies(engine, "follow-up", "oefentherapie", "vervolg_hoe_lang", "vervolg_bron")
    assert (reply.topics, reply.sources) == (("oefeningen_duur",), answers.leaflet.topics["oefeningen_duur"].sources)


def test_a_long_conversation_keeps_its_wits(engine: Engine, understood_as: Callable[..., None]) -> None:
    understood_as()
    assert replies(engine, "long", *["fietsen", "groet", "leeftijd"] * 20, "vervolg_herhaal")[0].topics == ("leeftijd",)


def test_an_action_that_fails_gives_an_error_with_the_phone_number(engine: Engine, understood_as: Callable[..., None], broken_action: Any, answers: Answers) -> None:
    understood_as("fietsen")
    [reply] = replies(engine, "broken", "mag ik fietsen?")
    assert reply == answers.error()
    assert answers.practice.phone in reply.text


def test_after_an_error_the_conversation_starts_anew(engine: Engine, understood_as: Callable[..., None], broken_action: pytest.MonkeyPatch) -> None:
    understood_as()
    replies(engine, "anew", "groet", "fietsen")
    assert "anew" not in asyncio.run(_keys(engine))
    broken_action.undo()
    understood_as()
    assert [reply.kind for reply in replies(engine, "anew", "fietsen")] == ["answer"]


async def _keys(engine: Engine) -> list[str]:
    return list(await engine.store.keys())


def test_whatever_fails_inside_there_is_a_reply(engine: Engine, monkeypatch: pytest.MonkeyPatch, answers: Answers) -> None:
    async def fail(*arguments: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(engine._agent, "handle_message", fail)
    assert replies(engine, "fails", "mag ik fietsen?") == [answers.error()]


def test_the_log_holds_nothing_that_was_typed(engine: Engine, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    for text in (f"mag ik fietsen {WORD}?", f"/restart {WORD}", f"{WORD} {WORD}"):
        replies(engine, "log", text, text)
        asyncio.run(engine.understand(text))
    output, errors = capfd.readouterr()
    assert WORD not in caplog.text + output + errors


def test_the_log_holds_nothing_that_was_typed_when_an_action_fails(
    engine: Engine, understood_as: Callable[..., None], broken_action: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    understood_as("fietsen")
    replies(engine, "log", f"mag ik fietsen {WORD}?")
    output, errors = capfd.readouterr()
    assert WORD not in caplog.text + output + errors
    assert "ValueError at" in caplog.text, "but what failed, and where"


@pytest.mark.parametrize("archive", [None, b"", b"geen model", 20, 1_000, 100_000])
def test_a_model_that_cannot_be_loaded_says_what_to_do(tmp_path: Path, model: Path, answers: Answers, settings: Settings, archive: bytes | int | None) -> None:
    path = tmp_path / "model.tar.gz"
    if archive is not None:
        path.write_bytes(model.read_bytes()[:archive] if isinstance(archive, int) else archive)
    with pytest.raises(ModelError, match="make train"):
        Engine(path, answers, memory_store(settings))


def test_messages_that_wait_for_each_other_keep_no_other_visitor_waiting(engine: Engine, understood_as: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    understood_as()
    monkeypatch.setattr(queueing, "AT_WORK", 2)
    parse = MessageProcessor.parse_message

    async def run() -> list[list[Reply]]:
        queue, go_on = queueing.Queue(5), asyncio.Event()

        async def wait(self: MessageProcessor, message: UserMessage, *arguments: Any) -> Any:
            if message.sender_id == "slow":
                await go_on.wait()
            return await parse(self, message, *arguments)

        monkeypatch.setattr(MessageProcessor, "parse_message", wait)
        slow = [asyncio.create_task(engine.reply("leeftijd", "slow", queue.turn)) for _ in range(4)]
        await asyncio.sleep(0.05)
        other = await asyncio.wait_for(engine.reply("fietsen", "quick", queue.turn), queueing.PATIENCE * 0.8)
        go_on.set()
        return [other, *await asyncio.gather(*slow)]

    assert [reply.topics for [reply] in asyncio.run(run())] == [("fietsen",), *[("leeftijd",)] * 4]


def test_a_message_that_is_not_admitted_leaves_the_conversation_as_it_is(engine: Engine, understood_as: Callable[..., None]) -> None:
    understood_as()

    @contextlib.asynccontextmanager
    async def refuse() -> AsyncIterator[None]:
        raise queueing.Overloaded
        yield

    async def run() -> list[Reply]:
        await engine.reply("leeftijd", "refused")
        with pytest.raises(queueing.NotAdmitted):
            await engine.reply("fietsen", "refused", refuse)
        return await engine.reply("vervolg_herhaal", "refused")

    assert [reply.topics for reply in asyncio.run(run())] == [("leeftijd",)]
