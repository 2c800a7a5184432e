from __future__ import annotations

import asyncio
import logging
from typing import Any, Awaitable, Callable

import pytest
from redis_process import PASSWORD, RedisServer

from folderwijs.redis_link import PAUSE, RedisLink, Script, StoreAway


def run(test: Callable[[RedisLink], Awaitable[Any]], link: RedisLink) -> Any:
    """Run a test with a link, and close it."""

    async def main() -> Any:
        try:
            return await test(link)
        finally:
            await link.close()

    return asyncio.run(main())


def test_it_goes_on_when_redis_was_started_anew(redis_server: RedisServer) -> None:
    script = Script("return redis.call('INCR', KEYS[1])")

    async def use(link: RedisLink) -> None:
        await asyncio.gather(*(link.command("SET", f"k{number}", "v") for number in range(5)))  # several connections
        assert await link.run(script, ["number"]) == 1
        redis_server.stop()
        redis_server.start()
        for number in range(5):
            assert await link.command("GET", f"k{number}") == b"v"
        assert await link.run(script, ["number"]) == 2

    run(use, RedisLink(redis_server.url))


def test_it_says_once_that_redis_is_away_and_once_that_it_is_back(redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0

    async def use(link: RedisLink) -> None:
        nonlocal now
        redis_server.stop()
        for _ in range(3):
            now += PAUSE
            with pytest.raises(StoreAway):
                await link.command("PING")
        redis_server.start()
        with pytest.raises(StoreAway):  # it was away a moment ago
            await link.command("PING")
        now += PAUSE
        assert await link.command("PING") in (True, b"PONG")
        assert await link.command("PING") in (True, b"PONG")

    with caplog.at_level(logging.WARNING):
        run(use, RedisLink(redis_server.url, clock=lambda: now))
    away, back = caplog.messages
    assert away.startswith("Redis is away: ConnectionError")
    assert back == "Redis is back"
    assert PASSWORD not in caplog.text


def test_it_can_be_asked_at_any_time_whether_redis_is_there(redis_server: RedisServer) -> None:
    async def use(link: RedisLink) -> None:
        assert await link.reaches()
        redis_server.stop()
        assert not await link.reaches()
        redis_server.start()
        assert await link.reaches(), "also within the pause"

    run(use, RedisLink(redis_server.url, clock=lambda: 0.0))


def test_a_redis_that_cannot_be_written_to_is_not_there(redis_server: RedisServer) -> None:
    client = redis_server.client()

    async def use(link: RedisLink) -> None:
        client.config_set("min-replicas-to-write", 1)
        assert not await link.reaches()
        client.config_set("min-replicas-to-write", 0)
        assert await link.reaches()

    run(use, RedisLink(redis_server.url))


def test_a_wrong_password_is_told_without_it(redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    async def use(link: RedisLink) -> None:
        assert not await link.reaches()

    run(use, RedisLink(f"redis://:verkeerdwoord@127.0.0.1:{redis_server.port}/0"))
    assert "AuthenticationError" in caplog.text
    assert "verkeerdwoord" not in caplog.text


def test_after_a_command_that_redis_refuses_the_next_one_is_tried_at_once(redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    async def use(link: RedisLink) -> None:
        await link.command("SET", "text", "v")
        with pytest.raises(StoreAway, match="ResponseError"):
            await link.command("LPUSH", "text", "zeldzaamwoord")
        assert await link.command("GET", "text") == b"v"

    run(use, RedisLink(redis_server.url))
    assert "Redis refused a command: ResponseError" in caplog.text
    assert "zeldzaamwoord" not in caplog.text
