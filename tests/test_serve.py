from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator, NamedTuple

import httpx
import pytest
import uvicorn
from service_process import service_process

from folderwijs import serve
from folderwijs.desk.password import hash_password
from folderwijs.settings import PROJECT, SettingsError, load_settings

CHECKER = PROJECT.parent / "shared" / "check_contract.py"
WORD = "zeldzaamwoord"


class Running(NamedTuple):
    """A service in a process of its own, and where its output goes."""

    url: str
    log: Path


@pytest.fixture(scope="module")
def running(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    log = tmp_path_factory.mktemp("serve") / "log"
    with service_process(log, LOG_LEVEL="debug") as address:
        yield Running(address, log)


@pytest.mark.skipif(not CHECKER.exists(), reason="the shared contract is not here")
def test_the_service_keeps_the_contract(running: Running) -> None:
    run = subprocess.run([sys.executable, str(CHECKER), running.url], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr, run.returncode) == ("the contract holds\n", "", 0)


def test_the_service_does_not_say_what_it_runs_on(running: Running) -> None:
    assert "server" not in httpx.get(f"{running.url}/health").headers


def test_bytes_that_are_no_http_do_not_stop_the_service(running: Running) -> None:
    address = httpx.URL(running.url)
    for data in (b"\x00\xff" * 500, b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"POST /api/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n{"):
        with socket.create_connection((address.host, address.port or 0), timeout=5) as connection:
            connection.sendall(data)
    assert httpx.get(f"{running.url}/health").status_code == 200


def test_the_log_holds_nothing_that_was_typed_at_any_level(running: Running) -> None:
    for message in (f"mag ik fietsen {WORD}?", f"/restart {WORD}", WORD):
        httpx.post(f"{running.url}/api/chat", content=json.dumps({"message": message})).raise_for_status()
        httpx.get(f"{running.url}/api/search", params={"q": message}).raise_for_status()
    httpx.post(f"{running.url}/api/chat", content=f'{{"message": 5, "x": "{WORD}"')
    assert WORD not in running.log.read_text("utf8")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What uvicorn is started with."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: given.update(options, app=app))
    monkeypatch.setenv("PORT", "0")  # so that what `serve` sets is undone
    monkeypatch.setenv("SECRET", "")
    return given


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="no IPv6 here"))])
def test_serve_takes_a_free_port_and_says_which(started: dict[str, Any], capsys: pytest.CaptureFixture[str], host: str) -> None:
    serve.serve(load_settings({"HOST": host, "PORT": "0"}))
    assert started["port"] > 0
    assert f":{started['port']}" in capsys.readouterr().out


def test_every_process_signs_with_the_same_secret(started: dict[str, Any]) -> None:
    settings = load_settings({"PORT": "0"})
    serve.serve(settings)
    assert os.environ["SECRET"] == settings.secret


def test_visits_are_not_logged(started: dict[str, Any]) -> None:
    serve.serve(load_settings({"PORT": "0", "LOG_LEVEL": "debug"}))
    assert started["access_log"] is False


def test_a_port_in_use_is_told(started: dict[str, Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsError, match="cannot listen on 127.0.0.1"):
            serve.serve(load_settings({"PORT": str(taken.getsockname()[1])}))
    assert started == {}


def test_several_processes_need_a_store_that_they_share(started: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="tracker_store"):
        serve.serve(load_settings({"PORT": "0", "WORKERS": "2"}))
    monkeypatch.setattr(serve, "PROJECT", tmp_path)
    for store in ("{type: redis, url: localhost}", "{type: SQL, dialect: postgresql}", "{type: SQL}", "{type: praktijk.winkels.EigenTrackerStore}"):
        (tmp_path / "endpoints.yml").write_text(f"tracker_store: {store}\n", "utf8")
        serve.serve(load_settings({"PORT": "0", "WORKERS": "2"}))
        assert started.pop("workers") == 2


@pytest.mark.parametrize(
    "store",
    ["{type: InMemory}", "{url: localhost}", "{type: rasa.core.tracker_store.InMemoryTrackerStore}", "{type: SQL, db: ':memory:'}", "{type: SQL, dialect: sqlite, db: ~}", "redis", "~"],
)
def test_several_processes_do_not_share_a_store_in_memory(started: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: str) -> None:
    (tmp_path / "endpoints.yml").write_text(f"tracker_store: {store}\n", "utf8")
    monkeypatch.setattr(serve, "PROJECT", tmp_path)
    with pytest.raises(SettingsError):
        serve.serve(load_settings({"PORT": "0", "WORKERS": "2"}))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_a_desk_that_others_could_open_without_a_password_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match="DESK_PASSWORD_HASH.*DESK=off"):
        serve.serve(load_settings({"HOST": host, "PORT": "0"}))
    serve.check_desk(load_settings({"HOST": host, "DESK": "off"}))
    serve.check_desk(load_settings({"HOST": host, "DESK_PASSWORD_HASH": hash_password("vier losse groene fietsen")}))
    serve.check_desk(load_settings({}))


def test_processes_that_cannot_share_logins_are_refused() -> None:
    setting = {"WORKERS": "2", "DESK_PASSWORD_HASH": hash_password("vier losse groene fietsen")}
    with pytest.raises(SettingsError, match="QUESTIONS_DB"):
        serve.check_desk(load_settings({**setting, "QUESTIONS_DB": "off"}))
    serve.check_desk(load_settings(setting))


def test_behind_a_proxy_with_tls_the_desk_wants_its_password_and_a_secure_cookie(model: Path, tmp_path: Path) -> None:
    password = "vier losse groene fietsen"
    with service_process(tmp_path / "log", DESK_PASSWORD_HASH=hash_password(password)) as address:
        proxied = {"host": "balie.example", "origin": "https://balie.example", "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
        assert httpx.get(f"{address}/balie", headers=proxied).status_code == 303
        response = httpx.post(f"{address}/balie/inloggen", data={"wachtwoord": password}, headers=proxied)
        assert response.status_code == 303
        cookie = response.headers["set-cookie"]
        assert cookie.startswith("__Host-balie=")
        assert "Secure" in cookie
        assert httpx.get(f"{address}/balie", headers={**proxied, "cookie": cookie.split(";")[0]}).status_code == 200
    assert password not in (tmp_path / "log").read_text("utf8")
