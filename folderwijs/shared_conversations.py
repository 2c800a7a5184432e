"""Conversations in Redis, for several processes and machines: bounded in length and age, one turn at a time in each."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, AsyncGenerator, Optional

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LockError, LockStore
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker

from folderwijs.kept_events import decode, encode
from folderwijs.redis_link import PREFIX, RedisLink, Script, StoreAway

TURN_SECONDS = 3.0
"""Seconds after which a turn is taken to have died with its process; while it lasts, it says every second that it lives."""
LONGEST_WAIT = 10.0
"""Seconds that a message waits for those before it in its conversation."""
MOST_WAITING = 50
"""Messages of one conversation that wait at the most."""
_LOOK_AGAIN = 0.01  # seconds, times the number of turns before this one

_NOW = "local time = redis.call('TIME'); local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"

_ENTER = Script(
    # KEYS: the line of turns, until when each is alive, the conversation. ARGV: the turn, milliseconds to live, most turns waiting.
    # Gives how many turns come before this one, or -1 where too many do; and with 0 the conversation.
    _NOW
    + """
    local head = redis.call('LINDEX', KEYS[1], 0)
    while head and head ~= ARGV[1] and tonumber(redis.call('HGET', KEYS[2], head) or 0) < now do
        redis.call('LPOP', KEYS[1])
        redis.call('HDEL', KEYS[2], head)
        head = redis.call('LINDEX', KEYS[1], 0)
    end
    if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then
        if redis.call('LLEN', KEYS[1]) > tonumber(ARGV[3]) then return {-1} end
        redis.call('RPUSH', KEYS[1], ARGV[1])
    end
    redis.call('HSET', KEYS[2], ARGV[1], now + ARGV[2])
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    redis.call('PEXPIRE', KEYS[2], ARGV[2])
    local before = redis.call('LPOS', KEYS[1], ARGV[1])
    if before > 0 then return {before} end
    return {0, redis.call('GET', KEYS[3])}
    """
)
_LEAVE = Script("redis.call('LREM', KEYS[1], 1, ARGV[1]); return redis.call('HDEL', KEYS[2], ARGV[1])")
_KEEP_AND_LEAVE = Script(
    # KEYS: the line of turns, until when each is alive, the conversation. ARGV: the turn, the conversation, seconds to keep it.
    # A turn that was taken for dead must not write over the turn that came after it; one that says twice that it leaves has kept its own.
    """
    if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return redis.call('GET', KEYS[3]) == ARGV[2] and 1 or 0 end
    redis.call('SET', KEYS[3], ARGV[2], 'EX', ARGV[3])
    redis.call('LREM', KEYS[1], 1, ARGV[1])
    redis.call('HDEL', KEYS[2], ARGV[1])
    return 1
    """
)


@dataclass
class RedisTurn:
    """A turn that has its conversation: what is read and written in it goes to Redis with its beginning and its end, and so costs no commands of its own.

    Attributes:
        name: no other turn has it.
        events: the conversation as `encode` gives it, or None where there is none.
        seconds: to keep it for, where it was saved in this turn.
    """

    name: str
    events: Optional[bytes]
    seconds: Optional[int] = None


class RedisTurns(LockStore):
    """One turn at a time in each conversation, in the order they came, whichever process they came to.

    Rasa's RedisLockStore reads, changes and writes a lock in steps, so that two processes can hold it at once; it looks once a second whether
    the turn before is done, and blocks the event loop meanwhile.

    Args:
        link: the way to Redis.
    """

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._holding: dict[str, RedisTurn] = {}
        super().__init__()

    def holder(self, conversation: str) -> Optional[RedisTurn]:
        """The turn of this process that has the conversation, or None."""
        return self._holding.get(conversation)

    @asynccontextmanager
    async def lock(self, conversation_id: str, *arguments: Any, **keywords: Any) -> AsyncGenerator[TicketLock, None]:
        """Hold the conversation's lock. What was saved meanwhile is kept at the end, and is not where the turn ends in an error.

        Raises:
            StoreAway: Redis cannot be reached.
            LockError: too many turns come before this one, or they take too long; or this one took so long that it was taken for dead.
        """
        name = secrets.token_urlsafe(9)
        keys = [*_turn_keys(conversation_id), _key(conversation_id)]
        left = False
        try:
            turn = RedisTurn(name, await self._wait(keys, name))
            alive = asyncio.ensure_future(self._stay_alive(keys, name))
            self._holding[conversation_id] = turn
            try:
                yield TicketLock(conversation_id)
            finally:
                alive.cancel()
                if self._holding.get(conversation_id) is turn:
                    del self._holding[conversation_id]
            if turn.seconds is not None:
                left = await self._keep_and_leave(keys, turn)
        finally:
            if not left:
                await self._leave(keys, name)

    async def _wait(self, keys: list[str], turn: str) -> Optional[bytes]:
        """Wait until it is the turn's turn; gives the conversation as it then is."""
        until = time.monotonic() + LONGEST_WAIT
        while (entered := await self._enter(keys, turn))[0] != 0:
            if entered[0] < 0 or time.monotonic() > until:
                raise LockError("the turns before this one are too many, or take too long")
            await asyncio.sleep(_LOOK_AGAIN * entered[0])
        return entered[1]  # type: ignore[no-any-return]

    async def _enter(self, keys: list[str], turn: str) -> list[Any]:
        return list(await self._link.run(_ENTER, keys, turn, int(TURN_SECONDS * 1000), MOST_WAITING))

    async def _stay_alive(self, keys: list[str], turn: str) -> None:
        while True:
            await asyncio.sleep(TURN_SECONDS / 3)
            with suppress(StoreAway):
                await self._enter(keys, turn)

    async def _keep_and_leave(self, keys: list[str], turn: RedisTurn) -> bool:
        if not await self._link.run(_KEEP_AND_LEAVE, keys, turn.name, turn.events, turn.seconds):
            raise LockError("another turn has the conversation")
        return True

    async def _leave(self, keys: list[str], turn: str) -> None:
        with suppress(StoreAway):  # then the turn lapses by itself
            await self._link.run(_LEAVE, keys, turn)


class RedisConversations(TrackerStore):
    """Keeps the last events of each conversation, as JSON, for some time.

    Rasa's RedisTrackerStore keeps every event with all that was understood, reads and merges the whole of it at every turn, and blocks the event loop meanwhile.

    Args:
        link: the way to Redis.
        turns: who may write.
        max_events: events kept of each conversation.
        seconds: after which an idle conversation is forgotten.
    """

    def __init__(self, link: RedisLink, turns: RedisTurns, *, max_events: int, seconds: int, domain: Optional[Domain] = None) -> None:
        super().__init__(domain or Domain.empty())
        self._link = link
        self._turns = turns
        self._max_events = max_events
        self._seconds = seconds

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        """The tracker of a conversation, or None where it is not, or no longer, kept.

        Raises:
            StoreAway: Redis cannot be reached.
        """
        turn = self._turns.holder(sender_id)
        kept = turn.events if turn else await self._link.command("GET", _key(sender_id))
        if kept is None:
            return None
        return decode(kept, sender_id, self.domain)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep the last events of a tracker: at the end of its turn, or at once where it has none.

        Raises:
            StoreAway: Redis cannot be reached.
        """
        events = encode(tracker, self._max_events)
        if turn := self._turns.holder(tracker.sender_id):
            turn.events, turn.seconds = events, self._seconds
        else:
            await self._link.command("SET", _key(tracker.sender_id), events, "EX", self._seconds)

    async def exists(self, conversation_id: str) -> bool:
        """Whether anything of a conversation is still kept.

        Raises:
            StoreAway: Redis cannot be reached.
        """
        turn = self._turns.holder(conversation_id)
        return turn.events is not None if turn else bool(await self._link.command("EXISTS", _key(conversation_id)))

    async def drop(self, sender_id: str) -> None:
        """Forget one conversation.

        Raises:
            StoreAway: Redis cannot be reached.
        """
        if turn := self._turns.holder(sender_id):
            turn.events, turn.seconds = None, None
        await self._link.command("DEL", _key(sender_id))

    async def reaches(self) -> bool:
        """Whether Redis can be reached and written to."""
        return await self._link.reaches()


def _key(conversation: str) -> str:
    return f"{PREFIX}:{{{conversation}}}:events"  # what stands in braces decides the node of a cluster: the same for all keys of a conversation


def _turn_keys(conversation: str) -> list[str]:
    return [f"{PREFIX}:{{{conversation}}}:turns", f"{PREFIX}:{{{conversation}}}:alive"]
