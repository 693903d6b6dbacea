"""Where schedd is: the sockets that a client may try, or the address of its HTTP API."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from scheduler.absolute_path import absolute, is_same_file
from scheduler.client.errors import UnreachableError, UsageError
from scheduler.client.exchange import Exchange, HttpExchange, SocketExchange
from scheduler.control.peer import peer
from scheduler.control.private_directory import names, private_directories, verify_private
from scheduler.server_url import url_problem, without_login

DEFAULT_FILE = "schedules.yaml"

PathLike = str | os.PathLike[str]

Place = tuple[PathLike | None, PathLike | None, str | None, str | None]
"""A schedule file, a socket, a URL and a token, as far as they were given."""


class SocketAddress:
    """Unix sockets, the best first."""

    def __init__(self, paths: list[str], file: str | None = None) -> None:
        """`file` is the schedule file that the schedd there must manage, if that has to be checked."""
        self.paths = paths
        self.file = file

    def exchange(self, operation: str, args: Mapping[str, object]) -> Exchange:
        """A request to it."""
        return SocketExchange(operation, args)

    def unreachable(self) -> UnreachableError:
        """The error when no schedd listens."""
        return UnreachableError(f"no schedd listens on {' or '.join(self.paths)}")

    def check(self, status: Exchange) -> None:
        """UsageError when the schedd of another file has answered the operation `status`."""
        managed = status.reply["file"]
        if self.file is not None and not is_same_file(self.file, managed):
            raise UsageError(f"SCHEDD_SOCKET is the socket of the schedd of {managed}, not of that of {self.file}")


class HttpAddress:
    """An HTTP API. UsageError for an address that is not http:// or https://. A user and password are not used."""

    def __init__(self, url: str, token: str | None) -> None:
        if problem := url_problem(url):
            raise UsageError(f"the address is not valid: {problem}")
        url = without_login(url)
        self.url = url.rstrip("/")
        if self.url.endswith("/api/v1"):
            raise UsageError(f"{url!r}: leave out /api/v1")
        parts = urlsplit(self.url)
        self.secure = parts.scheme == "https"
        self.host, self.port = parts.hostname or "", parts.port or (443 if self.secure else 80)
        if not self.host or parts.scheme not in ("http", "https"):
            raise UsageError(f"{url!r} is not an address like https://jobs.example.com")
        self._netloc, self._root = parts.netloc, parts.path
        self._token = token

    def exchange(self, operation: str, args: Mapping[str, object]) -> Exchange:
        """A request to it."""
        return HttpExchange(self.url, self._netloc, self._root, self._token, operation, args)

    def unreachable(self, error: Exception) -> UnreachableError:
        """The error when it cannot be connected to."""
        return UnreachableError(f"{self.url} cannot be reached: {getattr(error, 'strerror', None) or error}")


Address = SocketAddress | HttpAddress


def find(file: PathLike | None, socket_path: PathLike | None, url: str | None, token: str | None) -> Address:
    """What was named, else what $SCHEDD_URL, $SCHEDD_SOCKET, $SCHEDD_CONFIG or ./schedules.yaml say, as for schedctl.

    UsageError when nothing does.
    """
    environ = os.environ
    if url is None and file is None and socket_path is None:
        url = environ.get("SCHEDD_URL") or None
    if url is not None:
        return HttpAddress(url, token or environ.get("SCHEDD_TOKEN") or None)
    named = socket_path or environ.get("SCHEDD_SOCKET")
    if named:
        checked = None if socket_path or file is None else absolute(os.fspath(file))
        return SocketAddress([absolute(os.fspath(named))], checked)
    path = file or environ.get("SCHEDD_CONFIG") or (DEFAULT_FILE if os.path.exists(DEFAULT_FILE) else None)
    if path is None:
        raise UsageError(
            f"which schedd is meant? Give the schedule file, or set SCHEDD_CONFIG or SCHEDD_URL; "
            f"there is no ./{DEFAULT_FILE}"
        )
    directories = private_directories(os.geteuid())
    full = absolute(os.fspath(path))
    return SocketAddress([os.path.join(directory, f"{name}.sock") for name in names(full) for directory in directories])


def check_directory(path: str) -> None:
    """OSError unless the socket is in a directory that only we can write to."""
    verify_private(os.path.dirname(path), os.geteuid())


def check_peer(path: str, connection: socket.socket) -> None:
    """UnreachableError unless a process of our user listens. OSError when that is not known."""
    _pid, uid = peer(connection)
    if uid != os.geteuid():
        raise UnreachableError(f"{path} belongs to a process of uid {uid}, not of uid {os.geteuid()}")
