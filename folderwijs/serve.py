"""Starting the web service."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import socket
import tempfile
from pathlib import Path
from typing import Any, Iterator, Optional, TextIO

import uvicorn
import yaml
from starlette.applications import Starlette

from folderwijs import logs, metrics, training
from folderwijs.answers import load_answers
from folderwijs.desk.desk import Desk
from folderwijs.desk.kept_questions import KeptQuestions
from folderwijs.desk.store import Store
from folderwijs.redaction import load_redactor
from folderwijs.settings import PROJECT, Settings, SettingsError, is_loopback, load_settings

STOP_SECONDS = 30
"""Seconds that requests at hand have when the service is told to stop."""

_SHARED = ("mongod", "dynamo")  # besides Redis and SQL, the types of tracker store that Rasa knows


def create_app() -> Starlette:
    """The application as the settings have it; uvicorn calls this in every worker."""
    gc.disable()  # in a worker process too, until its engine is loaded: see cli._serve
    from folderwijs.app import Service
    from folderwijs.engine import Engine
    from folderwijs.stores import make_stores

    settings = load_settings()
    logs.configure(settings.log_level, settings.log_format)
    answers = load_answers(PROJECT, settings.leaflet)
    store = open_store(settings)
    log = KeptQuestions(store, load_redactor(), answers.questions) if settings.questions_db else None

    def load_engine() -> Engine:
        engine = Engine(training.MODEL, answers, *make_stores(settings))
        if log is not None:
            log.understand = engine.understand
        return engine

    return Service(settings, answers, load_engine, log, Desk(settings, answers, store) if settings.desk else None).app()


def open_store(settings: Settings) -> Store:
    """The store of the desk: the one that is set, or this process's memory where no questions are kept."""
    place = settings.questions_db
    return Store(place if not place or place.startswith("postgresql://") else Path(place))


def check_desk(settings: Settings) -> None:
    """Hold the settings of the desk against each other.

    Raises:
        SettingsError: the desk would be open to others, or its logins would not be shared.
    """
    if not settings.desk:
        return
    if not settings.desk_password_hash and not is_loopback(settings.host):
        raise SettingsError(
            f"HOST={settings.host!r} is no loopback address, so others could open the receptionist's desk at /balie, and it has no password: "
            "set DESK_PASSWORD_HASH (`python -m folderwijs password` makes one), or switch the desk off with DESK=off"
        )
    if settings.desk_password_hash and settings.workers > 1 and not settings.questions_db:
        raise SettingsError("WORKERS is more than 1 and QUESTIONS_DB is off: the processes have no store to share the logins of the desk")


def serve(settings: Settings) -> None:
    """Listen until told to stop.

    Raises:
        SettingsError: the stores do not fit the settings; a desk that others could open; the address cannot be listened on.
        ModelError: the model is not the one that was trained.
    """
    check_stores(settings)
    check_desk(settings)
    training.check_model()
    os.environ["SECRET"] = settings.secret  # the same in every worker
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        raise SettingsError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
    port = listener.getsockname()[1]
    listener.close()
    os.environ["PORT"] = str(port)
    logs.configure(settings.log_level, settings.log_format)
    tell(settings, f"Folderwijs: http://{settings.host}:{port}")
    if settings.workers > 1:
        gc.enable()  # this process loads no engine
    with _counting(settings):
        uvicorn.run(
            "folderwijs.serve:create_app", factory=True, host=settings.host, port=port, workers=settings.workers, http="folderwijs.connection:BoundedHttp", ws="none",
            access_log=False, log_config=None, log_level="warning", server_header=False, timeout_keep_alive=30, timeout_graceful_shutdown=STOP_SECONDS,
            proxy_headers=False,  # uvicorn would believe any proxy on this computer; folderwijs.proxies believes those that are listed
        )


@contextlib.contextmanager
def _counting(settings: Settings) -> Iterator[None]:
    """Publish the metrics, where a port is set, and have several processes count together.

    Raises:
        SettingsError: the address of the metrics cannot be listened on.
    """
    if settings.metrics_port is None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="folderwijs-metrics-") as folder:
        if settings.workers > 1:
            os.environ[metrics.SHARED] = folder  # the processes that uvicorn starts inherit it
        try:
            port = metrics.publish(settings.metrics_host, settings.metrics_port)
        except OSError as error:
            raise SettingsError(f"cannot listen on METRICS_HOST {settings.metrics_host}, METRICS_PORT {settings.metrics_port}: {error.strerror}") from error
        tell(settings, f"Metrics: http://{settings.metrics_host}:{port}/metrics")
        try:
            yield
        finally:
            os.environ.pop(metrics.SHARED, None)


def tell(settings: Settings, sentence: str, to: Optional[TextIO] = None) -> None:
    """Say something whatever the level of the log, in the log's own format.

    Args:
        settings: the settings.
        sentence: what to say.
        to: where; None for the standard output.
    """
    line = json.dumps({"level": "info", "logger": "folderwijs", "message": sentence}, ensure_ascii=False) if settings.log_format == "json" else sentence
    print(line, file=to, flush=True)


def check_stores(settings: Settings) -> None:
    """Hold the settings against what endpoints.yml says about where conversations are kept.

    Raises:
        SettingsError: several workers that do not share conversations, or nothing that keeps their messages in order; Redis is named in two places.
    """
    endpoints = yaml.safe_load((PROJECT / "endpoints.yml").read_text("utf8"))
    store, locks = (named if isinstance(named, dict) else {} for named in (endpoints.get(name) if isinstance(endpoints, dict) else None for name in ("tracker_store", "lock_store")))
    if settings.redis_url:
        if store or locks:
            raise SettingsError("REDIS_URL is set, and endpoints.yml names a tracker_store or lock_store too: take one of them away")
        return
    if _type(store) == "redis" and not os.environ.get("SECRET"):
        raise SettingsError("endpoints.yml names Redis, and SECRET is not set: every process and machine must sign the sessions of shared conversations with the same SECRET")
    if settings.workers == 1 or _type(store) == "redis":
        return
    if not _shared(store):
        raise SettingsError("WORKERS is more than 1, so the processes must share conversations: set REDIS_URL (or name a tracker_store in endpoints.yml)")
    if _type(locks) != "redis":
        raise SettingsError("WORKERS is more than 1: endpoints.yml needs a lock_store of type redis beside its tracker_store, or messages of one conversation get mixed up; or set REDIS_URL")


def _shared(store: dict[str, Any]) -> bool:
    """Whether several processes can share a tracker store of endpoints.yml, which they cannot where it is in memory."""
    type_ = _type(store)
    if type_ == "sql":
        return not str(store.get("dialect", "sqlite")).startswith("sqlite") or store.get("db", "rasa.db") not in (None, "", ":memory:")
    # where Rasa does not know the type, it takes a store in memory; a class of one's own is named by its path
    return type_ in _SHARED or ("." in type_ and not type_.endswith(".inmemorytrackerstore"))


def _type(store: dict[str, Any]) -> str:
    return str(store.get("type")).lower()
