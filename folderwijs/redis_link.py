"""The way to Redis: bounded in time, and fast to give up while Redis is away."""

from __future__ import annotations

import logging
import time
from typing import Any, Callable, Mapping, Sequence

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as NoReply

TIMEOUT = 0.6
"""Seconds to wait for a connection, and then for a reply: both together stay well under the two that a visitor should wait at the most."""
PAUSE = 0.5
"""Seconds after a failure in which Redis is not asked again, so that nobody waits in turn for what is away."""
PREFIX = "folderwijs"

logger = logging.getLogger(__name__)


class StoreAway(Exception):
    """Raised where the store that conversations are shared in cannot be reached or used."""


class Script:
    """A Lua script, which Redis runs as one step.

    Args:
        source: the Lua text.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.hash = ""  # known once Redis has loaded it


class RedisLink:
    """Runs commands and scripts.

    Args:
        url: `redis://` or `rediss://`, or "" where `options` say it all.
        options: what `redis.asyncio.Redis` takes besides.
        clock: seconds that only go up.
    """

    def __init__(self, url: str = "", options: Mapping[str, Any] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        # A connection from before Redis started anew fails once; it is made again and the command sent again.
        retry = Retry(NoBackoff(), 1, supported_errors=(LostConnection,))
        common: dict[str, Any] = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "retry": retry, "retry_on_error": [LostConnection], **(options or {})}
        self._redis: Redis[bytes] = Redis.from_url(url, **common) if url else Redis(**common)
        self._clock = clock
        self._pause_until = 0.0
        self._away = False

    async def command(self, *arguments: Any) -> Any:
        """Run one command.

        Raises:
            StoreAway: Redis cannot be reached, or could not a moment ago.
        """
        return await self._guarded(lambda: self._redis.execute_command(*arguments))

    async def run(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any:
        """Run a script on keys. It may run twice where the connection is lost, so it must bear that.

        Raises:
            StoreAway: Redis cannot be reached, or could not a moment ago.
        """

        async def evaluate() -> Any:
            try:
                if script.hash:
                    return await self._redis.evalsha(script.hash, len(keys), *keys, *arguments)
            except NoScriptError:
                pass  # Redis started anew
            script.hash = await self._redis.script_load(script.source)
            return await self._redis.evalsha(script.hash, len(keys), *keys, *arguments)

        return await self._guarded(evaluate)

    async def reaches(self) -> bool:
        """Whether Redis can be reached and written to, tried also where it was away a moment ago."""
        try:
            await self._tried(lambda: self._redis.execute_command("SET", f"{PREFIX}:health", "1", "EX", "10"))
        except StoreAway:
            return False
        return True

    async def close(self) -> None:
        """Let go of every connection."""
        await self._redis.close()
        await self._redis.connection_pool.disconnect()

    async def _guarded(self, call: Callable[[], Any]) -> Any:
        if self._clock() < self._pause_until:
            raise StoreAway("Redis was away a moment ago")
        return await self._tried(call)

    async def _tried(self, call: Callable[[], Any]) -> Any:
        try:
            result = await call()
        except (LostConnection, NoReply, OSError) as error:
            self._pause_until = self._clock() + PAUSE
            if not self._away:
                self._away = True
                logger.error("Redis is away: %s: %s", type(error).__name__, error)
            raise StoreAway(type(error).__name__) from None
        except RedisError as error:  # full, read-only or misconfigured; the error's text may hold what was to be written
            logger.error("Redis refused a command: %s", type(error).__name__)
            raise StoreAway(type(error).__name__) from None
        if self._away:
            self._away, self._pause_until = False, 0.0
            logger.warning("Redis is back")
        return result
