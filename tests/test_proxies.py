from __future__ import annotations

import asyncio
import ipaddress
from typing import Any

import pytest

from folderwijs.proxies import TrustedProxies, visitor_key

LISTED = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"), ipaddress.ip_network("127.0.0.1")]
Headers = list[tuple[str, str]]


def seen(peer: str, headers: Headers) -> tuple[Any, str]:
    """The address and the scheme that the application sees."""
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)

    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    asyncio.run(TrustedProxies(app, LISTED)({"type": "http", "client": (peer, 5), "scheme": "http", "headers": raw}, None, None))  # type: ignore[arg-type]
    client = scopes[0]["client"]
    return (client[0] if client else None, scopes[0]["scheme"])


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ([], "10.0.0.1"),
        ([("X-Forwarded-For", "192.0.2.7")], "192.0.2.7"),
        ([("X-Forwarded-For", "6.6.6.6, 192.0.2.7")], "192.0.2.7"),
        ([("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "192.0.2.7")], "192.0.2.7"),
        ([("X-Forwarded-For", "6.6.6.6, 192.0.2.7, 10.9.9.9, fd00::5")], "192.0.2.7"),
        ([("X-Forwarded-For", "10.0.0.9, 10.0.0.8")], "10.0.0.9"),
        ([("X-Forwarded-For", "192.0.2.7:8080")], "192.0.2.7"),
        ([("X-Forwarded-For", "[2001:db8::7]:8080")], "2001:db8::7"),
        ([("X-Forwarded-For", "::ffff:192.0.2.7")], "192.0.2.7"),
        ([("Forwarded", 'for=6.6.6.6, for="[2001:db8::7]:4711";proto=https')], "2001:db8::7"),
        ([("Forwarded", "For=192.0.2.7;by=10.0.0.1"), ("X-Forwarded-For", "192.0.2.7")], "192.0.2.7"),
        ([("Forwarded", "for=6.6.6.6"), ("X-Forwarded-For", "192.0.2.7")], None),
        ([("X-Forwarded-For", "192.0.2.7, unknown")], None),
        ([("X-Forwarded-For", "192.0.2.7, ")], None),
        ([("X-Forwarded-For", "")], None),
        ([("Forwarded", "for=_verborgen")], None),
        ([("Forwarded", "onzin")], None),
        ([("X-Forwarded-For", "é" * 50)], None),
        ([("X-Real-IP", "6.6.6.6"), ("True-Client-IP", "6.6.6.6")], "10.0.0.1"),
    ],
)
def test_a_listed_proxy_is_believed_for_the_rightmost_address_that_is_no_proxys(headers: Headers, address: str) -> None:
    assert seen("10.0.0.1", headers)[0] == address


@pytest.mark.parametrize("peer", ["192.0.2.1", "::1", "2001:db8::1", "127.0.0.2", "", "unix"])
def test_nobody_else_is_believed(peer: str) -> None:
    headers = [("X-Forwarded-For", "6.6.6.6"), ("Forwarded", "for=6.6.6.6;proto=https"), ("X-Forwarded-Proto", "https")]
    assert seen(peer, headers) == (peer, "http")


@pytest.mark.parametrize(
    ("headers", "scheme"),
    [
        ([("X-Forwarded-Proto", "https")], "https"), ([("X-Forwarded-Proto", "HTTPS")], "https"), ([("X-Forwarded-Proto", "https, http")], "http"),
        ([("X-Forwarded-Proto", "javascript")], "http"), ([("Forwarded", "for=192.0.2.7;proto=https")], "https"), ([("Forwarded", "for=6.6.6.6;proto=https, for=192.0.2.7;proto=http")], "http"),
        ([], "http"),
    ],
)
def test_a_listed_proxy_is_believed_for_the_scheme(headers: Headers, scheme: str) -> None:
    assert seen("10.0.0.1", headers)[1] == scheme


@pytest.mark.parametrize(
    ("host", "visitor"),
    [
        ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"), ("2001:db8:1:3::", "2001:db8:1:3::/64"), ("", ""), ("testclient", "testclient"),
    ],
)
def test_an_ipv6_network_is_one_visitor(host: str, visitor: str) -> None:
    assert visitor_key(host) == visitor
