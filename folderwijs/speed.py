"""What makes Rasa faster, in one place: each reaches into Rasa's private parts, and has a test that says so where Rasa changes."""

from __future__ import annotations

import gc
from typing import Any, Callable, Optional, Sequence

import rasa.core.processor
from rasa.core.actions.action import RemoteAction
from rasa.core.policies.rule_policy import RULES, RulePolicy
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.nlu.constants import TEXT
from threadpoolctl import threadpool_limits

_MOST_STEPS = 10_000
"""Steps of conversations whose rules are remembered; a step is an action and the intent before it."""


def install() -> None:
    """Put the shortcuts in place; before an agent is loaded."""
    _trust_actions()
    _look_up_rules()
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
    """

    def __init__(self, lookup: dict[str, str]) -> None:
        self.lookup = lookup
        self._about_text = any(f'"{TEXT}"' in key for key in lookup)
        self._by_step: dict[str, dict[str, str]] = {}

    def fitting(self, step: dict[str, dict[str, Any]], find: Callable[[], set[str]]) -> dict[str, str]:
        """The part of the lookup that fits a step; what `find` gives, where it is not remembered."""
        if self._about_text:
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


def _possible_keys(self: RulePolicy, lookup: dict[str, str], states: list[dict[str, dict[str, Any]]]) -> set[str]:
    """The keys of the rules in `lookup` that apply after `states`, as Rasa's own method gives them."""
    if lookup is not self.lookup[RULES] or not states:
        every: set[str] = self._every_possible_key(lookup, states)
        return every
    found: Optional[RulesByStep] = self.__dict__.get("_rules_by_step")
    if found is None or found.lookup is not lookup:
        found = self._rules_by_step = RulesByStep(lookup)
    fitting = found.fitting(states[-1], lambda: self._every_possible_key(lookup, states[-1:]))
    possible: set[str] = self._every_possible_key(fitting, states)
    return possible


