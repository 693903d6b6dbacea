"""schedctl's end of the socket: find the schedd that manages a file, send requests, read answers. No asyncio."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from typing import TypeVar, get_args

import msgspec

from scheduler.control import file_lock, socket_path
from scheduler.control.peer import peer, user_name
from scheduler.errors import SchedError, UnreachableError, UsageError
from scheduler.wire.daemon import AskStatus, StatusView
from scheduler.wire.envelope import FAULTS, VERSION, Fault, Reply, Request
from scheduler.wire.operations import STATUS, Operation
from scheduler.wire.runs import Event

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R")

PATIENCE = 2.0
"""Seconds after which a schedd that has not accepted the request counts as unreachable."""

_CHUNK = 1 << 18
_EVENTS: dict[str, type[Event]] = {kind.__struct_config__.tag: kind for kind in get_args(Event)}


class Client:
    """A schedd that listens. Each request has its own connection."""

    def __init__(self, path: str) -> None:
        self.path = path

    def ask(self, operation: Operation[A, R], request: A) -> R:
        """The reply. An error of the daemon is raised here as the same exception."""
        with self._connected() as sock:
            for line in _converse(sock, operation.name, request):
                answer = _closing(line)
                if isinstance(answer.ok, msgspec.Raw):
                    return msgspec.json.decode(answer.ok, type=operation.reply)
        raise UnreachableError("schedd closed the connection without an answer; it has exited or is about to")

    def stream(self, operation: Operation[A, None], request: A) -> Iterator[Event]:
        """The events of an operation that streams, until it is done. Close the iterator to leave earlier."""
        with self._connected() as sock:
            for line in _converse(sock, operation.name, request):
                answer = _closing(line)
                if isinstance(answer.ok, msgspec.Raw):
                    return
                if answer.event in _EVENTS:
                    yield msgspec.json.decode(line, type=_EVENTS[answer.event])
        raise UnreachableError("schedd closed the connection during the answer; it has exited or is about to")

    def _connected(self) -> socket.socket:
        try:
            return _connected(self.path)
        except OSError as error:
            raise UnreachableError(f"schedd no longer listens on {self.path}: {error.strerror}") from None


def find(path: str) -> Client | None:
    """The schedd that manages this file, or None when there is none.

    UnreachableError when a process holds the file's lock but does not answer.
    """
    daemon = _at(socket_path.socket_paths(path, os.geteuid()))
    if daemon is None and file_lock.is_held(path):
        pid = file_lock.holder(path)
        owner = None if pid is None else _owner_of(pid)
        # Root may query the schedd of any user, which listens where that user's sockets are.
        if os.geteuid() == 0 and owner is not None:
            daemon = _at(socket_path.socket_paths(path, owner))
        if daemon is None:
            raise UnreachableError(_why_silent(path, pid, owner))
    return daemon


def live() -> list[tuple[Client, StatusView]]:
    """Every schedd on this machine that answers."""
    found = []
    for path in socket_path.live_sockets(os.geteuid()):
        daemon = Client(path)
        try:
            found.append((daemon, daemon.ask(STATUS, AskStatus())))
        except SchedError:
            continue
    return found


def _at(paths: list[str]) -> Client | None:
    for path in paths:
        try:
            _connected(path).close()
        except OSError:
            continue
        return Client(path)
    return None


def _connected(path: str) -> socket.socket:
    """OSError when nobody listens there, UnreachableError when the other end does not answer or is another user's."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(PATIENCE)
        _connect(sock, path)
        pid, uid = peer(sock)
        # The directory in /tmp may have been made by another user who impersonates schedd.
        if uid not in (0, os.geteuid()) and os.geteuid() != 0:
            raise UnreachableError(f"{path} belongs to pid {pid} of uid {uid}, which is neither your user nor root")
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
    pending = b""
    while True:
        try:
            chunk = sock.recv(_CHUNK)
        except TimeoutError:
            raise _silent(sock.getpeername()) from None
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            return
        sock.settimeout(None)
        *lines, pending = (pending + chunk).split(b"\n")
        yield from lines


def _closing(line: bytes) -> Reply:
    """The line as an event or `ok`. An error is raised."""
    try:
        answer = msgspec.json.decode(line, type=Reply)
    except msgspec.MsgspecError:
        raise UnreachableError("the answer on the socket is not in schedd's protocol") from None
    if isinstance(answer.error, Fault):
        raise FAULTS.get(answer.error.code, SchedError)(answer.error.message)
    return answer


def _silent(path: str) -> UnreachableError:
    return UnreachableError(f"schedd listens on {path} but has not answered for {PATIENCE:g} s")


def _owner_of(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


def _why_silent(path: str, pid: int | None, owner: int | None) -> str:
    holder = file_lock.named(pid)
    if owner is not None and owner != os.geteuid() and os.geteuid() != 0:
        user = user_name(owner)
        return f"{path} is managed by {holder}, which belongs to {user}: run schedctl as {user} or as root"
    places = ", ".join(socket_path.socket_paths(path, os.geteuid()))
    return f"{path} is managed by {holder}, which listens at none of {places}; SCHEDD_SOCKET can name another place"
