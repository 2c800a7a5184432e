from __future__ import annotations

from pathlib import Path

import pytest
from rasa.core.tracker_store import SQLTrackerStore

from folderwijs import stores as module
from folderwijs.conversations import BoundedTrackerStore, TurnLockStore
from folderwijs.settings import Settings, load_settings
from folderwijs.shared_conversations import RedisConversations, RedisTurns
from folderwijs.stores import make_stores


@pytest.fixture
def endpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An endpoints.yml of the test's own."""
    monkeypatch.setattr(module, "PROJECT", tmp_path)
    return tmp_path / "endpoints.yml"


def test_conversations_are_kept_in_memory_unless_something_else_is_said(settings: Settings) -> None:
    store, turns = make_stores(settings)
    assert (type(store), type(turns)) == (BoundedTrackerStore, TurnLockStore)


def test_one_setting_names_redis_for_both() -> None:
    store, turns = make_stores(load_settings({"REDIS_URL": "rediss://ik:geheim@host:6380/3", "SECRET": "s" * 32}))
    assert (type(store), type(turns)) == (RedisConversations, RedisTurns)


def test_endpoints_can_name_a_store_of_rasa_and_redis_for_the_locks(settings: Settings, endpoints: Path) -> None:
    endpoints.write_text(f"tracker_store: {{type: SQL, dialect: sqlite, db: {endpoints.parent}/conversations.db}}\nlock_store: {{type: redis, url: host}}\n", "utf8")
    store, turns = make_stores(settings)
    assert (type(store), type(turns)) == (SQLTrackerStore, RedisTurns)


def test_redis_can_be_named_as_rasa_does(settings: Settings, endpoints: Path) -> None:
    endpoints.write_text("tracker_store: {type: redis, url: host, port: 6380, db: 3, username: ik, password: geheim, use_ssl: true, record_exp: 120}\n", "utf8")
    store, turns = make_stores(settings)
    assert isinstance(store, RedisConversations)
    assert isinstance(turns, RedisTurns)
    pool = store._link._redis.connection_pool
    assert {name: pool.connection_kwargs[name] for name in ("host", "port", "db", "username", "password")} == {
        "host": "host", "port": 6380, "db": 3, "username": "ik", "password": "geheim",
    }
    assert pool.connection_class.__name__ == "SSLConnection"
    assert store._seconds == 120
