"""The signs that a daemon runs a file: the lock on the file, and the control socket."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator

from scheduler.control.file_lock import FileLock
from scheduler.control.socket_path import ControlSocket, SocketError, open_socket
from scheduler.errors import AlreadyRunningError

Warn = Callable[..., None]
"""Logs a warning: its event, then fields."""


class Presence:
    """Of the daemon that runs the schedule file at `path`."""

    def __init__(self, path: str, warn: Warn) -> None:
        self._path = path
        self._warn = warn
        self._lock = FileLock(path)
        self._control: ControlSocket | None = None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock within the block. AlreadyRunningError when another schedd has it."""
        self.lock()
        try:
            yield
        finally:
            self._lock.release()

    def lock(self) -> None:
        """Lock the file that the path leads to now. AlreadyRunningError when another schedd has it."""
        outside = self._lock.locked_from_outside
        try:
            self._lock.acquire()
            if self._lock.locked_from_outside and not outside:
                error = "a process outside of this container has locked the file, which others can read"
                self._warn("file lock failed", error=error, hint="if that is another schedd, both run every job")
        except OSError as error:  # a file system without locks, or the file has gone again since it was read
            self._warn("file lock failed", error=str(error), hint="only the socket keeps a second schedd off it")

    @contextlib.contextmanager
    def listening(self) -> Iterator[ControlSocket | None]:
        """The control socket within the block; None when it cannot be opened."""
        try:
            self._control = open_socket(self._path)
        except SocketError as error:
            self._warn_of(error)
        try:
            yield self._control
        finally:
            if self._control is not None:
                self._control.close()

    async def renew(self, start: Callable[[socket.socket], Awaitable[None]]) -> None:
        """If the control socket was removed, or could not be opened before, open it and start the server on it."""
        if self._control is not None and self._control.is_there:
            return
        try:
            opened = open_socket(self._path)
        except (SocketError, AlreadyRunningError) as error:
            self._warn_of(error)
            return
        await start(opened.listener)
        if self._control is not None:
            self._control.close()
        self._control = opened
        self._warn("control socket created", socket=opened.path)

    def _warn_of(self, error: Exception) -> None:
        hint = "schedctl cannot reach this schedd; after a remedy, send SIGHUP to schedd"
        self._warn("no control socket", error=str(error), hint=hint)
