"""Trusted proxies: whether a request comes through one, and the address of the client that it forwards."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from scheduler.web.request import Request

UNKNOWN = "unknown"
"""The address of a client that a proxy does not name. It never counts as an address of this machine."""

MOST_HOPS = 20

_WITH_PORT = re.compile(r"(?:\[(?P<six>[^\[\]]*)\]|(?P<four>[\d.]+))(?::\d{1,5})?", re.ASCII)

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TrustedProxies:
    """`trusted_proxies` of the file: addresses, networks, and `unix` for each client of a Unix socket."""

    def __init__(self, trusted: Iterable[str]) -> None:
        trusted = tuple(trusted)
        self._unix = "unix" in trusted
        self._networks = [ipaddress.ip_network(each, strict=False) for each in trusted if each != "unix"]

    def sent(self, request: Request) -> bool:
        """Whether one of them has sent the request."""
        if request.over_unix:
            return self._unix
        address = _address_in(request.address)
        return address is not None and self._trust(address)

    def client_of(self, request: Request) -> str:
        """The address of the client of a request that one of them has sent; UNKNOWN if it says no valid one.

        It is the last address that is not a trusted proxy's: the client itself wrote what is before it. Without any
        header of a proxy, the request may come from a program beside the proxy, and has its own address.
        """
        if request.forwarded_for is None:
            return UNKNOWN if request.is_forwarded else request.address
        client: _Address | None = None
        for text in reversed(request.forwarded_for.split(",")[-MOST_HOPS:]):
            address = _address_in(text.strip())
            if address is None:
                return UNKNOWN
            if client is not None and address.is_loopback and not client.is_loopback:
                break  # the loopback of another machine
            client = address
            if not self._trust(address):
                break
        return str(client)

    def _trust(self, address: _Address) -> bool:
        return any(address in network for network in self._networks)


def _address_in(text: str) -> _Address | None:
    """An address as proxies write it: `192.0.2.7`, `192.0.2.7:51234`, `2001:db8::1`, `[2001:db8::1]:51234`."""
    match = _WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address(text if match is None else match["six"] or match["four"])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
