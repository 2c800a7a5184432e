from __future__ import annotations

import ast
import asyncio
import copy
import gc
import json
from pathlib import Path
from typing import Any, Callable

import jsonschema
import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.policies.rule_policy import RulePolicy
from rasa.core.processor import MessageProcessor
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.nlu.tokenizers.spacy_tokenizer import SpacyTokenizer
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import ActionExecuted, ActionReverted, BotUttered, Event, Restarted, SessionStarted, SlotSet, UserUtteranceReverted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from talking import replies
from threadpoolctl import threadpool_info

from folderwijs import speed
from folderwijs.engine import Engine
from folderwijs.speed import GraphInOrder, RulesByPast

WORD = "zeldzaamwoord"


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


INTENTS = ("fietsen", "alarm_wond", "meerdere_vragen", "onbekend", "groet")
EVENTS = st.lists(
    st.one_of(
        st.sampled_from(INTENTS).map(lambda intent: UserUttered("iets", {"name": intent})),
        st.sampled_from(("action_listen", "action_answer", "action_urgent", "action_clarify", "action_session_start")).map(ActionExecuted),
        st.sampled_from((BotUttered("tekst"), SlotSet("context", {}), SessionStarted(), Restarted(), UserUtteranceReverted(), ActionReverted())),
    ),
    max_size=14,
)


def both(engine: Engine, events: list[Event]) -> tuple[Any, Any]:
    """The action after some events, by ours and by Rasa's own method."""
    policy, domain = rule_policy(engine), engine._agent.domain
    trackers = [DialogueStateTracker.from_events("past", copy.deepcopy(events), domain.slots) for _ in range(2)]
    return policy._find_action_from_rules(trackers[0], domain, False)[0], policy._try_every_rule(trackers[1], domain, False)[0]


@given(EVENTS)
def test_the_rule_that_is_looked_up_is_the_one_that_rasa_finds(engine: Engine, events: list[Event]) -> None:
    ours, rasas = both(engine, events)
    assert ours == rasas


@pytest.mark.parametrize("intent", INTENTS)
@pytest.mark.parametrize("before", [(), (ActionExecuted("action_listen"), UserUttered("iets", {"name": "fietsen"}), ActionExecuted("action_answer"))])
def test_in_a_conversation_as_it_goes_too(engine: Engine, intent: str, before: tuple[Event, ...]) -> None:
    events = [*before, ActionExecuted("action_listen"), UserUttered("iets", {"name": intent})]
    ours, rasas = both(engine, events)
    assert ours == rasas
    assert ours is not None or intent == "onbekend"
    ours, rasas = both(engine, [*events, ActionExecuted(ours or "action_clarify"), BotUttered("tekst"), SlotSet("context", {})])
    assert ours == rasas
    assert ours == "action_listen" or intent == "onbekend"


def test_rasa_does_not_try_its_rules(engine: Engine, understood_as: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    understood_as("fietsen")
    monkeypatch.setattr(RulePolicy, "_is_rule_applicable", lambda *arguments: pytest.fail("Rasa looks for its rules in another way now: see _look_up_rules"))
    assert replies(engine, "looked up", "fietsen")[0].topics == ("fietsen",)


@pytest.mark.parametrize("key", ['[{"prev_action": {"action_name": "action_listen"}, "user": {"text": "hoi"}}]', '[{"prev_action": {"action_name": "action_listen"}}]', '[{"user": {"intent": "groet"}, "slots": {"a": [1.0]}, "prev_action": {"action_name": "a"}}]', '[{}, {"prev_action": {"action_name": "action_listen"}, "user": {"intent": "groet"}}]'])
def test_other_rules_are_left_to_rasa(key: str) -> None:
    simple = '[{"prev_action": {"action_name": "action_listen"}, "user": {"intent": "fietsen"}}]'
    assert RulesByPast({simple: "action_answer"}).simple
    assert not RulesByPast({simple: "action_answer", key: "action_answer"}).simple
    assert not RulesByPast({}).simple


ACTIONS = ("action_listen", "action_answer", "...", "", "should_not_be_set")
STATES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "prev_action": st.fixed_dictionaries({"action_name": st.sampled_from(ACTIONS)}) | st.fixed_dictionaries({"action_text": st.just("Hallo")}),
            "user": st.fixed_dictionaries({"intent": st.sampled_from(INTENTS)}, optional={"entities": st.just(("naam",))}) | st.fixed_dictionaries({"text": st.just("hoi")}),
            "slots": st.fixed_dictionaries({"context": st.sampled_from(("None", (1.0, 0.0)))}),
        },
    ),
    max_size=4,
)


def keys_by_both(policy: RulePolicy, lookup: dict[str, str], states: list[State], monkeypatch: pytest.MonkeyPatch) -> tuple[set[str], set[str]]:
    """The keys of the rules that apply, by ours and by Rasa's own method."""
    with monkeypatch.context() as patch:
        patch.setattr(RulePolicy, "_try_keys", RulePolicy._get_possible_keys, raising=False)
        return speed._possible_keys(policy, lookup, states), policy._get_possible_keys(lookup, states)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=st.lists(STATES.filter(bool), max_size=8), states=STATES)
def test_the_rules_that_can_apply_are_those_that_rasa_finds(rules: list[list[State]], states: list[State], monkeypatch: pytest.MonkeyPatch) -> None:
    lookup = {json.dumps(rule, sort_keys=True): "action_answer" for rule in rules}
    ours, rasas = keys_by_both(object.__new__(RulePolicy), lookup, states, monkeypatch)
    assert ours == rasas


def test_a_rule_that_training_drops_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[State] = [{"prev_action": {"action_name": "action_listen"}, "user": {"intent": "groet"}}]
    policy, lookup = object.__new__(RulePolicy), {json.dumps(states): "action_answer"}
    assert keys_by_both(policy, lookup, states, monkeypatch) == ({*lookup}, {*lookup})
    lookup.clear()
    assert keys_by_both(policy, lookup, states, monkeypatch) == (set(), set())


def test_few_rules_are_tried_in_training(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, domain, tried = rule_policy(engine), engine._agent.domain, []
    monkeypatch.setattr(RulePolicy, "_try_keys", lambda self, lookup, states: tried.append(lookup) or {*lookup}, raising=False)
    monkeypatch.setattr(RulePolicy, "_get_possible_keys", speed._possible_keys)
    policy._try_every_rule(DialogueStateTracker.from_events("few", [ActionExecuted("action_listen"), UserUttered("iets", {"name": "fietsen"})], domain.slots), domain, False)
    assert tried, "Rasa looks for its rules in another way now: see _narrow_rules"
    assert 0 < len(tried[0]) < 5 < len(policy.lookup["rules"])


def test_the_results_of_our_own_actions_are_not_checked(engine: Engine, understood_as: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    understood_as("fietsen")
    monkeypatch.setattr(jsonschema, "validate", lambda *arguments: pytest.fail("Rasa checks results in another place now: see _trust_actions"))
    assert replies(engine, "not checked", "mag ik fietsen?")[0].topics == ("fietsen",)


def test_garbage_is_not_looked_for_in_the_model(engine: Engine) -> None:
    assert gc.get_freeze_count() > 100_000
    assert gc.isenabled()


def test_the_sums_of_a_message_take_one_thread(engine: Engine) -> None:
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}


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


def test_the_domain_is_looked_at_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    replies(engine, "domain", "mag ik fietsen?")
    assert "_found_empty" in engine._agent.processor.domain.__dict__, "Rasa asks in another place whether its domain is empty: see _look_at_the_domain_once"
    monkeypatch.setattr(type(engine._agent.processor.domain), "_is_empty", lambda self: pytest.fail("the domain is written out again"))
    replies(engine, "domain", "mag ik fietsen?")
    monkeypatch.undo()
    assert engine._agent.processor.domain.is_empty() is engine._agent.processor.domain._is_empty() is False


@given(EVENTS)
def test_a_copy_of_a_tracker_is_what_rasa_would_make(engine: Engine, events: list[Event]) -> None:
    tracker = DialogueStateTracker.from_events("past", copy.deepcopy(events), engine._agent.domain.slots)
    tracker.model_id = tracker.assistant_id = "model"
    ours, rasas = tracker.copy(), tracker._replayed_copy()
    assert vars(ours).keys() == vars(rasas).keys(), "Rasa's trackers have other attributes now: see _copy"
    assert {name: value for name, value in vars(ours).items() if name != "slots"} == {name: value for name, value in vars(rasas).items() if name != "slots"}
    assert {name: vars(slot) for name, slot in ours.slots.items()} == {name: vars(slot) for name, slot in rasas.slots.items()}


def test_a_copy_of_a_tracker_changes_alone(engine: Engine) -> None:
    tracker = DialogueStateTracker.from_events("past", [SlotSet("context", 1)], engine._agent.domain.slots)
    copied = tracker.copy()
    copied.update(SlotSet("context", 2))
    copied.update(UserUttered("iets"))
    assert (tracker.get_slot("context"), len(tracker.events), tracker.latest_message.text) == (1, 1, None)
    assert (copied.get_slot("context"), len(copied.events)) == (2, 3)


def test_rasa_copies_no_tracker_by_its_events(engine: Engine, understood_as: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DialogueStateTracker, "travel_back_in_time", lambda self, time: pytest.fail("Rasa copies its tracker in another way now: see _copy_trackers"))
    understood_as("leeftijd")
    assert replies(engine, "copied", "hoe oud?")[0].topics == ("leeftijd",)


def test_the_class_of_an_event_is_known(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("user", "bot", "slot", "action", "session_started"):
        assert Event.resolve_by_type(name) is Event._search_by_type(name), "Rasa's events have other classes now: see _know_events"
    monkeypatch.setattr("rasa.shared.utils.common.all_subclasses", lambda cls: pytest.fail("looked for again"))
    assert Event.resolve_by_type("slot") is SlotSet
    monkeypatch.undo()
    with pytest.raises(ValueError, match="Unknown event"):
        Event.resolve_by_type("geen")


def test_a_message_fills_no_slot_here(engine: Engine, understood_as: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Rasa looks for values in each message; the only slot is set by actions."""
    monkeypatch.setattr(MessageProcessor, "_fill_slots", lambda *_: pytest.fail("Rasa looked for slots: see speed._look_for_no_slots"))
    understood_as("fietsen")
    assert [reply.kind for reply in replies(engine, "slots", "mag ik fietsen?")] == ["answer"]


def test_rasa_would_fill_none_either(engine: Engine) -> None:
    processor = engine._agent.processor
    tracker = DialogueStateTracker.from_events("slots", [ActionExecuted("action_listen"), UserUttered("mag ik fietsen?", {"name": "fietsen"})], engine._agent.domain.slots)
    before = tracker.current_state()
    after = asyncio.run(processor._fill_slots(CollectingOutputChannel(), tracker))
    assert after.current_state() == before


@pytest.mark.parametrize(
    ("slots", "actions", "expected"),
    [
        ("{a: {type: any, mappings: [{type: custom}]}}", "[]", False),
        ("{}", "[]", False),
        ("{a: {type: any, mappings: [{type: custom, action: action_fill}]}}", "[action_fill]", True),
        ("{a: {type: text, mappings: [{type: from_text}]}}", "[]", True),
        ("{a: {type: any, mappings: [{type: custom}]}}", "[action_validate_slot_mappings]", True),
    ],
)
def test_slots_that_a_message_fills_are_left_to_rasa(slots: str, actions: str, expected: bool) -> None:
    domain = Domain.from_yaml(f'version: "3.1"\nintents: [groet]\nslots: {slots}\nactions: {actions}\n')
    assert speed.has_slots_to_fill(domain) is expected


def test_tokens_keep_the_tag_that_spacy_gives() -> None:
    [token] = spacy.blank("nl")("fietsen")
    token.tag_ = "WW"
    assert SpacyTokenizer._tag_of_token(token) == "WW"
    assert not token._.has("tag"), "there is a tag of another kind now: see speed._tag_no_tokens"
