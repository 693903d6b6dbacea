"""Where HTTP is served, and who may use it."""

from __future__ import annotations

import re

import msgspec

from scheduler.model.target import Value

DEFAULT_PORT = 8765

_HOST_PORT = r"(?a)(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?"


class ListenAddress(msgspec.Struct, frozen=True):
    """A host and a port, or the `path` of a Unix socket."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    path: str = ""

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it: a loopback address or a Unix socket."""
        return bool(self.path) or self.host == "localhost" or is_loopback(self.host)

    def __str__(self) -> str:
        """As it is written in the file."""
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """What a person opens; a wildcard address as this machine reaches it."""
        if self.path:
            return str(self)
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, str(self).rpartition(":")[0])  # noqa: S104
        return f"http://{host}:{self.port}/"


def parse_listen_address(text: str) -> ListenAddress:
    """`HOST:PORT`, `HOST`, `PORT` or `unix:/PATH`. ValueError says what is wrong."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.startswith("/"):
            raise ValueError(f"the path of a Unix socket must be absolute: {text!r}")
        return ListenAddress(path=path)
    if text.isascii() and text.isdigit():
        text = f"127.0.0.1:{text}"
    match = re.fullmatch(_HOST_PORT, text)
    if match is None:
        raise ValueError(f"{text!r} is not a valid address to listen on: use HOST:PORT or unix:/PATH")
    host = match[1].strip("[]")
    port = DEFAULT_PORT if match[2] is None else int(match[2])
    if port > 65_535:
        raise ValueError(f"port {port} is out of range (0-65535)")
    if ":" in host and not is_network(host):
        raise ValueError(f"{host!r} is not a valid IPv6 address")
    return ListenAddress(host, port)


def is_loopback(host: str) -> bool:
    """Whether a host is a literal address of this machine's own loopback."""
    import ipaddress  # noqa: PLC0415 - 3 ms, which schedd without HTTP does not need

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or (mapped is not None and mapped.is_loopback)


def token_problem(token: str) -> str:
    """Why no client could send it in a header of HTTP, in words that do not show it; empty when it can be sent."""
    if not (token.isascii() and token.isprintable()):
        return "must consist of printable ASCII characters"
    return "must not begin or end with a space" if token != token.strip() else ""


def is_network(text: str) -> bool:
    """Whether a text is an IP address or a network."""
    import ipaddress  # noqa: PLC0415 - as above

    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


class WebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`web` of the file. Without a `token`, every client that can connect may do everything.

    `view_token` may only look. `hosts` are names by which the page is reached besides the address itself.
    `trusted_proxies` are addresses or networks whose `X-Forwarded-*` headers count; `unix` means any client of
    a Unix socket. `places` has the file and line of each token, by its key.
    """

    listen: ListenAddress | None = None
    token: Value | None = None
    view_token: Value | None = None
    hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    places: dict[str, str] = {}
