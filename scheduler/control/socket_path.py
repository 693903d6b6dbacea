"""The path of the control socket: where schedd creates it, and where schedctl looks for it."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterator

from scheduler.control.peer import peer
from scheduler.errors import AlreadyRunningError

LONGEST_SOCKET_PATH = 107
"""Bytes, the limit of the kernel's sockaddr_un."""


def socket_paths(path: str, uid: int) -> list[str]:
    """Where a schedd of user `uid` may create the socket for a schedule file, best first."""
    if named := os.environ.get("SCHEDD_SOCKET"):
        return [os.path.abspath(named)]
    return [os.path.join(directory, _name(path)) for directory in _directories(uid)]


def live_sockets(uid: int) -> list[str]:
    """The sockets of every schedd of user `uid` on this machine; some may be left over from killed ones."""
    if named := os.environ.get("SCHEDD_SOCKET"):
        return [os.path.abspath(named)]
    return [found for directory in _directories(uid) for found in _sockets_in(directory)]


def _directories(uid: int) -> list[str]:
    """The common temporary directory comes before TMPDIR, which may differ between schedd and schedctl."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") if uid == os.geteuid() else f"/run/user/{uid}"
    found = ["/run/schedd"]
    if runtime:
        found.append(os.path.join(runtime, "schedd"))
    temporary = ("/tmp", os.path.abspath(os.environ.get("TMPDIR") or "/tmp"))  # noqa: S108 - what is made in it is verified
    found += (os.path.join(directory, f"schedd-{uid}") for directory in temporary)
    return list(dict.fromkeys(found))


def _name(path: str) -> str:
    """The name of the file, for people, and the whole path as a number modulo a prime, to be unique."""
    path = os.path.abspath(path)
    stem = os.path.splitext(os.path.basename(path))[0]
    readable = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in stem)[:24]
    return f"{readable}.{int.from_bytes(os.fsencode(path)) % (2**61 - 1):x}.sock"


def _sockets_in(directory: str) -> Iterator[str]:
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    for name in names:
        if name.endswith(".sock"):
            yield os.path.join(directory, name)


class SocketError(Exception):
    """No socket could be created; the text says why, path by path."""


class ControlSocket:
    """A listening socket in a directory of ours. `close` removes it."""

    def __init__(self, listener: socket.socket, path: str) -> None:
        self.listener = listener
        self.path = path
        self._inode = os.stat(path).st_ino

    def close(self) -> None:
        """Stop listening and remove the socket, unless a successor has replaced it."""
        self.listener.close()
        try:
            if os.stat(self.path).st_ino == self._inode:
                os.unlink(self.path)
        except OSError:
            pass


def open_socket(path: str) -> ControlSocket:
    """Listen for the schedule file `path` at the first usable path.

    SocketError when there is none, AlreadyRunningError when another schedd listens on one.
    """
    refused = []
    for candidate in socket_paths(path, os.geteuid()):
        try:
            return _listen(candidate)
        except OSError as error:
            refused.append(f"{candidate}: {error.strerror or error}")
    raise SocketError("; ".join(refused))


def _listen(path: str) -> ControlSocket:
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise OSError(errno.ENAMETOOLONG, f"the path of a socket must not be longer than {LONGEST_SOCKET_PATH} bytes")
    _verified(os.path.dirname(path))
    _remove_left_over(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        listener.bind(path)
        os.chmod(path, 0o600)
        listener.listen(128)
        return ControlSocket(listener, path)
    except OSError:
        listener.close()
        raise


def _verified(directory: str) -> None:
    """Create the directory, or verify that it is a directory, ours, and closed to other users."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(directory, 0o700)
    about = os.lstat(directory)
    if not stat.S_ISDIR(about.st_mode):
        raise OSError(errno.ENOTDIR, f"{directory} is not a directory")
    if about.st_uid != os.geteuid():
        raise OSError(errno.EPERM, f"{directory} belongs to uid {about.st_uid}")
    if about.st_mode & 0o077:
        mode = stat.S_IMODE(about.st_mode)
        raise OSError(
            errno.EPERM, f"{directory} has mode {mode:04o}, which admits other users; run: chmod 700 {directory}"
        )


def _remove_left_over(path: str) -> None:
    """Remove a socket on which nobody listens.

    AlreadyRunningError when a schedd does: its file was replaced, and its lock is on the old one.
    """
    try:
        about = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(about.st_mode):
        raise OSError(errno.EEXIST, "the path exists and is not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
            pid, _ = peer(probe)
        except (ConnectionRefusedError, FileNotFoundError):
            os.unlink(path)
        except BlockingIOError:  # its queue of connections is full
            raise AlreadyRunningError(f"another schedd already listens on {path}") from None
        else:
            raise AlreadyRunningError(f"schedd with pid {pid} already listens on {path}")
