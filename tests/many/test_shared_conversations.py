from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any, Awaitable, Callable, Iterator

import pytest
from rasa.core.lock_store import LockError
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker
from redis_process import RedisServer

from folderwijs import shared_conversations as module
from folderwijs.answers import Answers
from folderwijs.engine import Engine
from folderwijs.redis_link import RedisLink, StoreAway
from folderwijs.shared_conversations import RedisConversations, RedisTurns


class Machine:
    """What one process has: its own way to the Redis that all share."""

    def __init__(self, url: str, max_events: int = 10, seconds: int = 60) -> None:
        self.link = RedisLink(url)
        self.turns = RedisTurns(self.link)
        self.store = RedisConversations(self.link, self.turns, max_events=max_events, seconds=seconds)
        self.store.domain = Domain.empty()
        self.store.domain.slots.append(AnySlot("context", mappings=[{}]))


@pytest.fixture
def shared(redis_server: RedisServer) -> Iterator[RedisServer]:
    """Redis with nothing in it."""
    redis_server.client().flushall()
    return redis_server


def run(test: Callable[..., Awaitable[Any]], url: str, machines: int = 1, **options: int) -> Any:
    """Run a test with so many machines."""

    async def main() -> Any:
        made = [Machine(url, **options) for _ in range(machines)]
        try:
            return await test(*made)
        finally:
            for machine in made:
                await machine.link.close()

    return asyncio.run(main())


def test_a_conversation_goes_from_one_machine_to_the_other(shared: RedisServer) -> None:
    async def talk(one: Machine, other: Machine) -> None:
        assert await other.store.retrieve("a") is None
        assert not await other.store.exists("a")
        tracker = await one.store.get_or_create_tracker("a")
        tracker.update(UserUttered("hallo", intent={"name": "groet", "confidence": 1.0}))
        tracker.update(SlotSet("context", {"topic": "fietsen"}))
        await one.store.save(tracker)
        assert await other.store.exists("a")
        kept = await other.store.retrieve("a")
        assert kept is not None
        assert kept.latest_message is not None
        assert (kept.latest_message.text, kept.latest_message.intent["name"]) == ("hallo", "groet")
        assert kept.get_slot("context") == {"topic": "fietsen"}
        await other.store.drop("a")
        assert await one.store.retrieve("a") is None

    run(talk, shared.url, 2)


def test_the_events_of_a_conversation_are_bounded_and_none_holds_what_else_a_message_could_have_meant(shared: RedisServer) -> None:
    async def talk(machine: Machine) -> DialogueStateTracker | None:
        tracker = DialogueStateTracker("a", [])  # as Rasa makes it: without a bound
        for number in range(20):
            tracker.update(UserUttered(str(number), parse_data={"intent": {"name": "groet"}, "parts": ["lang"] * 100, "intent_ranking": ["lang"] * 100}))
            tracker.update(SlotSet("context", number))
            await machine.store.save(tracker)
        return await machine.store.retrieve("a")

    kept = run(talk, shared.url)
    assert [event.text for event in kept.events if isinstance(event, UserUttered)] == ["15", "16", "17", "18", "19"]
    assert [event.value for event in kept.events if isinstance(event, SlotSet)] == [19]
    assert "lang" not in shared.client().get("folderwijs:{a}:events").decode()


def test_an_idle_conversation_is_forgotten(shared: RedisServer) -> None:
    async def talk(machine: Machine) -> None:
        await machine.store.get_or_create_tracker("a")
        assert 50 < shared.client().ttl("folderwijs:{a}:events") <= 60

    run(talk, shared.url)


def test_no_turn_leaves_anything_behind_that_does_not_lapse(shared: RedisServer) -> None:
    async def talk(machine: Machine) -> None:
        async with machine.turns.lock("a"):
            await machine.store.get_or_create_tracker("a")
            assert all(shared.client().ttl(key) > 0 for key in shared.client().scan_iter())

    run(talk, shared.url)
    assert shared.client().keys() == [b"folderwijs:{a}:events"]


def test_turns_of_one_conversation_follow_each_other_in_the_order_they_came_to_either_machine(shared: RedisServer) -> None:
    seen: list[int] = []

    async def turn(machine: Machine, number: int) -> None:
        await asyncio.sleep(number * 0.02)
        async with machine.turns.lock("a"):
            seen.append(number)
            await asyncio.sleep(0.03)
            seen.append(number)

    async def talk(*machines: Machine) -> None:
        await asyncio.gather(*(turn(machines[number % 2], number) for number in range(10)))

    run(talk, shared.url, 2)
    assert seen == [number for number in range(10) for _ in range(2)]


def test_turns_that_come_at_once_never_overlap(shared: RedisServer) -> None:
    inside, done = 0, 0

    async def turn(machine: Machine) -> None:
        nonlocal inside, done
        async with machine.turns.lock("a"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.001)
            inside -= 1
            done += 1

    async def talk(*machines: Machine) -> None:
        await asyncio.gather(*(turn(machine) for machine in machines for _ in range(10)))

    run(talk, shared.url, 3)
    assert done == 30


def test_conversations_do_not_wait_for_each_other(shared: RedisServer) -> None:
    async def talk(one: Machine, other: Machine) -> None:
        async with one.turns.lock("a"), other.turns.lock("b"):
            assert one.turns.holder("a")
            assert not one.turns.holder("b")

    run(talk, shared.url, 2)


def test_a_turn_is_over_after_an_error(shared: RedisServer) -> None:
    async def fail(machine: Machine) -> None:
        async with machine.turns.lock("a"):
            raise ValueError("stuk")

    async def talk(one: Machine, other: Machine) -> float:
        with pytest.raises(ValueError, match="stuk"):
            await fail(one)
        started = time.monotonic()
        async with other.turns.lock("a"):
            return time.monotonic() - started

    assert run(talk, shared.url, 2) < 0.5


@pytest.fixture
def short_lives(monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds after which a turn is taken to be dead: few."""
    monkeypatch.setattr(module, "TURN_SECONDS", 0.3)
    return 0.3


def test_what_a_turn_saves_is_kept_at_its_end(shared: RedisServer) -> None:
    async def talk(one: Machine, other: Machine) -> None:
        async with one.turns.lock("a"):
            assert not await one.store.exists("a")
            await one.store.save(DialogueStateTracker("a", []))
            assert await one.store.exists("a")
            assert await one.store.retrieve("a") is not None
            assert not await other.store.exists("a")
        assert await other.store.exists("a")
        assert shared.client().ttl("folderwijs:{a}:events") > 50

    run(talk, shared.url, 2)


def test_nothing_of_a_turn_is_kept_where_it_ends_in_an_error(shared: RedisServer) -> None:
    async def fail(machine: Machine) -> None:
        async with machine.turns.lock("a"):
            await machine.store.save(DialogueStateTracker("a", []))
            raise ValueError("stuk")

    async def talk(machine: Machine) -> None:
        with pytest.raises(ValueError, match="stuk"):
            await fail(machine)
        assert not await machine.store.exists("a")

    run(talk, shared.url)


def test_what_a_turn_forgets_is_not_kept(shared: RedisServer) -> None:
    async def talk(machine: Machine) -> None:
        await machine.store.get_or_create_tracker("a")
        async with machine.turns.lock("a"):
            await machine.store.save(DialogueStateTracker("a", []))
            await machine.store.drop("a")
            assert not await machine.store.exists("a")
        assert not await machine.store.exists("a")

    run(talk, shared.url)


def test_a_turn_asks_redis_twice_whatever_is_read_and_written_in_it(shared: RedisServer) -> None:
    async def talk(machine: Machine) -> int:
        async with machine.turns.lock("a"):
            await machine.store.get_or_create_tracker("a")  # the scripts are known from here on
        before = shared.client().info("commandstats")
        async with machine.turns.lock("a"):
            assert await machine.store.exists("a")
            await machine.store.save(await machine.store.get_or_create_tracker("a"))
            await machine.store.save(await machine.store.get_or_create_tracker("a"))
        return sum(shared.client().info("commandstats")[name]["calls"] - before.get(name, {"calls": 0})["calls"] for name in ("cmdstat_evalsha",))

    assert run(talk, shared.url) == 2


def test_a_turn_that_says_twice_that_it_is_over_has_kept_its_own(shared: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time is a command that was sent again because the connection was lost before its reply."""
    leave = RedisTurns._keep_and_leave

    async def twice(self: RedisTurns, keys: list[str], turn: module.RedisTurn) -> bool:
        return await leave(self, keys, turn) and await leave(self, keys, turn)

    monkeypatch.setattr(RedisTurns, "_keep_and_leave", twice)

    async def talk(machine: Machine) -> None:
        async with machine.turns.lock("a"):
            await machine.store.get_or_create_tracker("a")
        assert await machine.store.exists("a")

    run(talk, shared.url)


def test_a_turn_whose_process_died_lapses_and_cannot_write_any_more(shared: RedisServer, short_lives: float, monkeypatch: pytest.MonkeyPatch) -> None:
    async def dead(self: RedisTurns, keys: list[str], turn: str) -> None:
        return

    monkeypatch.setattr(RedisTurns, "_stay_alive", dead)

    async def outlived(one: Machine, other: Machine) -> None:
        async with one.turns.lock("a"):
            await one.store.save(DialogueStateTracker("a", []))
            async with other.turns.lock("a"):
                assert not await other.store.exists("a")
                tracker = DialogueStateTracker("a", [])
                tracker.update(UserUttered("van de ander"))
                await other.store.save(tracker)

    async def talk(one: Machine, other: Machine) -> float:
        started = time.monotonic()
        with pytest.raises(LockError):
            await outlived(one, other)
        kept = await other.store.retrieve("a")
        assert kept is not None
        assert [event.text for event in kept.events if isinstance(event, UserUttered)] == ["van de ander"]
        return time.monotonic() - started

    assert short_lives * 0.9 < run(talk, shared.url, 2) < short_lives + 0.5


def test_a_long_turn_stays_alive(shared: RedisServer, short_lives: float) -> None:
    order = []

    async def wait(machine: Machine) -> None:
        async with machine.turns.lock("a"):
            order.append("second")

    async def talk(one: Machine, other: Machine) -> None:
        async with one.turns.lock("a"):
            waiting = asyncio.ensure_future(wait(other))
            await asyncio.sleep(short_lives * 4)
            order.append("first")
            await one.store.save(DialogueStateTracker("a", []))
        await waiting

    run(talk, shared.url, 2)
    assert order == ["first", "second"]


def test_only_so_many_turns_wait(shared: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)

    async def turn(machine: Machine) -> None:
        async with machine.turns.lock("a"):
            await asyncio.sleep(0.05)

    async def talk(machine: Machine) -> list[Any]:
        return list(await asyncio.gather(*(turn(machine) for _ in range(6)), return_exceptions=True))

    refused = [result for result in run(talk, shared.url) if result is not None]
    assert [type(error) for error in refused] == [LockError] * 2


def test_a_turn_does_not_wait_for_ever(shared: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.1)

    async def talk(one: Machine, other: Machine) -> None:
        async with one.turns.lock("a"):
            with pytest.raises(LockError):
                async with other.turns.lock("a"):
                    pytest.fail("two turns at once")

    run(talk, shared.url, 2)


def test_it_works_where_redis_forgot_the_scripts(shared: RedisServer) -> None:
    async def talk(machine: Machine) -> None:
        for _ in range(2):
            async with machine.turns.lock("a"):
                await machine.store.get_or_create_tracker("a")
            shared.client().script_flush()

    run(talk, shared.url)


def test_what_is_kept_is_plain_json(shared: RedisServer) -> None:
    async def talk(machine: Machine) -> None:
        await machine.store.get_or_create_tracker("a")

    run(talk, shared.url)
    [listen] = json.loads(shared.client().get("folderwijs:{a}:events"))
    assert (listen["event"], listen["name"]) == ("action", "action_listen")


@pytest.fixture(scope="module")
def machine_with_engine(model: Path, answers: Answers, redis_server: RedisServer) -> tuple[Machine, Engine]:
    machine = Machine(redis_server.url, max_events=60)
    return machine, Engine(model, answers, machine.store, machine.turns)


def test_a_message_that_cannot_wait_leaves_the_conversation_as_it_is(
    shared: RedisServer, machine_with_engine: tuple[Machine, Engine], understood_as: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, engine = machine_with_engine
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    understood_as()

    async def talk() -> tuple[list[str], tuple[str, ...]]:
        await engine.reply("leeftijd", "a")
        async with machine.turns.lock("a"):
            waiting = [asyncio.ensure_future(engine.reply("leeftijd", "a")) for _ in range(6)]
            while sum(reply.done() for reply in waiting) < 4:
                await asyncio.sleep(0.01)
        replies = await asyncio.gather(*waiting)
        [again] = await engine.reply("vervolg_herhaal", "a")
        await machine.link.close()
        return sorted(reply.kind for [reply] in replies), again.topics

    assert asyncio.run(talk()) == (["answer"] * 2 + ["error"] * 4, ("leeftijd",))


def test_a_conversation_outlives_a_redis_that_is_full(shared: RedisServer, machine_with_engine: tuple[Machine, Engine], understood_as: Callable[..., None]) -> None:
    machine, engine = machine_with_engine
    understood_as()

    async def talk() -> list[str]:
        await engine.reply("leeftijd", "a")
        shared.client().config_set("maxmemory", "1")
        try:
            [full] = await engine.reply("vervolg_herhaal", "a")
            assert not await engine.reaches_store()
        finally:
            shared.client().config_set("maxmemory", "0")
        [again] = await engine.reply("vervolg_herhaal", "a")
        await machine.link.close()
        return [full.kind, *again.topics]

    assert asyncio.run(talk()) == ["error", "leeftijd"]


@pytest.mark.parametrize("kept", [b"geen json", b'[{"event": "slot", "name": "context", "value": 5, "timestamp": 0}]', b"[5]"])
def test_what_cannot_be_read_is_forgotten(shared: RedisServer, machine_with_engine: tuple[Machine, Engine], understood_as: Callable[..., None], kept: bytes) -> None:
    machine, engine = machine_with_engine
    shared.client().set("folderwijs:{a}:events", kept)
    understood_as("leeftijd")

    async def talk() -> list[str]:
        kinds = [(await engine.reply("hoe oud?", "a"))[0].kind for _ in range(2)]
        await machine.link.close()
        return kinds

    assert asyncio.run(talk()) == ["error", "answer"]


def test_everything_fails_soon_where_redis_says_nothing(shared: RedisServer) -> None:
    async def talk(machine: Machine) -> list[float]:
        shared.freeze()
        times = []
        for call in (machine.store.retrieve("a"), machine.store.exists("a"), machine.store.save(DialogueStateTracker("a", [])), machine.store.drop("a"), turn(machine)):
            started = time.monotonic()
            with pytest.raises(StoreAway):
                await call
            times.append(time.monotonic() - started)
        return times

    async def turn(machine: Machine) -> None:
        async with machine.turns.lock("a"):
            pytest.fail("a turn without Redis")

    try:
        first, *others = run(talk, shared.url)
    finally:
        shared.thaw()
    assert first < 1.3
    assert max(others) < 0.1, "nobody waits again for what was away a moment ago"


def test_a_turn_that_cannot_be_kept_fails_soon(shared: RedisServer) -> None:
    async def turn(machine: Machine) -> None:
        async with machine.turns.lock("a"):
            shared.freeze()
            await machine.store.save(DialogueStateTracker("a", []))

    async def talk(machine: Machine) -> float:
        started = time.monotonic()
        with pytest.raises(StoreAway):
            await turn(machine)
        return time.monotonic() - started

    try:
        took = run(talk, shared.url)
    finally:
        shared.thaw()
    assert took < 1.5
