from __future__ import annotations

import dataclasses
import socket

import pytest

from folderwijs.desk.password import hash_password
from folderwijs.settings import PROJECT, SETTINGS, Settings, SettingsError, is_loopback, load_settings

SECRET = "s" * 32


def test_every_setting_is_read_and_has_a_default_that_can_be_used() -> None:
    assert [setting.name.lower() for setting in SETTINGS] == [field.name for field in dataclasses.fields(Settings)]
    settings = load_settings({})
    assert (settings.host, settings.port, settings.workers, settings.limits) == ("127.0.0.1", 8000, 1, True)


def test_values_come_from_the_environment() -> None:
    settings = load_settings({"HOST": "::1", "PORT": " 81 ", "LIMITS": "OFF", "SECRET": SECRET, "LOG_LEVEL": "Debug", "MAX_EVENTS": ""})
    assert (settings.host, settings.port, settings.limits, settings.secret, settings.log_level, settings.max_events) == ("::1", 81, False, SECRET, "debug", 24)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "65536"), ("PORT", "-1"), ("PORT", "acht"), ("PORT", "٣"), ("PORT", "8.0"), ("WORKERS", "0"), ("WORKERS", "65"), ("RATE_LIMIT", "0"),
        ("MAX_CONVERSATIONS", "0"), ("MAX_EVENTS", "19"), ("CONVERSATION_MINUTES", "0"), ("LIMITS", "uit"), ("LOG_LEVEL", "trace"), ("SECRET", "s" * 31),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings({name: value})


def test_origins_are_written_as_browsers_do() -> None:
    settings = load_settings({"ORIGINS": " https://WWW.Praktijk.example:443 , http://localhost:8080,,http://[::1]:81"})
    assert settings.origins == ("https://www.praktijk.example", "http://localhost:8080", "http://[::1]:81")
    assert load_settings({}).origins == ()


@pytest.mark.parametrize(
    "origin",
    [
        "*", "https://*.praktijk.example", "praktijk.example", "https://", "https://praktijk.example/", "https://praktijk.example/pad", "https://praktijk.example?a", "https://a b",
        "ftp://praktijk.example", "null", "https://praktijk.example:x", "https://praktijk.example:99999", "https://ik@praktijk.example", "https://@praktijk.example", "https://a https://b", "http://[::1",
    ],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(SettingsError, match="ORIGINS"):
        load_settings({"ORIGINS": f"https://goed.example,{origin}"})


@pytest.mark.parametrize("url", ["localhost", "http://localhost", "redis://", "redis:///0", "redis://:geheim@host:x/0", "redis://:geheim@host:99999", "redis://:geheim@host/naam", "redis://[::1"])
def test_what_is_no_address_of_redis_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL") as told:
        load_settings({"REDIS_URL": url, "SECRET": SECRET})
    assert "geheim" not in str(told.value)


def test_redis_needs_the_same_secret_everywhere() -> None:
    with pytest.raises(SettingsError, match="SECRET"):
        load_settings({"REDIS_URL": "redis://localhost"})


def test_secrets_do_not_show_where_the_settings_are_printed() -> None:
    values = {"REDIS_URL": "rediss://ik:geheim@host:6380/1", "SECRET": "geheim" * 6, "QUESTIONS_DB": "postgresql://ik:geheim@host/db"}
    settings = load_settings(values)
    assert settings.redis_url == values["REDIS_URL"]
    assert "geheim" not in repr(settings)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "nergens.invalid"])
def test_limits_stay_on_where_others_can_reach_the_service(host: str) -> None:
    with pytest.raises(SettingsError, match="LIMITS=off is refused"):
        load_settings({"HOST": host, "LIMITS": "off"})
    assert load_settings({"HOST": host}).limits


@pytest.mark.parametrize(("host", "loopback"), [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)])
def test_loopback_addresses_are_known(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_a_name_for_several_addresses_is_loopback_only_if_all_are(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 0)) for address in ("127.0.0.1", "192.0.2.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port: addresses)
    assert not is_loopback("praktijk")


def test_without_a_secret_every_start_makes_its_own() -> None:
    secrets = {load_settings({}).secret for _ in range(3)}
    assert len(secrets) == 3
    assert all(len(secret) >= 32 for secret in secrets)


@pytest.mark.parametrize(
    ("value", "means"),
    [("", str(PROJECT / "var" / "questions.sqlite3")), ("off", ""), ("OFF", ""), ("/tmp/q.db", "/tmp/q.db"), ("q.db", str(PROJECT / "q.db")), ("postgresql://a:b@c/d", "postgresql://a:b@c/d")],
)
def test_questions_are_kept_in_a_file_at_an_address_or_not(value: str, means: str) -> None:
    assert load_settings({"QUESTIONS_DB": value}).questions_db == means


@pytest.mark.parametrize(("name", "value"), [("QUESTIONS_DB", "mysql://a:geheim@c/d"), ("QUESTION_DAYS", "0"), ("QUESTION_DAYS", "31"), ("DESK", "misschien")])
def test_what_the_desk_cannot_use_is_refused_by_name_and_without_its_password(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as raised:
        load_settings({name: value})
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize("value", ["wachtwoord", "$argon2id$", "$argon2i$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b1dWRWJTmaaJObG", "=19=65536,t=3,p=4"])
def test_a_hash_that_is_none_is_refused_without_telling_it(value: str) -> None:
    with pytest.raises(SettingsError, match="DESK_PASSWORD_HASH") as raised:
        load_settings({"DESK_PASSWORD_HASH": value})
    assert value not in str(raised.value)
    assert load_settings({"DESK_PASSWORD_HASH": hash_password("vier losse groene fietsen")}).desk_password_hash.startswith("$argon2id$")


def test_trusted_proxies_are_addresses_and_networks() -> None:
    settings = load_settings({"TRUSTED_PROXIES": "10.0.0.1, 192.0.2.0/24,,fd00::/8"})
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.1/32", "192.0.2.0/24", "fd00::/8"]
    assert load_settings({}).trusted_proxies == ()


@pytest.mark.parametrize("proxies", ["*", "10.0.0.1/8", "proxy.example", "10.0.0.256", "10.0.0.1 10.0.0.2"])
def test_what_is_no_proxy_is_refused(proxies: str) -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        load_settings({"TRUSTED_PROXIES": proxies})


@pytest.mark.parametrize(("name", "value"), [("QUEUE", "0"), ("MAX_CONNECTIONS", "3"), ("REQUEST_SECONDS", "0"), ("TOTAL_RATE_LIMIT", "0"), ("LOG_FORMAT", "xml"), ("METRICS_PORT", "70000")])
def test_a_bound_that_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings({name: value})
