"""The path of the control socket: where schedd creates it, and where schedctl looks for it."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterator

from scheduler.control.peer import peer
from scheduler.control.private_directory import can_be_private, make_private, names, private_directories
from scheduler.errors import AlreadyRunningError

LONGEST_SOCKET_PATH = 107
"""Bytes, the limit of the kernel's sockaddr_un."""


def socket_paths(path: str, uid: int) -> list[str]:
    """Paths at which a schedd of user `uid` may create the socket for a schedule file, best first."""
    if named := os.environ.get("SCHEDD_SOCKET"):
        return [os.path.abspath(named)]
    return [place for name in names(path) for place in _places(name, uid)]


def live_sockets(uid: int) -> list[str]:
    """The sockets of every schedd of user `uid` on this machine; some may be left over from killed ones."""
    if named := os.environ.get("SCHEDD_SOCKET"):
        return [os.path.abspath(named)]
    return [found for directory in private_directories(uid) for found in _sockets_in(directory)]


def _places(name: str, uid: int) -> list[str]:
    return [os.path.join(directory, f"{name}.sock") for directory in private_directories(uid)]


def _sockets_in(directory: str) -> Iterator[str]:
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    for name in names:
        path = os.path.join(directory, name)
        if name.endswith(".sock") and not os.path.islink(path):  # a symlink is another name of a socket
            yield path


class SocketError(Exception):
    """No socket could be created; the text says why, path by path."""


class ControlSocket:
    """A listening socket in a private directory."""

    def __init__(self, listener: socket.socket, path: str) -> None:
        self.listener = listener
        self.path = path
        self._inode = os.stat(path).st_ino
        self._links: list[str] = []

    def link(self, name: str) -> None:
        """Let the socket be found by another name, too."""
        link = os.path.join(os.path.dirname(self.path), f"{name}.sock")
        with contextlib.suppress(OSError, AlreadyRunningError):
            _remove_left_over(link)
            os.symlink(os.path.basename(self.path), link)
            self._links.append(link)

    @property
    def is_there(self) -> bool:
        """Whether the path still leads to this socket."""
        try:
            return os.stat(self.path).st_ino == self._inode
        except OSError:
            return False

    def close(self) -> None:
        """Stop listening and remove the names, unless a successor has taken them."""
        self.listener.close()
        if self.is_there:
            for path in (self.path, *self._links):
                with contextlib.suppress(OSError):
                    os.unlink(path)


def open_socket(path: str) -> ControlSocket:
    """Listen for the schedule file `path` at the first usable place.

    SocketError when there is none, AlreadyRunningError when another schedd listens there.
    """
    problems = []
    configured = os.environ.get("SCHEDD_SOCKET")
    name, *others = names(path)
    for candidate in [os.path.abspath(configured)] if configured else _places(name, os.geteuid()):
        try:
            opened = _listen(candidate)
        except OSError as error:
            advice = _another_place(candidate) if configured else ""
            problems.append(f"{candidate}: {error.strerror or error}{advice}")
        else:
            for other in () if configured else others:
                opened.link(other)
            return opened
    raise SocketError("; ".join(problems))


def _another_place(path: str) -> str:
    """What to write in SCHEDD_SOCKET instead of a path whose directory others use, too."""
    directory, name = os.path.split(path)
    if os.path.basename(directory) == "schedd" or not os.path.isdir(directory) or can_be_private(directory):
        return ""
    own = os.path.join(directory, "schedd")
    place = os.path.join(own, name)
    known = can_be_private(own) and not os.path.isdir(place) and len(os.fsencode(place)) <= LONGEST_SOCKET_PATH
    return "; use a path in a directory that only this user can open" + (f", such as {place}" if known else "")


def _listen(path: str) -> ControlSocket:
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise OSError(errno.ENAMETOOLONG, f"the path of a socket must not be longer than {LONGEST_SOCKET_PATH} bytes")
    make_private(os.path.dirname(path))
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


def _remove_left_over(path: str) -> None:
    """Remove a socket without a listener. AlreadyRunningError when a schedd does."""
    try:
        about = os.lstat(path)
    except FileNotFoundError:
        return
    if stat.S_ISLNK(about.st_mode):
        os.unlink(path)
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
