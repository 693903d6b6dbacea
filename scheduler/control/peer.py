"""The process at the other end of a Unix socket: its pid and its uid. Every client and schedd ask this."""

from __future__ import annotations

import os
import socket
import struct

from scheduler.control.private_directory import verify_private

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
