from __future__ import annotations

import asyncio
import gc
import logging
from pathlib import Path
from typing import Any, Callable

import jsonschema
import pytest
from rasa.core.policies.rule_policy import RULES, RulePolicy
from rasa.core.tracker_store import SQLTrackerStore
from rasa.engine.runner.dask import DaskGraphRunner
from threadpoolctl import threadpool_info

from actions.actions import ActionAnswer
from folderwijs import engine as module
from folderwijs.answers import Answers
from folderwijs.conversations import BoundedTrackerStore
from folderwijs.dialogue import Turn
from folderwijs.engine import Engine, GraphInOrder, RulesByStep, make_store, memory_store
from folderwijs.engine_errors import ModelError
from folderwijs.replies import Reply
from folderwijs.settings import Settings

WORD = "zeldzaamwoord"


def replies(engine: Engine, conversation: str, *messages: str) -> list[Reply]:
    """The replies to the last of `messages`."""

    async def run() -> list[Reply]:
        for message in messages:
            last = await engine.reply(message, conversation)
        return last

    return asyncio.run(run())


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


def test_conversations_are_kept_in_memory_unless_endpoints_name_a_store(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(make_store(settings), BoundedTrackerStore)
    (tmp_path / "endpoints.yml").write_text(f"tracker_store:\n  type: SQL\n  dialect: sqlite\n  db: {tmp_path}/conversations.db\n", "utf8")
    monkeypatch.setattr(module, "PROJECT", tmp_path)
    assert isinstance(make_store(settings), SQLTrackerStore)


STEPS = [
    {"user": {"intent": intent}, "prev_action": {"action_name": action}}
    for intent in ("fietsen", "alarm_wond", "meerdere_vragen", "onbekend")
    for action in ("action_listen", "action_answer", "action_urgent")
]


def rule_policy(engine: Engine) -> RulePolicy:
    [policy] = [node._component for node in engine._agent.processor.graph_runner._instantiated_nodes.values() if isinstance(node._component, RulePolicy)]
    return policy


def test_the_graph_runs_in_order_and_gives_what_dask_gives(engine: Engine) -> None:
    processor = engine._agent.processor
    assert isinstance(processor.graph_runner, GraphInOrder), "Rasa makes its runner in another place now: see GraphInOrder"
    arguments = {"inputs": {"__message__": [module.UserMessage("mag ik fietsen?")], "__tracker__": None}, "targets": [processor.model_metadata.nlu_target]}
    ours, dasks = (run(processor.graph_runner, **arguments) for run in (GraphInOrder.run, DaskGraphRunner.run))
    assert list(ours) == list(dasks)
    assert [{**message[0].as_dict(only_output_properties=True), "message_id": ""} for message in ours.values()] == [{**message[0].as_dict(only_output_properties=True), "message_id": ""} for message in dasks.values()]


@pytest.mark.parametrize("states", [[], *([step] for step in STEPS), STEPS[:2], STEPS[1:3], [{}, STEPS[0]], [{}], [{"user": {"text": WORD}, "prev_action": {"action_name": "action_listen"}}]])
def test_the_rules_that_apply_are_those_that_rasa_finds(engine: Engine, states: list[dict[str, Any]]) -> None:
    policy = rule_policy(engine)
    for _ in range(2):
        assert policy._get_possible_keys(policy.lookup[RULES], states) == policy._every_possible_key(policy.lookup[RULES], states)
    assert policy._get_possible_keys({}, states) == set()


def test_rules_are_looked_up(engine: Engine, understood_as: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    understood_as("fietsen", "fietsen", "fietsen")
    tried, applicable = [], RulePolicy._is_rule_applicable

    def note(self: RulePolicy, *arguments: Any) -> bool:
        tried.append(arguments)
        return bool(applicable(self, *arguments))

    replies(engine, "looked up", "fietsen", "fietsen")
    monkeypatch.setattr(RulePolicy, "_is_rule_applicable", note)
    replies(engine, "looked up", "fietsen")
    rules = len(rule_policy(engine).lookup[RULES])
    assert 0 < len(tried) < rules, f"a message tries {len(tried)} of {rules} rules: Rasa chooses rules in another way now, see RulesByStep"


def test_what_is_typed_is_not_remembered_with_the_rules(engine: Engine) -> None:
    replies(engine, "typed", f"mag ik fietsen {WORD}?")
    assert WORD not in repr(rule_policy(engine)._rules_by_step._by_step)


def test_rules_about_a_text_are_not_remembered() -> None:
    lookup = {'[{"user": {"text": "hoi"}}]': "action_answer"}
    assert RulesByStep(lookup).fitting({"user": {"text": "hoi"}}, set) == lookup


def test_the_rules_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_STEPS", 2)
    rules = RulesByStep({"a": "action_answer"})
    for intent in ("fietsen", "beloop", "operatie"):
        assert rules.fitting({"user": {"intent": intent}}, lambda: {"a"}) == {"a": "action_answer"}
    assert len(rules._by_step) == 1


def test_the_results_of_our_own_actions_are_not_checked(engine: Engine, understood_as: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    understood_as("fietsen")
    monkeypatch.setattr(jsonschema, "validate", lambda *arguments: pytest.fail("Rasa checks results in another place now: see _trust_actions"))
    assert replies(engine, "not checked", "mag ik fietsen?")[0].topics == ("fietsen",)


def test_garbage_is_not_looked_for_in_the_model(engine: Engine) -> None:
    assert gc.get_freeze_count() > 100_000


def test_the_sums_of_a_message_take_one_thread(engine: Engine) -> None:
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
