from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Callable

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from folderwijs.answers import Answers
from folderwijs.conversations import BoundedTrackerStore, TurnLockStore
from folderwijs.engine import Engine
from folderwijs.settings import Settings


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def store_of(most: int = 10, max_events: int = 10, seconds: float = 60, unpacked: int = 5, clock: Callable[[], float] = lambda: 0.0) -> BoundedTrackerStore:
    return BoundedTrackerStore(most=most, max_events=max_events, seconds=seconds, unpacked=unpacked, clock=clock)


async def keep(store: BoundedTrackerStore, *ids: str) -> None:
    for id_ in ids:
        await store.save(await store.get_or_create_tracker(id_))


def test_a_conversation_is_kept_and_dropped() -> None:
    async def run() -> None:
        store = store_of()
        await keep(store, "a", "b")
        kept = await store.retrieve("a")
        assert kept is not None
        assert kept.sender_id == "a"
        store.drop("a")
        store.drop("never there")
        assert await store.retrieve("a") is None
        assert await store.keys() == ["b"]

    asyncio.run(run())


def test_the_number_of_conversations_is_bounded_and_the_longest_idle_goes_first() -> None:
    async def run() -> None:
        store = store_of(most=2)
        await keep(store, "a", "b", "a", "c")
        assert await store.keys() == ["a", "c"]
        assert len(store) == 2

    asyncio.run(run())


def test_an_idle_conversation_is_forgotten() -> None:
    async def run() -> None:
        clock = Clock()
        store = store_of(seconds=60, clock=clock)
        await keep(store, "a")
        clock.now = 50
        await keep(store, "a", "b")
        clock.now = 110
        assert await store.retrieve("a") is not None
        clock.now = 111
        assert await store.retrieve("a") is None
        assert len(store) == 0

    asyncio.run(run())


def test_the_events_of_a_conversation_are_bounded() -> None:
    async def run() -> list[str | None]:
        store = store_of(max_events=5)
        tracker = DialogueStateTracker("a", [])  # as Rasa makes it: without a bound
        for number in range(20):
            tracker.update(UserUttered(str(number)))
            await store.save(tracker)
        kept = await store.retrieve("a")
        assert kept is not None
        assert len(kept.copy().events) == 5
        return [event.text for event in kept.events if isinstance(event, UserUttered)]

    assert asyncio.run(run()) == ["15", "16", "17", "18", "19"]


def test_conversations_that_are_idle_are_packed_and_come_back() -> None:
    async def run() -> None:
        store = store_of(unpacked=2, max_events=20)
        first = await store.get_or_create_tracker("a")
        for number in range(30):
            first.update(UserUttered(str(number), {"name": "groet"}))
        await store.save(first)
        await keep(store, "b", "c")
        assert await store.keys() == ["a", "b", "c"]
        assert len(store) == 3
        again = await store.retrieve("a")
        assert again is not first
        assert again is not None
        assert [event.text for event in again.events if isinstance(event, UserUttered)] == [str(number) for number in range(10, 30)]
        assert again.latest_message == first.latest_message
        assert len(first.events) == 20, "packing leaves the tracker as it is: a turn may be busy with it"
        await store.save(again)
        assert await store.keys() == ["b", "c", "a"]
        assert await store.retrieve("a") is again

    asyncio.run(run())


def test_packed_conversations_are_bounded_forgotten_and_dropped_too() -> None:
    async def run() -> None:
        clock = Clock()
        store = store_of(most=4, unpacked=1, seconds=60, clock=clock)
        await keep(store, "a", "b", "c", "d", "e")
        assert await store.keys() == ["b", "c", "d", "e"]
        store.drop("c")
        assert await store.keys() == ["b", "d", "e"]
        clock.now = 50
        await keep(store, "d")
        clock.now = 61
        assert await store.retrieve("b") is None
        assert await store.keys() == ["d"]

    asyncio.run(run())


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def small(model: Path, answers: Answers, clock: Clock) -> Engine:
    """An engine that keeps two conversations of 20 events for a minute."""
    return Engine(model, answers, store_of(most=2, max_events=20, clock=clock))


def test_the_engine_keeps_so_many_conversations(small: Engine) -> None:
    async def run() -> list[str]:
        for conversation in ("a", "b", "a", "c"):
            await small.reply("hallo", conversation)
        return list(await small.store.keys())

    assert asyncio.run(run()) == ["a", "c"]


def test_the_engine_forgets_what_was_said_long_ago(small: Engine, clock: Clock, understood_as: Callable[..., None]) -> None:
    understood_as()

    async def run() -> list[tuple[str, ...]]:
        await small.reply("leeftijd", "age")
        clock.now += 59
        soon = await small.reply("vervolg_herhaal", "age")
        clock.now += 61
        late = await small.reply("vervolg_herhaal", "age")
        return [soon[0].topics, late[0].topics]

    assert asyncio.run(run()) == [("leeftijd",), ()]


def test_the_engine_keeps_so_many_events_of_a_conversation(small: Engine) -> None:
    async def run() -> int:
        for _ in range(10):
            await small.reply("mag ik fietsen?", "long")
        tracker = await small.store.retrieve("long")
        return len(tracker.events) if tracker else 0

    assert asyncio.run(run()) == 20


def test_a_conversation_with_few_events_still_knows_the_turn_before(small: Engine, understood_as: Callable[..., None]) -> None:
    understood_as()

    async def run() -> list[tuple[str, ...]]:
        topics = []
        for _ in range(10):
            await small.reply("leeftijd", "few")
            [reply] = await small.reply("vervolg_herhaal", "few")
            topics.append(reply.topics)
        return topics

    assert asyncio.run(run()) == [("leeftijd",)] * 10


def test_a_packed_conversation_still_knows_the_turn_before(model: Path, answers: Answers, understood_as: Callable[..., None]) -> None:
    understood_as()
    store = store_of(max_events=60, unpacked=1)
    engine = Engine(model, answers, store)

    async def run() -> list[tuple[str, ...]]:
        topics = []
        for _ in range(4):
            await engine.reply("leeftijd", "packed")
            await engine.reply("groet", "other")
            [reply] = await engine.reply("vervolg_herhaal", "packed")
            await engine.reply("groet", "other")
            topics.append(reply.topics)
        return topics

    assert asyncio.run(run()) == [("leeftijd",)] * 4
    assert list(store._packed) == ["packed"]


def test_turns_of_one_conversation_follow_each_other_in_order() -> None:
    lock_store, seen = TurnLockStore(), []

    async def turn(number: int) -> None:
        async with lock_store.lock("a"):
            seen.append(number)
            for _ in range(5):
                await asyncio.sleep(0)
            seen.append(number)

    async def run() -> None:
        await asyncio.gather(*map(turn, range(10)))

    asyncio.run(run())
    assert seen == [number for number in range(10) for _ in range(2)]


def test_conversations_do_not_wait_for_each_other() -> None:
    lock_store = TurnLockStore()

    async def run() -> None:
        async with lock_store.lock("a"), lock_store.lock("b"):
            assert not await is_free(lock_store, "a")

    asyncio.run(run())


def test_a_lock_is_free_again_after_an_error_and_after_someone_gave_up_waiting() -> None:
    lock_store = TurnLockStore()

    async def fail() -> None:
        async with lock_store.lock("a"):
            assert not await is_free(lock_store, "a")
            raise ValueError("stuk")

    async def run() -> None:
        with pytest.raises(ValueError, match="stuk"):
            await fail()
        assert await is_free(lock_store, "a")
        assert lock_store._locks == {}, "no lock is kept of a conversation that nobody is in"

    asyncio.run(run())


async def is_free(lock_store: TurnLockStore, conversation: str) -> bool:
    """Whether a turn could start now; gives up where it would have to wait."""

    async def enter() -> None:
        async with lock_store.lock(conversation):
            pass

    waiting = asyncio.ensure_future(enter())
    for _ in range(5):
        await asyncio.sleep(0)
    free = waiting.done()
    waiting.cancel()
    await asyncio.wait([waiting])
    return free


def test_messages_sent_at_once_are_answered_in_order(engine: Engine, understood_as: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    understood_as("groet")
    parse = MessageProcessor.parse_message
    messages = [f"hallo {number}" for number in range(8)]

    async def parse_the_first_slowest(self: MessageProcessor, message: UserMessage, *arguments: Any) -> Any:
        for _ in range(len(messages) - messages.index(message.text)):
            await asyncio.sleep(0)
        return await parse(self, message, *arguments)

    async def run() -> list[Any]:
        await asyncio.gather(*(engine.reply(message, "in order") for message in messages))
        tracker = await engine.store.retrieve("in order")
        return [event.text for event in tracker.events if isinstance(event, UserUttered)] if tracker else []

    monkeypatch.setattr(MessageProcessor, "parse_message", parse_the_first_slowest)
    kept = asyncio.run(run())
    assert len(kept) > 2, "a conversation is bounded, but longer than this"
    assert kept == messages[-len(kept) :]


def test_conversations_at_once_keep_apart(engine: Engine, answers: Answers, understood_as: Callable[..., None]) -> None:
    understood_as()
    topics = list(answers.leaflet.topics)

    async def talk(topic: str) -> tuple[str, ...]:
        await engine.reply(topic, f"apart {topic}")
        [reply] = await engine.reply("vervolg_herhaal", f"apart {topic}")
        return reply.topics

    async def run() -> list[tuple[str, ...]]:
        return await asyncio.gather(*map(talk, topics))

    assert asyncio.run(run()) == [(topic,) for topic in topics]


def test_a_turn_that_is_longer_than_a_conversation_may_be_ends_well(engine: Engine, answers: Answers, settings: Settings, understood_as: Callable[..., None]) -> None:
    topics = list(answers.leaflet.topics)
    assert len(topics) > settings.max_events
    understood_as(*topics)

    async def run() -> list[list[tuple[str, ...]]]:
        every = await engine.reply("alles", "long turn")
        understood_as()
        return [[reply.topics for reply in replies] for replies in (every, await engine.reply("vervolg_herhaal", "long turn"))]

    every, again = asyncio.run(run())
    assert every == [(topic,) for topic in topics]
    assert again == [every[-1]]
