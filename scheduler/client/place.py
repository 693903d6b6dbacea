"""Where schedd listens: the sockets that a client may try, and the check of who is at the other end."""

from __future__ import annotations

import os
import socket
import sys

from scheduler.absolute_path import absolute
from scheduler.client.errors import UnreachableError, UsageError
from scheduler.control.private_directory import names, private_directories, verify_private

DEFAULT_FILE = "schedules.yaml"


def sockets(file: str | os.PathLike[str] | None, socket: str | os.PathLike[str] | None) -> list[str]:
    """Where to look, best first: a socket, else a schedule file, as schedctl does.

    Without arguments $SCHEDD_SOCKET, $SCHEDD_CONFIG and ./schedules.yaml say it. UsageError when nothing does.
    """
    named = socket or os.environ.get("SCHEDD_SOCKET")
    if named:
        return [absolute(os.fspath(named))]
    path = file or os.environ.get("SCHEDD_CONFIG") or (DEFAULT_FILE if os.path.exists(DEFAULT_FILE) else None)
    if path is None:
        raise UsageError(
            f"which schedd is meant? Give the schedule file, or set SCHEDD_CONFIG; there is no ./{DEFAULT_FILE}"
        )
    directories = private_directories(os.geteuid())
    full = absolute(os.fspath(path))
    return [os.path.join(directory, f"{name}.sock") for name in names(full) for directory in directories]


def check_directory(path: str) -> None:
    """OSError unless the socket is in a directory that only we can write to."""
    verify_private(os.path.dirname(path), os.geteuid())


def check_peer(path: str, connection: socket.socket) -> None:
    """UnreachableError unless a process of our user listens. Only Linux can say; elsewhere the directory must do."""
    if not hasattr(socket, "SO_PEERCRED"):
        return
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    uid = int.from_bytes(credentials[4:8], sys.byteorder)
    if uid != os.geteuid():
        raise UnreachableError(f"{path} belongs to a process of uid {uid}, not of uid {os.geteuid()}")


def nobody(paths: list[str]) -> UnreachableError:
    """The error when nobody listens."""
    return UnreachableError(f"no schedd listens on {' or '.join(paths)}")
