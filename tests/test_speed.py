from __future__ import annotations

import ast
import asyncio
import gc
from pathlib import Path
from typing import Any, Callable

import jsonschema
import pytest
from rasa.core.channels.channel import UserMessage
from rasa.core.policies.rule_policy import RULES, RulePolicy
from rasa.engine.runner.dask import DaskGraphRunner
from threadpoolctl import threadpool_info

from folderwijs import speed
from folderwijs.engine import Engine
from folderwijs.replies import Reply
from folderwijs.speed import GraphInOrder, RulesByStep

WORD = "zeldzaamwoord"


def replies(engine: Engine, conversation: str, *messages: str) -> list[Reply]:
    """The replies to the last of `messages`."""

    async def run() -> list[Reply]:
        for message in messages:
            last = await engine.reply(message, conversation)
        return last

    return asyncio.run(run())


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
    arguments = {"inputs": {"__message__": [UserMessage("mag ik fietsen?")], "__tracker__": None}, "targets": [processor.model_metadata.nlu_target]}
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
    monkeypatch.setattr(speed, "_MOST_STEPS", 2)
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


def test_no_time_is_spent_on_rules_about_texts(engine: Engine, understood_as: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    understood_as("fietsen", "fietsen")
    asked, states = [], RulePolicy._prediction_states

    def note(self: RulePolicy, tracker: Any, domain: Any, use_text_for_last_user_input: bool = False, rule_only_data: Any = None) -> Any:
        asked.append(use_text_for_last_user_input)
        return states(self, tracker, domain, use_text_for_last_user_input, rule_only_data)

    monkeypatch.setattr(RulePolicy, "_prediction_states", note)
    replies(engine, "no texts", "fietsen")
    assert asked == [False, False], "once for the action and once to listen again"
    monkeypatch.setattr(rule_policy(engine)._rules_by_step, "about_text", True)
    replies(engine, "texts", "fietsen")
    assert True in asked, "Rasa asks for rules about texts in another way now: see _action_from_rules"


@pytest.mark.parametrize("module", speed.COPIES_FOR_THE_LOG, ids=lambda module: str(module.__name__))
def test_what_rasa_copies_there_is_for_its_log_alone(module: Any) -> None:
    """Read in Rasa's own code: `copy` is used as an argument of `structlogger.debug` and nowhere else."""
    tree = ast.parse(Path(module.__file__).read_text("utf8"))
    logged = {inner for call in ast.walk(tree) if isinstance(call, ast.Call) and ast.unparse(call.func) == "structlogger.debug" for inner in ast.walk(call)}
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "copy"]
    assert uses
    for node in uses:
        assert node in logged, f"{module.__name__}, line {node.lineno}: Rasa copies something that is not for its log now"
        assert node.attr == "deepcopy"


def test_the_domain_is_looked_at_once(engine: Engine, understood_as: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    understood_as("fietsen", "fietsen")
    replies(engine, "domain", "fietsen")
    assert "_found_empty" in engine._agent.domain.__dict__, "Rasa asks in another place whether its domain is empty: see _look_at_the_domain_once"
    monkeypatch.setattr(type(engine._agent.domain), "_is_empty", lambda self: pytest.fail("the domain is written out again"))
    replies(engine, "domain", "fietsen")
    monkeypatch.undo()
    assert engine._agent.domain.is_empty() is engine._agent.domain._is_empty() is False
