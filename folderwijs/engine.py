"""The only room that knows Rasa's Agent: text in, replies out."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import traceback
import warnings
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, AsyncContextManager, AsyncGenerator, Callable, Optional

from folderwijs import unused_packages

unused_packages.install()
os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")  # of Rasa's own SQL store, which is not used here

with warnings.catch_warnings():  # Sanic comes with Rasa, and has the deprecations of all packages shown, whatever Python was told
    import sanic  # noqa: E402, F401

import msgspec  # noqa: E402
from rasa.core.agent import Agent  # noqa: E402
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage  # noqa: E402
from rasa.core.lock import TicketLock  # noqa: E402
from rasa.core.lock_store import LockError, LockStore  # noqa: E402
from rasa.core.tracker_store import TrackerStore  # noqa: E402
from rasa.utils.endpoints import EndpointConfig  # noqa: E402
from rasa_sdk.executor import ActionExecutor  # noqa: E402

from folderwijs import speed  # noqa: E402
from folderwijs.answers import Answers  # noqa: E402
from folderwijs.conversations import BoundedTrackerStore, TurnLockStore  # noqa: E402
from folderwijs.dialogue import Part  # noqa: E402
from folderwijs.engine_errors import ModelError  # noqa: E402
from folderwijs.logs import Tellable, quieten_rasa  # noqa: E402
from folderwijs.queueing import NotAdmitted  # noqa: E402
from folderwijs.redis_link import StoreAway  # noqa: E402
from folderwijs.replies import Reply, from_builtins  # noqa: E402
from folderwijs.settings import Settings  # noqa: E402
from folderwijs.shared_conversations import RedisConversations  # noqa: E402
from folderwijs.training import check_model  # noqa: E402

logger = logging.getLogger(__name__)

_COMMAND = re.compile(r"\A[\s/]+")
"""What stands before a message that Rasa would take for a command: it looks behind blanks too."""

Admission = Callable[[], AsyncContextManager[Any]]
"""What is held while a message is worked on."""


@dataclass
class Turn:
    """What came of a message.

    Attributes:
        admission: held while the message is worked on.
        replies: at least one, once it was handled.
        remembered: whether anything of the conversation was kept when its turn came; yes, where that cannot be found out.
    """

    admission: Admission = contextlib.nullcontext
    replies: list[Reply] = field(default_factory=list)
    remembered: bool = True


_TURN: ContextVar[Turn] = ContextVar("turn")
"""The turn that is being taken: between `Engine.take_turn` and the lock of the conversation stands Rasa's Agent."""


class ActionFailed(Tellable):
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


class _RepliesChannel(CollectingOutputChannel):
    """Collects whole replies; the bare text that the actions also send is for other channels."""

    async def send_text_message(self, recipient_id: str, text: str, **keywords: Any) -> None:
        """Leave it out."""


class _AdmittingTurns(LockStore):
    """Admits a message once it is its turn in its conversation.

    The other way round, a few messages that wait for each other would keep all other visitors waiting too.
    """

    def __init__(self, turns: LockStore, store: TrackerStore) -> None:
        self._turns = turns
        self._store = store
        super().__init__()

    @contextlib.asynccontextmanager
    async def lock(self, conversation_id: str, *arguments: Any, **keywords: Any) -> AsyncGenerator[TicketLock, None]:
        """Hold the conversation's lock, and what the caller of `Engine.take_turn` wants held."""
        turn = _TURN.get()
        async with self._turns.lock(conversation_id, *arguments, **keywords) as lock:
            turn.remembered = bool(await self._store.exists(conversation_id))
            async with turn.admission():
                yield lock


class Engine:
    """A trained model that replies.

    Args:
        model: the model archive.
        answers: the content, for what is said without Rasa.
        store: where conversations are kept.
        turns: keeps the messages of one conversation in order; None: those of this process.

    Raises:
        ModelError: the model cannot be loaded.
    """

    def __init__(self, model: Path, answers: Answers, store: TrackerStore, turns: Optional[LockStore] = None) -> None:
        check_model(model)
        quieten_rasa()
        speed.install()
        self.answers = answers
        self.store = store
        try:
            self._agent = Agent.load(model, tracker_store=store, lock_store=_AdmittingTurns(turns or TurnLockStore(), store), action_endpoint=InProcessActions())
        except Exception as error:  # noqa: BLE001, what a damaged archive raises depends on where it is damaged
            raise ModelError(f"the model at {model} cannot be loaded ({type(error).__name__}: {error}): run `make train`") from error
        speed.settle()
        if self._agent.processor is not None:  # Rasa would go on without the conversation where the store fails, and the visitor would not know
            self._agent.processor.tracker_store = store

    async def reply(self, text: str, conversation: str, admission: Admission = contextlib.nullcontext) -> list[Reply]:
        """The replies to one message; see `take_turn`."""
        return (await self.take_turn(text, conversation, admission)).replies

    async def take_turn(self, text: str, conversation: str, admission: Admission = contextlib.nullcontext) -> Turn:
        """Reply to one message.

        Args:
            text: what the visitor typed. A leading "/" is ordinary text here, never one of Rasa's commands.
            conversation: the conversation it belongs to.
            admission: held while the message is worked on, but not while it waits for the messages before it in its conversation.

        Returns:
            The turn, with an error reply where something failed inside.

        Raises:
            NotAdmitted: as `admission` does.
        """
        channel, turn = _RepliesChannel(), Turn(admission)
        _TURN.set(turn)
        try:
            await self._agent.handle_message(UserMessage(_ordinary(text), channel, conversation, input_channel="folderwijs"))
            turn.replies = [from_builtins(message["custom"]) for message in channel.messages if "custom" in message]
        except NotAdmitted:
            raise
        except (StoreAway, LockError) as error:  # what was said before stays as it is
            logger.error("a message could not be handled: %s", type(error).__name__)
            turn.replies = [self.answers.error()]
        except Exception as error:  # noqa: BLE001, a visitor must get a sentence, whatever failed
            logger.error("a message could not be handled: %s", type(error).__name__)
        if not turn.replies:
            await self._drop(conversation)
            turn.replies = [self.answers.error()]
        return turn

    async def reaches_store(self) -> bool:
        """Whether the store of the conversations can be used."""
        return not isinstance(self.store, RedisConversations) or await self.store.reaches()

    async def understand(self, text: str) -> tuple[Part, ...]:
        """What a message asks, without any conversation."""
        parsed = await self._agent.parse_message(_ordinary(text))
        return tuple(msgspec.convert(parsed["parts"], list[Part])) if "parts" in parsed else ()

    async def _drop(self, conversation: str) -> None:
        """Forget a conversation: what half a turn left behind would confuse the next one."""
        if isinstance(self.store, BoundedTrackerStore):
            self.store.drop(conversation)
        elif isinstance(self.store, RedisConversations):
            with contextlib.suppress(StoreAway):
                await self.store.drop(conversation)


def memory_store(settings: Settings) -> BoundedTrackerStore:
    """A store for conversations in this process's memory."""
    return BoundedTrackerStore(most=settings.max_conversations, max_events=settings.max_events, seconds=settings.conversation_minutes * 60)


def _ordinary(text: str) -> str:
    """`text` so that Rasa cannot take it for a command, and never empty."""
    return _COMMAND.sub("", text, count=1).strip() or "?"
