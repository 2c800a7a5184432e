"""The only room that knows Rasa's Agent: text in, replies out."""

from __future__ import annotations

import gc
import logging
import os
import re
import traceback
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

from folderwijs import no_tensorflow

no_tensorflow.install()
os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")  # of Rasa's own SQL store, which is not used here

import msgspec  # noqa: E402
import rasa.core.processor  # noqa: E402
import structlog  # noqa: E402
from rasa.core.actions.action import RemoteAction  # noqa: E402
from rasa.core.agent import Agent  # noqa: E402
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage  # noqa: E402
from rasa.core.policies.rule_policy import RULES, RulePolicy  # noqa: E402
from rasa.core.tracker_store import TrackerStore  # noqa: E402
from rasa.engine.runner.dask import DaskGraphRunner  # noqa: E402
from rasa.shared.nlu.constants import TEXT  # noqa: E402
from rasa.utils.endpoints import EndpointConfig, read_endpoint_config  # noqa: E402
from rasa_sdk.executor import ActionExecutor  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

from folderwijs.answers import Answers  # noqa: E402
from folderwijs.conversations import BoundedTrackerStore, TurnLockStore  # noqa: E402
from folderwijs.dialogue import Part  # noqa: E402
from folderwijs.engine_errors import ModelError  # noqa: E402
from folderwijs.replies import Reply, from_builtins  # noqa: E402
from folderwijs.settings import PROJECT, Settings  # noqa: E402

logger = logging.getLogger(__name__)

_COMMAND = re.compile(r"\A[\s/]+")
"""What stands before a message that Rasa would take for a command: it looks behind blanks too."""

_MOST_STEPS = 10_000
"""Steps of conversations whose rules are remembered; a step is an action and the intent before it."""


class ActionFailed(Exception):
    """Raised where an action fails, with the kind of error and its place in the code.

    Rasa logs the traceback of an action's error; the error itself may hold what the visitor typed.
    """


class InProcessActions(EndpointConfig):
    """Runs the custom actions in this process, where Rasa would call another one over HTTP."""

    def __init__(self) -> None:
        super().__init__(url="in-process")
        self._executor = ActionExecutor()
        self._executor.register_package("actions")

    async def request(self, *arguments: Any, **keywords: Any) -> Any:
        """Run the action that `keywords["json"]` names.

        Raises:
            ActionFailed: it failed.
        """
        try:
            return await self._executor.run(keywords["json"])
        except Exception as error:  # noqa: BLE001, whatever it is, its text must not reach the log
            place = traceback.extract_tb(error.__traceback__)[-1]
            raise ActionFailed(f"{type(error).__name__} at {place.filename}:{place.lineno}") from None


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


class _RepliesChannel(CollectingOutputChannel):
    """Collects whole replies; the bare text that the actions also send is for other channels."""

    async def send_text_message(self, recipient_id: str, text: str, **keywords: Any) -> None:
        """Leave it out."""


class Engine:
    """A trained model that replies.

    Args:
        model: the model archive.
        answers: the content, for what is said without Rasa.
        store: where conversations are kept.

    Raises:
        ModelError: the model cannot be loaded.
    """

    def __init__(self, model: Path, answers: Answers, store: TrackerStore) -> None:
        if not model.is_file():
            raise ModelError(f"there is no model at {model}: run `make train`")
        _quieten()
        _trust_actions()
        _look_up_rules()
        rasa.core.processor.DaskGraphRunner = GraphInOrder
        self.answers = answers
        self.store = store
        try:
            self._agent = Agent.load(model, tracker_store=store, lock_store=TurnLockStore(), action_endpoint=InProcessActions())
        except Exception as error:  # noqa: BLE001, what a damaged archive raises depends on where it is damaged
            raise ModelError(f"the model at {model} cannot be loaded ({type(error).__name__}: {error}): run `make train`") from error
        threadpool_limits(1, "blas")  # the sums of one message are small: threads that wait for each other make some of them ten times slower
        gc.collect()
        gc.freeze()  # the model stays: looking through all of it for garbage costs a message a tenth of a second now and then

    async def reply(self, text: str, conversation: str) -> list[Reply]:
        """Reply to one message.

        Args:
            text: what the visitor typed. A leading "/" is ordinary text here, never one of Rasa's commands.
            conversation: the conversation it belongs to.

        Returns:
            At least one reply; an error reply where something failed inside.
        """
        channel = _RepliesChannel()
        try:
            await self._agent.handle_message(UserMessage(_ordinary(text), channel, conversation, input_channel="folderwijs"))
            replies = [from_builtins(message["custom"]) for message in channel.messages if "custom" in message]
        except Exception as error:  # noqa: BLE001, a visitor must get a sentence, whatever failed
            logger.error("a message could not be handled: %s", type(error).__name__)
            replies = []
        if not replies:
            if isinstance(self.store, BoundedTrackerStore):
                self.store.drop(conversation)  # what half a turn left behind would confuse the next one
            return [self.answers.error()]
        return replies

    async def remembers(self, conversation: str) -> bool:
        """Whether anything of a conversation is still kept."""
        return await self.store.retrieve(conversation) is not None

    async def understand(self, text: str) -> tuple[Part, ...]:
        """What a message asks, without any conversation."""
        parsed = await self._agent.parse_message(_ordinary(text))
        return tuple(msgspec.convert(parsed["parts"], list[Part])) if "parts" in parsed else ()


def memory_store(settings: Settings) -> BoundedTrackerStore:
    """A store for conversations in this process's memory."""
    return BoundedTrackerStore(most=settings.max_conversations, max_events=settings.max_events, seconds=settings.conversation_minutes * 60)


def make_store(settings: Settings) -> TrackerStore:
    """The tracker store that endpoints.yml names, else one in memory."""
    endpoint = read_endpoint_config(str(PROJECT / "endpoints.yml"), "tracker_store")
    return TrackerStore.create(endpoint) if endpoint else memory_store(settings)


def _ordinary(text: str) -> str:
    """`text` so that Rasa cannot take it for a command, and never empty."""
    return _COMMAND.sub("", text, count=1).strip() or "?"


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


def _quieten() -> None:
    """Keep what visitors type out of the log: Rasa logs messages at level debug."""
    for name in ("rasa", "rasa_sdk", "matplotlib", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
