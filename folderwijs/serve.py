"""Starting the web service."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path

import uvicorn
import yaml
from starlette.applications import Starlette

from folderwijs.answers import load_answers
from folderwijs.desk.desk import Desk
from folderwijs.desk.kept_questions import KeptQuestions
from folderwijs.desk.store import Store
from folderwijs.redaction import load_redactor
from folderwijs.settings import PROJECT, Settings, SettingsError, is_loopback, load_settings

_SHARED = ("redis", "mongod", "dynamo")  # besides SQL, the types of tracker store that Rasa knows


def create_app() -> Starlette:
    """The application as the settings have it; uvicorn calls this in every worker."""
    from folderwijs.app import Service
    from folderwijs.engine import Engine, make_store
    from folderwijs.training import MODEL

    settings = load_settings()
    answers = load_answers(PROJECT, settings.leaflet)
    store = open_store(settings)
    log = KeptQuestions(store, load_redactor(), answers.questions) if settings.questions_db else None

    def load_engine() -> Engine:
        engine = Engine(MODEL, answers, make_store(settings))
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
        SettingsError: several workers without a store that they share; a desk that others could open; the address cannot be listened on.
    """
    if settings.workers > 1 and not shared_store():
        raise SettingsError("WORKERS is more than 1, but endpoints.yml names no tracker_store that the processes share (redis, SQL or mongod)")
    check_desk(settings)
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
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    print(f"Folderwijs: http://{settings.host}:{port}", flush=True)
    uvicorn.run(
        "folderwijs.serve:create_app", factory=True, host=settings.host, port=port, workers=settings.workers, http="httptools", ws="none",
        access_log=False, log_level="warning", server_header=False, timeout_keep_alive=30, h11_max_incomplete_event_size=16_384,
    )


def shared_store() -> bool:
    """Whether endpoints.yml names a tracker store that several processes can share, which none in memory is."""
    endpoints = yaml.safe_load((PROJECT / "endpoints.yml").read_text("utf8"))
    store = endpoints.get("tracker_store") if isinstance(endpoints, dict) else None
    if not isinstance(store, dict):
        return False
    type_ = str(store.get("type")).lower()
    if type_ == "sql":
        return not str(store.get("dialect", "sqlite")).startswith("sqlite") or store.get("db", "rasa.db") not in (None, "", ":memory:")
    # where Rasa does not know the type, it takes a store in memory; a class of one's own is named by its path
    return type_ in _SHARED or ("." in type_ and not type_.endswith(".inmemorytrackerstore"))
