"""What makes Rasa faster, in one place: each reaches into Rasa's private parts, and has a test that says so where Rasa changes."""

from __future__ import annotations

import gc
from typing import Any, Callable, Optional, Sequence

import rasa.core.policies.rule_policy
import rasa.core.processor
from rasa.core.actions.action import RemoteAction
from rasa.core.policies.rule_policy import RULES, RulePolicy
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import TEXT
from threadpoolctl import threadpool_limits

_MOST_STEPS = 10_000
"""Steps of conversations whose rules are remembered; a step is an action and the intent before it."""


COPIES_FOR_THE_LOG = (rasa.core.processor, rasa.core.policies.rule_policy)
"""Modules of Rasa that copy for their log, and for nothing else."""


def install() -> None:
    """Put the shortcuts in place; before an agent is loaded."""
    _trust_actions()
    _look_up_rules()
    _log_no_copies()
    _look_at_the_domain_once()
    rasa.core.processor.DaskGraphRunner = GraphInOrder


def settle() -> None:
    """Make this process ready for short messages; after an agent is loaded."""
    threadpool_limits(1, "blas")  # the sums of one message are small: threads that wait for each other make some of them ten times slower
    gc.collect()
    gc.freeze()  # the model stays: looking through all of it for garbage costs a message a tenth of a second now and then


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


class RulesByStep:
    """Remembers which rules fit a step of a conversation.

    Args:
        lookup: the action of each rule, by the rule's key.

    Attributes:
        about_text: whether any rule asks for what a visitor typed, rather than for what it means.
    """

    def __init__(self, lookup: dict[str, str]) -> None:
        self.lookup = lookup
        self.about_text = any(f'"{TEXT}"' in key for key in lookup)
        self._by_step: dict[str, dict[str, str]] = {}

    def fitting(self, step: dict[str, dict[str, Any]], find: Callable[[], set[str]]) -> dict[str, str]:
        """The part of the lookup that fits a step; what `find` gives, where it is not remembered."""
        if self.about_text:
            return self.lookup
        # where no rule asks for the text, the step is the same without it: what a visitor typed is not remembered
        key = repr({kind: {name: value for name, value in state.items() if name != TEXT} for kind, state in step.items()})
        if key not in self._by_step:
            if len(self._by_step) >= _MOST_STEPS:
                self._by_step.clear()
            self._by_step[key] = {rule: self.lookup[rule] for rule in find()}
        return self._by_step[key]


def _trust_actions() -> None:
    """Take the results of actions as they are: Rasa's SDK in this process made them, and to check them takes longer than the actions do."""
    RemoteAction._validate_action_result = lambda self, result: True


def _look_up_rules() -> None:
    """Have RulePolicy look up the rules that fit the last step of a conversation, where it would try all of them for every message."""
    if not hasattr(RulePolicy, "_every_possible_key"):
        RulePolicy._every_possible_key = RulePolicy._get_possible_keys
        RulePolicy._get_possible_keys = _possible_keys


    if not hasattr(RulePolicy, "_every_action_from_rules"):
        RulePolicy._every_action_from_rules = RulePolicy._find_action_from_rules
        RulePolicy._find_action_from_rules = _action_from_rules


def _action_from_rules(self: RulePolicy, tracker: DialogueStateTracker, domain: Domain, use_text_for_last_user_input: bool) -> tuple[Optional[str], Optional[str], bool]:
    """What Rasa's own method gives; where no rule asks for a text, without trying the text."""
    if use_text_for_last_user_input and not tracker.active_loop_name and not _rules_by_step(self).about_text:
        return None, None, False
    found: tuple[Optional[str], Optional[str], bool] = self._every_action_from_rules(tracker, domain, use_text_for_last_user_input)
    return found


def _rules_by_step(policy: RulePolicy) -> RulesByStep:
    """What is remembered of a policy's rules."""
    lookup = policy.lookup[RULES]
    found: Optional[RulesByStep] = policy.__dict__.get("_rules_by_step")
    if found is None or found.lookup is not lookup:
        found = policy._rules_by_step = RulesByStep(lookup)
    return found


def _possible_keys(self: RulePolicy, lookup: dict[str, str], states: list[dict[str, dict[str, Any]]]) -> set[str]:
    """The keys of the rules in `lookup` that apply after `states`, as Rasa's own method gives them."""
    if lookup is not self.lookup[RULES] or not states:
        every: set[str] = self._every_possible_key(lookup, states)
        return every
    fitting = _rules_by_step(self).fitting(states[-1], lambda: self._every_possible_key(lookup, states[-1:]))
    possible: set[str] = self._every_possible_key(fitting, states)
    return possible


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
