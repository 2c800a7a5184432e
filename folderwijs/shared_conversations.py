"""Conversations in Redis, for several processes and machines: bounded in length and age, one turn at a time in each."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import asynccontextmanager, suppress
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
    # KEYS: the line of turns, and until when each is alive. ARGV: the turn, milliseconds to live, most turns waiting.
    # Gives how many turns come before this one, or -1 where too many do.
    _NOW
    + """
    local head = redis.call('LINDEX', KEYS[1], 0)
    while head and head ~= ARGV[1] and tonumber(redis.call('HGET', KEYS[2], head) or 0) < now do
        redis.call('LPOP', KEYS[1])
        redis.call('HDEL', KEYS[2], head)
        head = redis.call('LINDEX', KEYS[1], 0)
    end
    if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then
        if redis.call('LLEN', KEYS[1]) > tonumber(ARGV[3]) then return -1 end
        redis.call('RPUSH', KEYS[1], ARGV[1])
    end
    redis.call('HSET', KEYS[2], ARGV[1], now + ARGV[2])
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    redis.call('PEXPIRE', KEYS[2], ARGV[2])
    return redis.call('LPOS', KEYS[1], ARGV[1])
    """
)
_LEAVE = Script("redis.call('LREM', KEYS[1], 1, ARGV[1]); return redis.call('HDEL', KEYS[2], ARGV[1])")
_SAVE = Script(
    # KEYS: the conversation, the line of turns. ARGV: the turn, the conversation, seconds to keep it.
    # A turn that was taken for dead must not write over the turn that came after it.
    """
    if ARGV[1] ~= '' and redis.call('LINDEX', KEYS[2], 0) ~= ARGV[1] then return 0 end
    redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
    return 1
    """
)


class RedisTurns(LockStore):
    """One turn at a time in each conversation, in the order they came, whichever process they came to.

    Rasa's RedisLockStore reads, changes and writes a lock in steps, so that two processes can hold it at once; it looks once a second whether
    the turn before is done, and blocks the event loop meanwhile.

    Args:
        link: the way to Redis.
    """

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._holding: dict[str, str] = {}
        super().__init__()

    def holder(self, conversation: str) -> str:
        """The turn of this process that has the conversation, or ""."""
        return self._holding.get(conversation, "")

    @asynccontextmanager
    async def lock(self, conversation_id: str, *arguments: Any, **keywords: Any) -> AsyncGenerator[TicketLock, None]:
        """Hold the conversation's lock.

        Raises:
            StoreAway: Redis cannot be reached.
            LockError: too many turns come before this one, or they take too long.
        """
        turn = secrets.token_urlsafe(9)
        keys = _turn_keys(conversation_id)
        try:
            await self._wait(keys, turn)
            alive = asyncio.ensure_future(self._stay_alive(keys, turn))
            self._holding[conversation_id] = turn
            try:
                yield TicketLock(conversation_id)
            finally:
                alive.cancel()
                if self._holding.get(conversation_id) == turn:
                    del self._holding[conversation_id]
        finally:
            await self._leave(keys, turn)

    async def _wait(self, keys: list[str], turn: str) -> None:
        until = time.monotonic() + LONGEST_WAIT
        while (before := await self._enter(keys, turn)) != 0:
            if before < 0 or time.monotonic() > until:
                raise LockError("the turns before this one are too many, or take too long")
            await asyncio.sleep(_LOOK_AGAIN * before)

    async def _enter(self, keys: list[str], turn: str) -> int:
        return int(await self._link.run(_ENTER, keys, turn, int(TURN_SECONDS * 1000), MOST_WAITING))

    async def _stay_alive(self, keys: list[str], turn: str) -> None:
        while True:
            await asyncio.sleep(TURN_SECONDS / 3)
            with suppress(StoreAway):
                await self._enter(keys, turn)

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
        kept = await self._link.command("GET", _key(sender_id))
        if kept is None:
            return None
        return decode(kept, sender_id, self.domain)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep the last events of a tracker.

        Raises:
            StoreAway: Redis cannot be reached.
            LockError: the turn took so long that it was taken for dead.
        """
        keys = [_key(tracker.sender_id), _turn_keys(tracker.sender_id)[0]]
        kept = encode(tracker, self._max_events)
        if not await self._link.run(_SAVE, keys, self._turns.holder(tracker.sender_id), kept, self._seconds):
            raise LockError("another turn has the conversation")

    async def exists(self, conversation_id: str) -> bool:
        """Whether anything of a conversation is still kept.

        Raises:
            StoreAway: Redis cannot be reached.
        """
        return bool(await self._link.command("EXISTS", _key(conversation_id)))

    async def drop(self, sender_id: str) -> None:
        """Forget one conversation.

        Raises:
            StoreAway: Redis cannot be reached.
        """
        await self._link.command("DEL", _key(sender_id))

    async def reaches(self) -> bool:
        """Whether Redis can be reached and written to."""
        return await self._link.reaches()


def _key(conversation: str) -> str:
    return f"{PREFIX}:{{{conversation}}}:events"  # what stands in braces decides the node of a cluster: the same for all keys of a conversation


def _turn_keys(conversation: str) -> list[str]:
    return [f"{PREFIX}:{{{conversation}}}:turns", f"{PREFIX}:{{{conversation}}}:alive"]
