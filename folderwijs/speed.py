"""What makes Rasa faster, in one place: each reaches into Rasa's private parts, and has a test that says so where Rasa changes."""

from __future__ import annotations

import copy
import gc
import itertools
import json
from functools import lru_cache
from typing import Any, Optional, Sequence

import rasa.core.policies.rule_policy
import rasa.core.processor
from rasa.core.actions.action import RemoteAction
from rasa.core.channels.channel import OutputChannel
from rasa.core.policies.rule_policy import RULES, RulePolicy
from rasa.core.processor import MessageProcessor
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.nlu.tokenizers.spacy_tokenizer import SpacyTokenizer
from rasa.shared.core.constants import ACTION_VALIDATE_SLOT_MAPPINGS, DEFAULT_SLOT_NAMES, PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import ActionExecuted, ActionReverted, ActiveLoop, Event, Restarted, SessionStarted, UserUtteranceReverted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ACTION_NAME, INTENT
from threadpoolctl import threadpool_limits

_SET_BY_ACTIONS = {"type": "custom"}
_SIMPLE_STEP = {PREVIOUS_ACTION: [ACTION_NAME], USER: [INTENT]}
_LOOKING_BACK = (ActionReverted, ActiveLoop, Restarted, SessionStarted, UserUtteranceReverted)
"""Events that change what the events before them mean."""

COPIES_FOR_THE_LOG = (rasa.core.processor, rasa.core.policies.rule_policy)
"""Modules of Rasa that copy for their log, and for nothing else."""


def install() -> None:
    """Put the shortcuts in place; before an agent is loaded."""
    _trust_actions()
    _look_up_rules()
    _log_no_copies()
    _look_at_the_domain_once()
    _know_events()
    _copy_trackers()
    _look_for_no_slots()
    _tag_no_tokens()
    rasa.core.processor.DaskGraphRunner = GraphInOrder


def install_for_training() -> None:
    """Put those shortcuts in place that training has use for."""
    _narrow_rules()
    _log_no_copies()
    _tag_no_tokens()


def settle() -> None:
    """Make this process ready for short messages; after an agent is loaded."""
    threadpool_limits(1, "blas")  # the sums of one message are small: threads that wait for each other make some of them ten times slower
    gc.freeze()  # the model stays: looking through all of it for garbage costs a message a tenth of a second now and then
    gc.enable()


class GraphInOrder(DaskGraphRunner):
    """Runs the graph's nodes one after the other, in an order that is found once; Dask plans every message anew."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._orders: dict[tuple[str, ...], list[tuple[str, tuple[str, ...]]]] = {}

    def run(self, inputs: Optional[dict[str, Any]] = None, targets: Optional[list[str]] = None) -> dict[str, Any]:
        """Give the output of each target, from inputs by the name of the node they stand for."""
        wanted = tuple(targets or self._graph_schema.target_names)
        if wanted not in self._orders:
            self._orders[wanted] = self._order(wanted)
        outputs = dict(inputs or {})
        for name, needs in self._orders[wanted]:
            outputs[name] = self._instantiated_nodes[name](*((need, outputs[need]) for need in needs if need in outputs))[1]
        return {name: outputs[name] for name in wanted}

    def _order(self, targets: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
        """The nodes that the targets need, each with what it needs itself and behind all of that."""
        nodes = self._graph_schema.minimal_graph_schema(list(targets)).nodes
        order: dict[str, tuple[str, ...]] = {}

        def add(name: str) -> None:
            if name in nodes and name not in order:
                needs = tuple(dict.fromkeys(nodes[name].needs.values()))
                for need in needs:
                    add(need)
                order[name] = needs

        for target in targets:
            add(target)
        return list(order.items())


class RulesByPast:
    """The rules by the last steps of a conversation that they ask for: for each step the action, and what the visitor meant.

    Args:
        lookup: the action of each rule, by the rule's key.

    Attributes:
        simple: whether all rules ask for actions and intents alone, in each of their steps; no others are known here.
    """

    def __init__(self, lookup: dict[str, str]) -> None:
        self.lookup = lookup
        self._keys: dict[tuple[tuple[str, str], ...], str] = {}
        self.simple = bool(lookup)
        for key in lookup:
            steps = json.loads(key)
            if any({kind: [*state] for kind, state in step.items()} != _SIMPLE_STEP for step in steps):
                self.simple = False
                return
            self._keys[tuple((step[PREVIOUS_ACTION][ACTION_NAME], step[USER][INTENT]) for step in steps)] = key
        self._longest = max(map(len, self._keys), default=0)

    def applying(self, events: Sequence[Event]) -> Optional[str]:
        """The key of the rule that applies after `events`, the one that Rasa takes where several do; None where none does, or where that is not known here."""
        past = _last_steps(events, self._longest)
        found = (self._keys.get(tuple(past[-length:])) for length in range(1, len(past) + 1))
        return max((key for key in found if key), key=len, default=None)


def _last_steps(events: Sequence[Event], most: int) -> list[tuple[str, str]]:
    """The last steps of a conversation that are whole, at most so many: the action before it, and the intent of the message that was the last one then."""
    steps: list[list[Optional[str]]] = [[None, None]]
    for event in reversed(events):
        if isinstance(event, UserUttered):
            steps = [[action, event.intent_name if intent is None else intent] for action, intent in steps]
        elif isinstance(event, ActionExecuted) and steps[-1][0] is None:
            steps[-1][0] = event.action_name
            if len(steps) < most:
                steps.append([None, None])
        elif isinstance(event, _LOOKING_BACK):
            break
        if all(action and intent for action, intent in steps):
            break
    whole = itertools.takewhile(all, steps)
    return [(str(action), str(intent)) for action, intent in whole][::-1]


def _trust_actions() -> None:
    """Take the results of actions as they are: Rasa's SDK in this process made them, and to check them takes longer than the actions do."""
    RemoteAction._validate_action_result = lambda self, result: True


def _look_up_rules() -> None:
    """Have RulePolicy look up the rule for the last steps of a conversation, where it would try all of them on the whole of it."""
    if not hasattr(RulePolicy, "_try_every_rule"):
        RulePolicy._try_every_rule = RulePolicy._find_action_from_rules
        RulePolicy._find_action_from_rules = _action_from_rules


def _action_from_rules(self: RulePolicy, tracker: DialogueStateTracker, domain: Domain, use_text_for_last_user_input: bool) -> tuple[Optional[str], Optional[str], bool]:
    """What Rasa's own method gives: the action, the rule's key, and whether a form is left."""
    rules: Optional[RulesByPast] = self.__dict__.get("_rules_by_past")
    if rules is None or rules.lookup is not self.lookup[RULES]:
        rules = self._rules_by_past = RulesByPast(self.lookup[RULES])
    if rules.simple and not tracker.active_loop_name:
        if use_text_for_last_user_input:
            return None, None, False  # no rule asks for what was typed
        if key := rules.applying(tracker.events):
            return rules.lookup[key], key, False
    found: tuple[Optional[str], Optional[str], bool] = self._try_every_rule(tracker, domain, use_text_for_last_user_input)
    return found


class RulesByLastStep:
    """The rules by the action and the intent in the last of the steps that they ask for.

    Args:
        lookup: the action of each rule, by the rule's key.
    """

    def __init__(self, lookup: dict[str, str]) -> None:
        self.lookup = lookup
        self._keys: dict[tuple[Optional[str], Optional[str]], list[str]] = {}
        for key in lookup:
            step = json.loads(key)[-1:]
            action, intent = _step(step[0]) if step else (None, None)
            self._keys.setdefault((action, intent if action else None), []).append(key)  # a step with no action before it is the start, whatever is said

    def possible(self, state: State) -> dict[str, str]:
        """All rules that can apply in a state of a conversation, and some that cannot."""
        action, intent = _step(state)
        near = ((action, intent), (action, None), (None, None))
        return {key: self.lookup[key] for place in dict.fromkeys(near) for key in self._keys.get(place, ()) if key in self.lookup}  # training drops some


def _step(state: State) -> tuple[Optional[str], Optional[str]]:
    """The action before a state and the intent in it, where it has them and asks for just these."""
    return _asked(state.get(PREVIOUS_ACTION, {}).get(ACTION_NAME)), _asked(state.get(USER, {}).get(INTENT))


def _asked(value: Any) -> Optional[str]:
    return value if isinstance(value, str) and value not in ("", SHOULD_NOT_BE_SET) else None


def _narrow_rules() -> None:
    """Have RulePolicy try only rules whose last step ends as the conversation does: holding all rules against all stories takes the square of their number."""
    if not hasattr(RulePolicy, "_try_keys"):
        RulePolicy._try_keys = RulePolicy._get_possible_keys
        RulePolicy._get_possible_keys = _possible_keys


def _possible_keys(self: RulePolicy, lookup: dict[str, str], states: list[State]) -> set[str]:
    """What Rasa's own method gives: the keys of the rules that apply."""
    if states:
        rules: Optional[RulesByLastStep] = self.__dict__.get("_rules_by_last_step")
        if rules is None or rules.lookup is not lookup:
            rules = self._rules_by_last_step = RulesByLastStep(lookup)
        lookup = rules.possible(states[-1])
    found: set[str] = self._try_keys(lookup, states)
    return found


class _NoCopies:
    """Stands in for the module `copy` where Rasa copies only what it hands to its log."""

    @staticmethod
    def deepcopy(value: Any) -> Any:
        """The value itself."""
        return value


def _log_no_copies() -> None:
    """Hand the log what it leaves out anyway as it is: Rasa copies whole conversations for lines of level debug."""
    for module in COPIES_FOR_THE_LOG:
        module.copy = _NoCopies


def _look_at_the_domain_once() -> None:
    """Remember whether a domain is empty: for every message, Rasa writes it out and compares it with one made anew."""
    if not hasattr(Domain, "_is_empty"):
        Domain._is_empty = Domain.is_empty
        Domain.is_empty = _is_empty


def _is_empty(self: Domain) -> bool:
    """What Rasa's own method gave at the first call: domains are read, not changed."""
    if "_found_empty" not in self.__dict__:
        self.__dict__["_found_empty"] = self._is_empty()
    empty: bool = self.__dict__["_found_empty"]
    return empty


def _know_events() -> None:
    """Remember the class of each kind of event: Rasa looks for it among all its classes, for each event that an action gives."""
    if not hasattr(Event, "_search_by_type"):
        Event._search_by_type = Event.resolve_by_type
        Event.resolve_by_type = staticmethod(lru_cache(maxsize=100)(Event._search_by_type))


def _copy_trackers() -> None:
    """Copy a tracker as it is: before every action Rasa makes it anew from all its events."""
    if not hasattr(DialogueStateTracker, "_replayed_copy"):
        DialogueStateTracker._replayed_copy = DialogueStateTracker.copy
        DialogueStateTracker.copy = _copy


def _copy(self: DialogueStateTracker) -> DialogueStateTracker:
    """What Rasa's own method gives: the same state, which can change without changing this one."""
    tracker = copy.copy(self)
    tracker.events, tracker.slots, tracker.active_loop = copy.copy(self.events), copy.copy(self.slots), copy.copy(self.active_loop)
    for name, slot in self.slots.items():
        tracker.slots[name] = copy.copy(slot)
    tracker.model_id = tracker.assistant_id = None
    return tracker


def _look_for_no_slots() -> None:
    """Leave out the action that fills slots from a message where there is no slot that it could fill."""
    if not hasattr(MessageProcessor, "_fill_slots"):
        MessageProcessor._fill_slots = MessageProcessor.run_action_extract_slots
        MessageProcessor.run_action_extract_slots = _run_action_extract_slots


async def _run_action_extract_slots(self: MessageProcessor, output_channel: OutputChannel, tracker: DialogueStateTracker) -> DialogueStateTracker:
    """What Rasa's own method gives: the tracker, with the slots that the last message fills."""
    if "_has_slots_to_fill" not in self.__dict__:
        self.__dict__["_has_slots_to_fill"] = has_slots_to_fill(self.domain)
    if not self.__dict__["_has_slots_to_fill"]:
        return tracker
    filled: DialogueStateTracker = await self._fill_slots(output_channel, tracker)
    return filled


def has_slots_to_fill(domain: Domain) -> bool:
    """Whether a message can fill a slot: all but those that only actions set, `type: custom` without anything more."""
    slots = [slot for slot in domain.slots if slot.name not in DEFAULT_SLOT_NAMES]
    return ACTION_VALIDATE_SLOT_MAPPINGS in domain.user_actions or any(mapping != _SET_BY_ACTIONS for slot in slots for mapping in slot.mappings)


def _tag_no_tokens() -> None:
    """Take the tag that spaCy gave a token: Rasa first asks, for each token, whether there is another one under that name."""
    SpacyTokenizer._tag_of_token = staticmethod(lambda token: token.tag_)
