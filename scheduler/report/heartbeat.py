"""A file that shows that schedd is alive: its modification time is updated while schedd is healthy."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

from scheduler.engine.engine import Engine
from scheduler.errors import UsageError
from scheduler.report.log import Log

INTERVAL = 10.0
"""Seconds between two updates."""


def touch(path: Path) -> None:
    """Set the modification time to now. OSError for a symbolic link, which another user may have created in /tmp."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    try:
        os.utime(descriptor)
    finally:
        os.close(descriptor)


class Heartbeat:
    """The file of `--heartbeat`. It is removed when schedd stops."""

    def __init__(self, path: Path | None, engine: Engine, log: Log) -> None:
        """None: there is no such file. UsageError when it cannot be written."""
        self._path = path
        self._engine = engine
        self._log = log
        self._failed = False
        if path is None:
            return
        try:
            touch(path)
        except OSError as error:
            raise UsageError(f"--heartbeat: cannot write {path}: {error.strerror}") from None

    async def keep(self) -> None:
        """Update the file until cancelled, then remove it."""
        if self._path is None:
            return
        try:
            while True:
                if self._engine.problem() is None:
                    await asyncio.to_thread(self._touch, self._path)  # a file system that hangs must not delay a run
                await asyncio.sleep(INTERVAL)
        finally:
            with contextlib.suppress(OSError):
                self._path.unlink()

    def _touch(self, path: Path) -> None:
        try:
            touch(path)
        except OSError as error:
            if not self._failed:
                self._log.warning("heartbeat failed", file=str(path), error=error.strerror)
            self._failed = True
        else:
            self._failed = False
