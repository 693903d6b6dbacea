"""The listening socket of HTTP: opened before schedd is ready, closed with its connections at shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from scheduler.errors import SchedError
from scheduler.model.web import ListenAddress
from scheduler.web.http_connection import Connection, Handler
from scheduler.web.request import Request

TO_END = 1.0
"""Seconds that answers being sent have at shutdown."""

BACKLOG = 128


class ListenError(SchedError):
    """The address cannot be listened on."""


def open_listener(address: ListenAddress) -> socket.socket:
    """Bind the address. ListenError says why that is not possible."""
    try:
        return _unix(address.path) if address.path else _tcp(address)
    except OSError as error:
        raise ListenError(f"cannot listen on {address}: {error.strerror or error}") from None


def _tcp(address: ListenAddress) -> socket.socket:
    family, kind, protocol, _, place = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6 and address.host != "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(place)
    except OSError:
        listener.close()
        raise
    return listener


def _unix(path: str) -> socket.socket:
    """A socket with mode 0600; an old one without a listener is removed first."""
    place = Path(path)
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(place.lstat().st_mode):
            raise OSError(errno.EEXIST, "another kind of file has this name")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            try:
                probe.connect(path)
            except ConnectionRefusedError:
                place.unlink()
            else:
                raise OSError(errno.EADDRINUSE, "another process listens on it")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)  # no client can connect before it listens
        place.chmod(0o600)
    except OSError:
        listener.close()
        raise
    return listener


class Listener:
    """Accepts connections and owns them."""

    def __init__(
        self,
        listener: socket.socket,
        handler: Handler,
        date: Callable[[], float],
        most_body: Callable[[Request], int],
    ) -> None:
        self._socket = listener
        self._handler = handler
        self._date = date
        self._most_body = most_body
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()

    async def start(self) -> None:
        """Begin to accept."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._handler, self._connections, self._date, self._most_body),
            sock=self._socket,
            backlog=BACKLOG,
        )

    async def close(self) -> None:
        """Accept no more, let answers that are being sent end, and close every connection within TO_END."""
        if self._socket.family is socket.AF_UNIX:
            with contextlib.suppress(OSError):
                Path(self._socket.getsockname()).unlink()  # noqa: ASYNC240 - at the end of schedd
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.close()
        answers = [connection.task for connection in self._connections if connection.task is not None]
        if answers:
            await asyncio.wait(answers, timeout=TO_END)
        for connection in tuple(self._connections):
            connection.abort()
