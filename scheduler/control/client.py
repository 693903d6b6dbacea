"""schedctl's end of the socket: find the schedd that serves a file, ask it, read its answer. Blocking, no asyncio."""

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
"""Seconds until a schedd that has not even accepted the request counts as unreachable."""

_CHUNK = 1 << 18
_EVENTS: dict[str, type[Event]] = {kind.__struct_config__.tag: kind for kind in get_args(Event)}


class Client:
    """A schedd that listens. Every question opens a connection of its own."""

    def __init__(self, path: str) -> None:
        self.path = path

    def ask(self, operation: Operation[A, R], request: A) -> R:
        """The reply. What the daemon refuses is raised as the error it is there."""
        with self._connected() as sock:
            for line in _converse(sock, operation.name, request):
                answer = _closing(line)
                if isinstance(answer.ok, msgspec.Raw):
                    return msgspec.json.decode(answer.ok, type=operation.reply)
        raise UnreachableError("schedd closed the connection before it answered; it has ended, or is about to")

    def stream(self, operation: Operation[A, None], request: A) -> Iterator[Event]:
        """The events of an operation that streams, until it is done. Close the iterator to leave earlier."""
        with self._connected() as sock:
            for line in _converse(sock, operation.name, request):
                answer = _closing(line)
                if isinstance(answer.ok, msgspec.Raw):
                    return
                if answer.event in _EVENTS:
                    yield msgspec.json.decode(line, type=_EVENTS[answer.event])
        raise UnreachableError("schedd closed the connection before it was done; it has ended, or is about to")

    def _connected(self) -> socket.socket:
        try:
            return _connected(self.path)
        except OSError as error:
            raise UnreachableError(f"nobody listens on {self.path} any more: {error.strerror}") from None


def find(path: str) -> Client | None:
    """The schedd that serves this file, or None when nobody does.

    UnreachableError when somebody holds the file and cannot be asked.
    """
    daemon = _at(socket_path.socket_paths(path, os.geteuid()))
    if daemon is None and file_lock.is_held(path):
        pid = file_lock.holder(path)
        owner = None if pid is None else _owner_of(pid)
        # Root may ask anybody's schedd, which listens where its own user's sockets lie.
        if os.geteuid() == 0 and owner is not None:
            daemon = _at(socket_path.socket_paths(path, owner))
        if daemon is None:
            raise UnreachableError(_why_silent(path, pid, owner))
    return daemon


def live() -> list[tuple[Client, StatusView]]:
    """Every schedd on this machine that answers us."""
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
    """OSError when nobody listens there, UnreachableError when somebody does who is deaf or no schedd of ours."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(PATIENCE)
        _connect(sock, path)
        pid, uid = peer(sock)
        # A directory in /tmp may have been made by somebody who hopes to be taken for schedd.
        if uid not in (0, os.geteuid()) and os.geteuid() != 0:
            raise UnreachableError(f"{path} belongs to pid {pid} of uid {uid}, who is neither you nor root")
    except BaseException:
        sock.close()
        raise
    return sock


def _connect(sock: socket.socket, path: str) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return sock.connect(path)
        except BlockingIOError:  # its queue of newcomers is full, which on this kind of socket is told at once
            if time.monotonic() > end:
                raise _deaf(path) from None
        time.sleep(0.02)


def _converse(sock: socket.socket, name: str, args: msgspec.Struct) -> Iterator[bytes]:
    """Send the request; then the lines of the answer, the first of them in time."""
    try:
        request = Request(VERSION, name, msgspec.Raw(msgspec.json.encode(args)))
    except UnicodeEncodeError:
        raise UsageError("what was typed is not UTF-8") from None
    try:
        sock.sendall(msgspec.json.encode(request) + b"\n")
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused without being read: the answer says why
    except TimeoutError:
        raise _deaf(sock.getpeername()) from None
    pending = b""
    while True:
        try:
            chunk = sock.recv(_CHUNK)
        except TimeoutError:
            raise _deaf(sock.getpeername()) from None
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            return
        sock.settimeout(None)
        *lines, pending = (pending + chunk).split(b"\n")
        yield from lines


def _closing(line: bytes) -> Reply:
    """The line as an event or `ok`; an error is raised."""
    try:
        answer = msgspec.json.decode(line, type=Reply)
    except msgspec.MsgspecError:
        raise UnreachableError("what answers on the socket does not speak as schedd does") from None
    if isinstance(answer.error, Fault):
        raise FAULTS.get(answer.error.code, SchedError)(answer.error.message)
    return answer


def _deaf(path: str) -> UnreachableError:
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
