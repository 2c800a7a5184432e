"""Who gets in at the desk: whoever sits at this computer, or whoever knows the password."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
import time
from typing import Callable, NamedTuple, Optional
from urllib.parse import SplitResult, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from folderwijs.desk.password import is_right
from folderwijs.desk.store import Store
from folderwijs.limits import VisitorLimits

HOURS = 12
"""A login ends after these."""
IDLE_MINUTES = 60
"""A login ends when it was not used for these."""
ATTEMPTS = 5
"""Passwords that a visitor may try in a minute."""
ATTEMPTS_OF_ALL = 30
"""Passwords that all visitors together may try in a minute."""

_COOKIE, _SECURE_COOKIE = "balie", "__Host-balie"
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
_SEEN_EVERY = 60  # seconds between two notes that a login is in use


class Visit(NamedTuple):
    """Somebody who is let in, with the token that their changes must bring along."""

    csrf: str


class Doorkeeper:
    """Decides who gets in.

    Args:
        password_hash: of the password; "" lets in only who sits at this computer.
        secret: the key that the tokens are made from.
        store: keeps the logins.
        clock: seconds since 1970.
    """

    def __init__(self, password_hash: str, secret: str, store: Store, clock: Callable[[], float] = time.time) -> None:
        self.needs_password = bool(password_hash)
        self._hash = password_hash
        self._secret = secret.encode()
        self._store = store
        self._clock = clock
        self._attempts = VisitorLimits(ATTEMPTS)
        self._all_attempts = VisitorLimits(ATTEMPTS_OF_ALL)

    async def visit(self, request: Request) -> Optional[Visit]:
        """The visit that a request belongs to, or None where it is not let in."""
        if not self.needs_password:
            return Visit(self._token("")) if is_at_this_computer(request) else None
        id_ = request.cookies.get(_cookie_name(request), "")
        if not id_:
            return None
        known = await asyncio.to_thread(self._known, _hash(id_))
        return Visit(self._token(id_)) if known else None

    def may_change(self, request: Request, visit: Visit, token: str) -> bool:
        """Whether a request to change something comes from our own page."""
        return is_from_our_page(request) and hmac.compare_digest(token.encode(), visit.csrf.encode())

    def seconds_to_wait(self, request: Request) -> int:
        """Count an attempt to log in; gives 0 where it may go on, else after how many seconds the next one may."""
        wait = self._attempts.seconds_to_wait(request.client.host if request.client else "")
        return wait or self._all_attempts.seconds_to_wait("")

    async def log_in(self, request: Request, password: str, response: Response) -> bool:
        """Give `response` the cookie of a new login where the password is right; gives whether it is."""
        if not await asyncio.to_thread(is_right, password, self._hash):
            return False
        id_ = secrets.token_urlsafe(32)  # always a new one: nobody can prepare it for another
        now = int(self._clock())
        await asyncio.to_thread(self._store.end_old_sessions, now - HOURS * 3600, now - IDLE_MINUTES * 60)
        await asyncio.to_thread(self._store.start_session, _hash(id_), now)
        await self.log_out(request)
        response.set_cookie(_cookie_name(request), id_, max_age=HOURS * 3600, path="/", httponly=True, samesite="strict", secure=_is_https(request))
        return True

    async def log_out(self, request: Request, response: Optional[Response] = None) -> None:
        """End the login of a request."""
        if id_ := request.cookies.get(_cookie_name(request)):
            await asyncio.to_thread(self._store.end_session, _hash(id_))
        if response is not None:
            response.delete_cookie(_cookie_name(request), path="/", httponly=True, samesite="strict", secure=_is_https(request))

    def _known(self, id_hash: str) -> bool:
        session = self._store.session(id_hash)
        now = int(self._clock())
        if session is None:
            return False
        started, seen = session
        if not (started <= now < started + HOURS * 3600 and now < seen + IDLE_MINUTES * 60):
            self._store.end_session(id_hash)
            return False
        if now >= seen + _SEEN_EVERY:
            self._store.see_session(id_hash, now)
        return True

    def _token(self, id_: str) -> str:
        return hmac.new(self._secret, f"folderwijs.desk.{id_}".encode(), hashlib.sha256).hexdigest()


def is_at_this_computer(request: Request) -> bool:
    """Whether a request comes from this computer, was meant for it, and was not passed on for somebody else.

    The name it was meant for counts because a site elsewhere can have its own name point here.
    """
    here = request.client is not None and _is_loopback(request.client.host)
    meant = _is_loopback(_parts(f"//{request.headers.get('host', '')}").hostname or "")
    return here and meant and not any(name in request.headers for name in _FORWARDED)


def is_from_our_page(request: Request) -> bool:
    """Whether the browser says that a page of this very site sent a request."""
    origin = _parts(request.headers.get("origin", ""))
    return origin.scheme in ("http", "https") and origin.netloc == request.headers.get("host")


def _parts(address: str) -> SplitResult:
    """The parts of an address; all empty where it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_https(request: Request) -> bool:
    return request.url.scheme == "https"  # also behind a proxy on this computer: uvicorn takes it from what that says


def _cookie_name(request: Request) -> str:
    return _SECURE_COOKIE if _is_https(request) else _COOKIE


def _hash(id_: str) -> str:
    return hashlib.sha256(id_.encode()).hexdigest()
