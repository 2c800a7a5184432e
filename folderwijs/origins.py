"""Which websites may use the API from a visitor's browser."""

from __future__ import annotations

from typing import Callable, Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SAFE = ("GET", "HEAD", "OPTIONS")
_PREFLIGHT = {"access-control-allow-methods": "GET, POST", "access-control-allow-headers": "content-type", "access-control-max-age": "600"}


class Origins:
    """Lets listed origins, and the service's own, use what is under /api/; the desk's part is no other website's business and looks after itself.

    A browser names the origin of a page; a request without one comes from a program, which needs no leave of a browser.

    Args:
        app: the application.
        listed: origins that may, as browsers write them.
        refused: makes the response to a request that changes something and comes from elsewhere.
    """

    def __init__(self, app: ASGIApp, listed: Collection[str], refused: Callable[[], Response]) -> None:
        self._app = app
        self._listed = frozenset(listed)
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it; say to the browser who may read the response."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/") or scope["path"].startswith("/api/desk/"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        listed = origin in self._listed
        allowed = origin is None or listed or _own(headers, origin)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = MutableHeaders(scope=message)
                added.add_vary_header("Origin")
                if listed and origin:
                    added["access-control-allow-origin"] = origin
                    added["access-control-expose-headers"] = "retry-after"
            await send(message)

        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await (Response(status_code=204, headers=_PREFLIGHT) if allowed else self._refused())(scope, receive, send_with_headers)
        elif allowed or scope["method"] in _SAFE:
            await self._app(scope, receive, send_with_headers)
        else:
            await self._refused()(scope, receive, send_with_headers)


def _own(headers: Headers, origin: str) -> bool:
    """Whether a request comes from a page of this service; behind a proxy the host may have another name, so the browser's own word counts too."""
    try:
        host = urlsplit(origin).netloc
    except ValueError:  # no address at all
        return False
    return headers.get("sec-fetch-site") == "same-origin" or host == headers.get("host")
