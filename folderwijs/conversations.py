"""Where conversations are kept: in memory, bounded in number, length and age, never on disk."""

from __future__ import annotations

import asyncio
import itertools
import time
import zlib
from collections import OrderedDict, deque
from contextlib import asynccontextmanager
from typing import Any, AsyncGenerator, Callable, Optional

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LockStore
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker

from folderwijs.kept_events import decode, encode

_LEVEL = 1  # of zlib: the fastest, and most of what there is to win


class BoundedTrackerStore(TrackerStore):
    """Keeps the trackers used last themselves, the others packed; nothing is written.

    Rasa's InMemoryTrackerStore never forgets a conversation and serialises it at every turn.

    Args:
        most: conversations kept; the one idle longest goes first.
        max_events: events kept of each.
        seconds: after which an idle conversation is forgotten.
        unpacked: conversations kept as they are; a packed one takes a tenth of the memory, and half a millisecond to come back.
        clock: seconds that only go up.
    """

    def __init__(
        self,
        domain: Optional[Domain] = None,
        *,
        most: int,
        max_events: int,
        seconds: float,
        unpacked: int = 200,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(domain or Domain.empty())
        self._most = most
        self._max_events = max_events
        self._seconds = seconds
        self._unpacked = unpacked
        self._clock = clock
        self._packed: OrderedDict[str, tuple[float, bytes]] = OrderedDict()  # all idle for longer than those in _trackers
        self._trackers: OrderedDict[str, tuple[float, DialogueStateTracker]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._packed) + len(self._trackers)

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        """The tracker of a conversation, or None where it is not, or no longer, kept."""
        self._forget()
        if entry := self._trackers.get(sender_id):
            return entry[1]
        packed = self._packed.get(sender_id)
        return decode(zlib.decompress(packed[1]), sender_id, self.domain) if packed else None

    async def exists(self, conversation_id: str) -> bool:
        """Whether anything of a conversation is still kept."""
        self._forget()
        return conversation_id in self._trackers or conversation_id in self._packed

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep the tracker with its last events only; it is now the one used last.

        Nothing is taken from it in the middle of a turn: the policies look for the message that they choose an action for.
        """
        if len(tracker.events) > self._max_events:
            tracker.events = deque(itertools.islice(tracker.events, len(tracker.events) - self._max_events, None))
        self._packed.pop(tracker.sender_id, None)
        self._trackers[tracker.sender_id] = (self._clock(), tracker)
        self._trackers.move_to_end(tracker.sender_id)
        if len(self._trackers) > self._unpacked:
            sender_id, (used, idle) = self._trackers.popitem(last=False)
            self._packed[sender_id] = (used, zlib.compress(encode(idle, self._max_events), _LEVEL))
        self._forget()

    async def keys(self) -> list[str]:
        """The conversations kept, the one idle longest first."""
        return [*self._packed, *self._trackers]

    def drop(self, sender_id: str) -> None:
        """Forget one conversation."""
        self._packed.pop(sender_id, None)
        self._trackers.pop(sender_id, None)

    def _forget(self) -> None:
        oldest = self._clock() - self._seconds
        for kept in (self._packed, self._trackers):
            while kept and (len(self) > self._most or next(iter(kept.values()))[0] < oldest):
                kept.popitem(last=False)


class TurnLockStore(LockStore):
    """One turn at a time in each conversation of this process, in the order they came.

    Rasa's InMemoryLockStore looks once a second whether the turn before is done; this one is woken.
    """

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}
        super().__init__()

    @asynccontextmanager
    async def lock(self, conversation_id: str, *arguments: Any, **keywords: Any) -> AsyncGenerator[TicketLock, None]:
        """Hold the conversation's lock."""
        lock, users = self._locks.get(conversation_id, (asyncio.Lock(), 0))
        self._locks[conversation_id] = (lock, users + 1)
        try:
            async with lock:
                yield TicketLock(conversation_id)
        finally:
            lock, users = self._locks[conversation_id]
            if users == 1:
                del self._locks[conversation_id]
            else:
                self._locks[conversation_id] = (lock, users - 1)
