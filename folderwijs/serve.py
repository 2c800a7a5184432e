"""Starting the web service."""

from __future__ import annotations

import logging
import os
import socket

import uvicorn
import yaml
from starlette.applications import Starlette

from folderwijs.answers import load_answers
from folderwijs.settings import PROJECT, Settings, SettingsError, load_settings

_SHARED = ("redis", "mongod", "dynamo")  # besides SQL, the types of tracker store that Rasa knows


def create_app() -> Starlette:
    """The application as the settings have it; uvicorn calls this in every worker."""
    from folderwijs.app import Service
    from folderwijs.engine import Engine, make_store
    from folderwijs.training import MODEL

    settings = load_settings()
    answers = load_answers(PROJECT, settings.leaflet)
    return Service(settings, answers, lambda: Engine(MODEL, answers, make_store(settings))).app()


def serve(settings: Settings) -> None:
    """Listen until told to stop.

    Raises:
        SettingsError: several workers without a store that they share; the address cannot be listened on.
    """
    if settings.workers > 1 and not shared_store():
        raise SettingsError("WORKERS is more than 1, but endpoints.yml names no tracker_store that the processes share (redis, SQL or mongod)")
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
