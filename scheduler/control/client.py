"""schedctl's end of the socket: find the schedd that manages a file, send requests, read answers. No asyncio."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from typing import Any, TypeVar, get_args

import msgspec

from scheduler import __version__
from scheduler.absolute_path import is_same_file
from scheduler.control import file_lock, socket_path
from scheduler.control.become_user import become_user
from scheduler.control.peer import peer
from scheduler.control.peer_names import user_name
from scheduler.control.private_directory import verify_private
from scheduler.errors import SchedError, UnansweredError, UnreachableError, UsageError
from scheduler.wire.daemon import AskStatus, StatusView
from scheduler.wire.envelope import FAULTS, VERSION, Fault, Reply, Request
from scheduler.wire.operations import STATUS, Operation
from scheduler.wire.runs import Event

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R")

PATIENCE = 2.0
"""Seconds after which a schedd that has not accepted the request counts as unreachable."""

_NOT_UNDERSTOOD = ("not a request:", "not a valid request: Object ")
"""Beginnings of what a schedd says, 0.1 and later, that expects other fields."""

_CHUNK = 1 << 18
_OK = b'{"ok":'
_CLOSED = "schedd closed the connection without an answer; it has exited or is about to"
CUT_OFF = "schedd closed the connection during the answer; it has exited or is about to"
_OF_ANOTHER_VERSION = (
    f"the running schedd has another version than this schedctl, {__version__}: restart schedd if it was upgraded, "
    "or use the schedctl of its version"
)
_EVENTS: dict[str, type[Event]] = {kind.__struct_config__.tag: kind for kind in get_args(Event)}


class Client:
    """A schedd that listens on a socket, as a process of the user `uid`. Each request has its own connection."""

    def __init__(self, path: str, uid: int) -> None:
        self.path = path
        self.uid = uid
        self.standby_of: str | None = None
        """The active scheduler, where the one that has answered is a standby."""

    def ask(self, operation: Operation[A, R], request: A) -> R:
        """The reply. An error of the daemon is raised here as the same exception."""
        with self._connected() as sock:
            for line in _converse(sock, operation.name, request):
                answer = _closing(line)
                self.standby_of = answer.standby_of or self.standby_of
                if isinstance(answer.ok, msgspec.Raw):
                    return _decoded(answer.ok, operation.reply)
        raise UnreachableError(_CLOSED)

    def ask_text(self, operation: Operation[A, Any], request: A) -> Iterator[bytes]:
        """The JSON of the reply, in pieces, as they arrive. Errors as for `ask`."""
        with self._connected() as sock:
            chunks, pending = _answer(sock, operation.name, request), b""
            for chunk in chunks:
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    answer = _closing(line)
                    self.standby_of = answer.standby_of or self.standby_of
                    if isinstance(answer.ok, msgspec.Raw):
                        yield bytes(answer.ok)
                        return
                if pending.startswith(_OK):
                    yield from _rest_of_line(pending[len(_OK) :], chunks)
                    return
        raise UnreachableError(_CLOSED)

    def stream(self, operation: Operation[A, None], request: A) -> Iterator[Event]:
        """The events of an operation that streams, until it is done. Close the iterator to leave earlier.

        UnansweredError when the connection is lost after schedd has accepted the request.
        """
        accepted = False
        with self._connected() as sock:
            for line in _converse(sock, operation.name, request):
                answer = _closing(line)
                if isinstance(answer.ok, msgspec.Raw):
                    return
                accepted = True
                if answer.event in _EVENTS:
                    yield _decoded(line, _EVENTS[answer.event])
        raise UnansweredError(CUT_OFF) if accepted else UnreachableError(_CLOSED)

    def _connected(self) -> socket.socket:
        try:
            return _connected(self.path, self.uid)
        except OSError as error:
            raise UnreachableError(f"schedd no longer listens on {self.path}: {error.strerror}") from None


def find(path: str, *, named: bool = False) -> Client | None:
    """The schedd that manages this file, or None when there is none.

    The one at $SCHEDD_SOCKET is believed to manage it, unless the file is `named`: UsageError for that of another file.

    It is one of this user or, for root, of the user who holds the lock of the file: then this process becomes that user
    for good, before it sends anything. UnreachableError when a schedd holds the file and does not answer us.
    """
    ours = os.geteuid()
    daemon = _at(socket_path.socket_paths(path, ours), ours)
    if daemon is None and (holder := file_lock.holder(path)) is not None:
        if ours == 0 and holder.uid != 0:
            daemon = _at(socket_path.socket_paths(path, holder.uid), holder.uid)
            if daemon is not None:
                become_user(holder.uid, holder.gid)
        if daemon is None:
            raise UnreachableError(_why_silent(path, holder))
    if named and daemon is not None and (socket_at := os.environ.get("SCHEDD_SOCKET")):
        managed = daemon.ask(STATUS, AskStatus()).file
        if not is_same_file(path, managed):
            raise UsageError(
                f"SCHEDD_SOCKET is {socket_at}, where the schedd of {managed} listens, not that of {path}; "
                "unset SCHEDD_SOCKET, or name no file to use that schedd"
            )
    return daemon


def live() -> list[tuple[Client, StatusView]]:
    """Every schedd of this user on this machine that answers."""
    found = []
    for path in socket_path.live_sockets(os.geteuid()):
        daemon = Client(path, os.geteuid())
        try:
            found.append((daemon, daemon.ask(STATUS, AskStatus())))
        except SchedError:
            continue
    return found


def _at(paths: list[str], uid: int) -> Client | None:
    for path in paths:
        try:
            _connected(path, uid).close()
        except OSError:
            continue
        return Client(path, uid)
    return None


def _connected(path: str, uid: int) -> socket.socket:
    """A connection to a schedd of the user `uid`, and of no other user, not even root.

    OSError when there is none. UnreachableError when it does not answer.
    """
    verify_private(os.path.dirname(path), uid)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(PATIENCE)
        _connect(sock, path)
        pid, other = peer(sock)
        if other != uid:
            raise UnreachableError(f"{path} belongs to pid {pid} of {user_name(other)}, not of {user_name(uid)}")
    except BaseException:
        sock.close()
        raise
    return sock


def _connect(sock: socket.socket, path: str) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return sock.connect(path)
        except BlockingIOError:  # its queue of connections is full
            if time.monotonic() > end:
                raise _silent(path) from None
        time.sleep(0.02)


def _converse(sock: socket.socket, name: str, args: msgspec.Struct) -> Iterator[bytes]:
    """Send the request, then yield the lines of the answer. UnreachableError when the first is late."""
    pending: list[bytes] = []
    for chunk in _answer(sock, name, args):
        piece, *more = chunk.split(b"\n")
        pending.append(piece)
        for piece in more:
            line, pending = b"".join(pending), [piece]
            yield line


def _rest_of_line(piece: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The line that begins with this piece, without the brace at its end."""
    while not piece.endswith(b"\n"):
        chunk = next(chunks, None)
        if chunk is None:
            raise UnreachableError(_CLOSED)
        yield piece[:-1]
        piece = piece[-1:] + chunk
    yield piece[:-2]


def _answer(sock: socket.socket, name: str, args: msgspec.Struct) -> Iterator[bytes]:
    """Send the request, then yield the answer as it arrives. UnreachableError when its beginning is late."""
    try:
        request = Request(VERSION, name, msgspec.Raw(msgspec.json.encode(args)))
    except UnicodeEncodeError:
        raise UsageError("the arguments are not valid UTF-8") from None
    try:
        sock.sendall(msgspec.json.encode(request) + b"\n")
    except (BrokenPipeError, ConnectionResetError):
        pass  # rejected before it was read: the answer says why
    except TimeoutError:
        raise _silent(sock.getpeername()) from None
    while True:
        try:
            chunk = sock.recv(_CHUNK)
        except TimeoutError:
            raise _too_late(sock) from None
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            return
        sock.settimeout(None)
        yield chunk


def _closing(line: bytes) -> Reply:
    """The line as an event or `ok`. An error is raised."""
    answer = _decoded(line, Reply)
    if isinstance(answer.error, Fault):
        if answer.error.message.startswith(_NOT_UNDERSTOOD):
            raise UnreachableError(_OF_ANOTHER_VERSION)
        raise FAULTS.get(answer.error.code, SchedError)(answer.error.message)
    return answer


def _decoded(line: bytes | msgspec.Raw, kind: type[R]) -> R:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise UnansweredError(_OF_ANOTHER_VERSION) from None


def _silent(path: str) -> UnreachableError:
    return UnreachableError(f"schedd listens on {path} but has not answered for {PATIENCE:g}s")


def _too_late(sock: socket.socket) -> UnreachableError:
    """Withdraw the request: schedd cannot accept it on a connection that is shut down. Unless it just did."""
    path = sock.getpeername()
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
        if sock.recv(_CHUNK):
            return UnansweredError(f"schedd accepted the request after more than {PATIENCE:g}s")
    return _silent(path)


def _why_silent(path: str, holder: file_lock.Holder) -> str:
    ours, user = os.geteuid(), user_name(holder.uid)
    managed = f"{path} is managed by {holder}, which"
    if holder.uid != ours:
        managed += f" belongs to {user}"
        if ours != 0:
            return f"{managed}: run schedctl as {user}"
        managed += " and"
    places = ", ".join(socket_path.socket_paths(path, holder.uid))
    return (
        f"{managed} listens at none of {places}; if SCHEDD_SOCKET was set for that schedd, "
        f"set it here, too; if its socket was removed, it creates a new one after: kill -HUP {holder.pid}"
    )
