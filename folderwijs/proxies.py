"""Who a request comes from, when proxies stand in between."""

from __future__ import annotations

import ipaddress
from typing import Optional, Sequence, Union

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

_IPV6_VISITOR = 64
"""Bits of an IPv6 address that one visitor has: the rest they choose themselves (RFC 6177)."""
_SCHEMES = ("http", "https")


class TrustedProxies:
    """Takes the visitor's address and scheme from what listed proxies say of them, and from nobody else.

    The address is the rightmost one that is no proxy's, because everything to the left of it can be made up. Where it cannot be read, or
    where X-Forwarded-For and Forwarded differ (a proxy adds one of the two and lets the other one through as the visitor sent it), the
    request has no address: such visitors share one limit.

    Args:
        app: the application.
        trusted: the proxies.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with the visitor's address and scheme."""
        if scope["type"] == "http" and self._trusted and scope.get("client") and is_trusted(scope["client"][0], self._trusted):
            scope = self._unwrapped(scope)
        await self._app(scope, receive, send)

    def _unwrapped(self, scope: Scope) -> Scope:
        headers = Headers(scope=scope)
        elements = [element.strip() for value in headers.getlist("forwarded") for element in value.split(",")]
        hops = [_pairs(element) for element in elements]
        claims = [
            _visitor([value.strip() for header in headers.getlist("x-forwarded-for") for value in header.split(",")], self._trusted),
            _visitor([hop.get("for", "") for hop in hops], self._trusted),
        ]
        told = [claim for claim, name in zip(claims, ("x-forwarded-for", "forwarded")) if name in headers]
        if told:
            scope = {**scope, "client": (told[0], 0) if told[0] and len(set(told)) == 1 else None}
        scheme = headers.getlist("x-forwarded-proto")[-1].split(",")[-1].strip().lower() if "x-forwarded-proto" in headers else hops[-1].get("proto", "").lower() if hops else ""
        return {**scope, "scheme": scheme} if scheme in _SCHEMES else scope


def is_trusted(host: str, trusted: Sequence[Network]) -> bool:
    """Whether an address is one of the listed proxies."""
    address = _address(host)
    return address is not None and any(address in network for network in trusted)


def visitor_key(host: str) -> str:
    """What is counted as one visitor: an IPv4 address, the /64 network of an IPv6 address, anything else as it is."""
    address = _address(host)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((address, _IPV6_VISITOR), strict=False))
    return str(address) if address else host


def _visitor(hops: Sequence[str], trusted: Sequence[Network]) -> Optional[str]:
    """The rightmost address that is no proxy's, the leftmost where all are, or None where one on the way cannot be read."""
    address = None
    for hop in reversed(hops):
        address = _address(_without_port(hop))
        if address is None or not any(address in network for network in trusted):
            break
    return str(address) if address else None


def _without_port(node: str) -> str:
    """An address without quotes, brackets and port (RFC 7239, section 6)."""
    node = node.strip('"')
    if node.startswith("["):
        return node[1:].split("]")[0]
    return node.split(":")[0] if node.count(":") == 1 else node


def _address(host: str) -> Optional[Address]:
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _pairs(element: str) -> dict[str, str]:
    """The pairs of one element of a Forwarded header."""
    pairs = (pair.split("=", 1) for pair in element.split(";") if "=" in pair)
    return {name.strip().lower(): value.strip().strip('"') for name, value in pairs}
