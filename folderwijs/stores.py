"""Which stores the conversations are kept in, as the settings and endpoints.yml have it."""

from __future__ import annotations

from typing import Any, Optional

from rasa.core.lock_store import LockStore
from rasa.core.tracker_store import TrackerStore
from rasa.utils.endpoints import EndpointConfig, read_endpoint_config

from folderwijs.conversations import TurnLockStore
from folderwijs.engine import memory_store
from folderwijs.redis_link import RedisLink
from folderwijs.settings import PROJECT, Settings
from folderwijs.shared_conversations import RedisConversations, RedisTurns

_OPTIONS = {
    "db": "db", "username": "username", "password": "password", "use_ssl": "ssl",
    "ssl_keyfile": "ssl_keyfile", "ssl_certfile": "ssl_certfile", "ssl_ca_certs": "ssl_ca_certs",
}
"""What endpoints.yml may say about Redis (Rasa's names), and what our client calls it."""


def make_stores(settings: Settings) -> tuple[TrackerStore, LockStore]:
    """Where conversations are kept, and what keeps their messages in order.

    In Redis where REDIS_URL or endpoints.yml says so; else in the tracker store that endpoints.yml names; else in this process's memory.
    """
    store, locks = (read_endpoint_config(str(PROJECT / "endpoints.yml"), name) for name in ("tracker_store", "lock_store"))
    link = RedisLink(settings.redis_url) if settings.redis_url else _link(store)
    if link is not None:
        seconds = int((store and store.kwargs.get("record_exp")) or settings.conversation_minutes * 60)
        return RedisConversations(link, turns := RedisTurns(link), max_events=settings.max_events, seconds=seconds), turns
    link = _link(locks)
    return TrackerStore.create(store) if store else memory_store(settings), RedisTurns(link) if link is not None else TurnLockStore()


def _link(endpoint: Optional[EndpointConfig]) -> Optional[RedisLink]:
    """The way to the Redis that an endpoint names, or None where it names none."""
    if endpoint is None or str(endpoint.type).lower() != "redis":
        return None
    options: dict[str, Any] = {ours: endpoint.kwargs[theirs] for theirs, ours in _OPTIONS.items() if theirs in endpoint.kwargs}
    return RedisLink(options={"host": endpoint.url or "localhost", "port": int(endpoint.kwargs.get("port", 6379)), **options})
