"""The settings, all from the environment."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping, NamedTuple, Optional
from urllib.parse import urlsplit

from argon2 import Type, extract_parameters
from argon2.exceptions import InvalidHashError

from folderwijs.proxies import Network

PROJECT = Path(__file__).resolve().parent.parent
"""The project's root: where Rasa's files, the leaflets and the web pages stand."""


_PORTS = {"http": 80, "https": 443}


class Setting(NamedTuple):
    """One setting: its name in the environment, its default, and what it does (the README's table is held against this)."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting("HOST", "127.0.0.1", "address to listen on"),
    Setting("PORT", "8000", "port to listen on; 0 takes a free one"),
    Setting("WORKERS", "1", "number of processes; more than one needs REDIS_URL"),
    Setting("LIMITS", "on", "`off` switches the rate limits off, for tests and benchmarks on a loopback address only"),
    Setting("RATE_LIMIT", "30", "messages a minute for one visitor (an IPv4 address or an IPv6 network /64), in each process"),
    Setting("TOTAL_RATE_LIMIT", "6000", "messages a minute for all visitors together, in each process"),
    Setting("QUEUE", "64", "messages that may wait for the engine, in each process; who comes next hears that it is too busy"),
    Setting("MAX_CONNECTIONS", "500", "connections at a time, in each process; one visitor may have a quarter of them"),
    Setting("REQUEST_SECONDS", "10", "seconds in which a request must have arrived"),
    Setting("TRUSTED_PROXIES", "", "addresses or networks of your own proxies, with a comma between them; only what these say of a visitor's address and of https is believed"),
    Setting("LEAFLET", "", "id of the leaflet to answer from; empty: the only one there is"),
    Setting("SECRET", "", "key that signs the sessions, 32 characters or more; empty: a new one at every start"),
    Setting("MAX_CONVERSATIONS", "10000", "conversations kept in memory; the longest idle one goes first"),
    Setting("MAX_EVENTS", "24", "events kept of one conversation (a turn is about six)"),
    Setting("CONVERSATION_MINUTES", "60", "minutes after which an idle conversation is forgotten"),
    Setting("REDIS_URL", "", "Redis in which processes and machines share conversations, as `redis://user:password@host:6379/0`, with TLS `rediss://`; needs SECRET; empty: in memory"),
    Setting("ORIGINS", "", "websites that may embed the chat, with a comma between them, as `https://www.praktijk.example`; empty: this service's own pages only"),
    Setting("QUESTIONS_DB", "var/questions.sqlite3", "where questions without an answer are kept, personal data taken out: a file, a `postgresql://` address, or `off`"),
    Setting("QUESTION_DAYS", "30", "days that such a question is kept, 1 to 30"),
    Setting("DESK", "on", "`off` switches the receptionist's desk at `/balie` off"),
    Setting("DESK_PASSWORD_HASH", "", "password of the desk, made by `python -m folderwijs password`; needed where HOST is no loopback address"),
    Setting("LOG_LEVEL", "info", "debug, info, warning or error; no level logs what a visitor types"),
    Setting("LOG_FORMAT", "text", "text or json: how a line of the log is written"),
    Setting("METRICS_PORT", "", "port for Prometheus (path /metrics); empty: none"),
    Setting("METRICS_HOST", "127.0.0.1", "address for Prometheus; it needs no password, so keep it within your own network"),
)


class SettingsError(Exception):
    """Raised when a setting cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Settings:
    """The settings, read and checked. For what each means, see `SETTINGS`."""

    host: str
    port: int
    workers: int
    limits: bool
    rate_limit: int
    total_rate_limit: int
    queue: int
    max_connections: int
    request_seconds: int
    trusted_proxies: tuple[Network, ...]
    leaflet: str
    secret: str = field(repr=False)
    max_conversations: int
    max_events: int
    conversation_minutes: int
    redis_url: str = field(repr=False)
    origins: tuple[str, ...]
    questions_db: str = field(repr=False)
    question_days: int
    desk: bool
    desk_password_hash: str = field(repr=False)
    log_level: str
    log_format: str
    metrics_port: Optional[int]
    metrics_host: str


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Args:
        environment: names and values; an absent or empty one takes its default.

    Raises:
        SettingsError: a value cannot be used.
    """
    values = {setting.name: environment.get(setting.name, "").strip() or setting.default for setting in SETTINGS}

    def number(name: str, least: int, most: int) -> int:
        if not values[name].isascii() or not values[name].isdigit() or not least <= int(values[name]) <= most:
            raise SettingsError(f"{name}={values[name]!r} is not a whole number from {least} to {most}")
        return int(values[name])

    def choice(name: str, *choices: str) -> str:
        if values[name].lower() not in choices:
            raise SettingsError(f"{name}={values[name]!r} is not one of: {', '.join(choices)}")
        return values[name].lower()

    limits = choice("LIMITS", "on", "off") == "on"
    if not limits and not is_loopback(values["HOST"]):
        raise SettingsError(f"LIMITS=off is refused while HOST={values['HOST']!r} is no loopback address: anyone could flood the service")
    if values["SECRET"] and len(values["SECRET"]) < 32:
        raise SettingsError("SECRET is shorter than 32 characters: sessions signed with it could be forged")
    if values["REDIS_URL"] and not values["SECRET"]:
        raise SettingsError("REDIS_URL is set and SECRET is not: every process and machine must sign the sessions of shared conversations with the same SECRET")
    if values["DESK_PASSWORD_HASH"]:
        try:
            right = extract_parameters(values["DESK_PASSWORD_HASH"]).type is Type.ID
        except InvalidHashError:
            right = False
        if not right:
            raise SettingsError("DESK_PASSWORD_HASH is no argon2id hash: make one with `python -m folderwijs password`, and mind the quotes: it has $ signs")
    return Settings(
        host=values["HOST"],
        port=number("PORT", 0, 65535),
        workers=number("WORKERS", 1, 64),
        limits=limits,
        rate_limit=number("RATE_LIMIT", 1, 100_000),
        total_rate_limit=number("TOTAL_RATE_LIMIT", 1, 1_000_000),
        queue=number("QUEUE", 1, 10_000),
        max_connections=number("MAX_CONNECTIONS", 4, 100_000),
        request_seconds=number("REQUEST_SECONDS", 1, 300),
        trusted_proxies=tuple(_network(proxy.strip()) for proxy in values["TRUSTED_PROXIES"].split(",") if proxy.strip()),
        leaflet=values["LEAFLET"],
        secret=values["SECRET"] or secrets.token_urlsafe(32),
        max_conversations=number("MAX_CONVERSATIONS", 1, 10_000_000),
        max_events=number("MAX_EVENTS", 20, 10_000),
        conversation_minutes=number("CONVERSATION_MINUTES", 1, 10_000),
        redis_url=_redis_url(values["REDIS_URL"]),
        origins=tuple(_origin(origin.strip()) for origin in values["ORIGINS"].split(",") if origin.strip()),
        questions_db=questions_db(values["QUESTIONS_DB"]),
        question_days=number("QUESTION_DAYS", 1, 30),
        desk=choice("DESK", "on", "off") == "on",
        desk_password_hash=values["DESK_PASSWORD_HASH"],
        log_level=choice("LOG_LEVEL", "debug", "info", "warning", "error"),
        log_format=choice("LOG_FORMAT", "text", "json"),
        metrics_port=number("METRICS_PORT", 0, 65535) if values["METRICS_PORT"] else None,
        metrics_host=values["METRICS_HOST"],
    )


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise SettingsError(f"TRUSTED_PROXIES names {text!r}, which is not an address or a network, as 10.0.0.1 or 10.0.0.0/8 ({error})") from None


def _redis_url(text: str) -> str:
    """An address of Redis; what is wrong is told without the address, which may hold a password."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0 and re.fullmatch(r"/?\d*", parts.path) is not None
    except ValueError:
        usable = False
    if text and not usable:
        raise SettingsError("REDIS_URL is no address as redis://host:6379/0, or rediss:// for TLS (other characters than letters and digits in the password as %-codes)")
    return text


def _origin(text: str) -> str:
    """An origin as browsers write it: scheme and host in lower case, and the port where it is not the scheme's own."""
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise SettingsError(f"ORIGINS names {text!r}, whose port or host cannot be read") from None
    if parts.scheme not in _PORTS or not re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:]+", host) or text.lower() != f"{parts.scheme}://{parts.netloc.lower()}" or parts.username is not None:
        raise SettingsError(f"ORIGINS names {text!r}, which is not a scheme and a host alone, as https://www.praktijk.example")
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, _PORTS[parts.scheme]) else "")
def questions_db(value: str) -> str:
    """The setting QUESTIONS_DB: "" for off, an address, or the whole path of a file.

    Raises:
        SettingsError: an address of a kind that is not known.
    """
    if value.lower() == "off":
        return ""
    if value.startswith("postgresql://"):
        return value
    if "://" in value:
        raise SettingsError("QUESTIONS_DB is an address, but not one that starts with postgresql://")
    return str(PROJECT / Path(value).expanduser())


def is_loopback(host: str) -> bool:
    """Whether every address that `host` stands for is reached from this machine alone."""
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(addresses) and all(ipaddress.ip_address(address).is_loopback for address in addresses)
