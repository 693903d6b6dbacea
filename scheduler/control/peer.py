"""The process at the other end of a Unix socket: its pid, its user, the name of its program."""

from __future__ import annotations

import os
import pwd
import socket
import struct
import sys
from functools import lru_cache

from scheduler.control.private_directory import verify_private
from scheduler.wire.requester import Requester

_CREDENTIALS = struct.Struct("3i")


def peer(connection: socket.socket) -> tuple[int, int]:
    """The pid and the uid at the other end, from the kernel (SO_PEERCRED). OSError when that is not known.

    Systems other than Linux say neither. There the pid is 0, and the uid that of the user whose private directory the
    socket is in: nobody else could connect to it, except root.
    """
    if not hasattr(socket, "SO_PEERCRED"):
        directory = os.path.dirname(connection.getsockname() or connection.getpeername())
        uid = os.lstat(directory).st_uid
        verify_private(directory, uid)
        return 0, uid
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _gid = _CREDENTIALS.unpack(credentials)
    return pid, uid


def requester(pid: int, uid: int) -> Requester:
    """The requester, as runs and pauses record it. A pid of 0 is a process in another pid namespace."""
    return Requester(uid=uid, user=user_name(uid), pid=pid or None, program=_program(pid) if pid else None)


@lru_cache(maxsize=64)
def user_name(uid: int) -> str:
    """The name of a user, or `uid N` for one without a name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _program(pid: int) -> str | None:
    """At most 15 bytes, as the kernel keeps them; None when the process has ended."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
            return sys.intern(comm.read().rstrip("\n"))
    except OSError:
        return None
