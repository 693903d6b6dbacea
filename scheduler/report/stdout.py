"""Writes schedd's standard output on a thread, so that a reader that does not read delays nothing.

A thread rather than O_NONBLOCK: that flag belongs to the open file, and so to everybody who shares the terminal or pipe
with schedd; a regular file or a socket would each need another way.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import threading
from collections.abc import Callable

from scheduler.errors import SchedError

ENOUGH = 1024 * 1024
"""Bytes waiting at which jobs are asked to stop writing."""

MOST = 16 * 1024 * 1024
"""Bytes waiting at which schedd's own lines, which cannot wait, are dropped too.

Far more than ENOUGH: 64 KiB of empty lines, read when one byte is missing to that, are 12 MB as JSON records.
"""

PATIENCE = 5.0
"""Seconds without progress after which output is dropped and counted, and jobs no longer wait."""

LAST_PATIENCE = 2.0
"""The same for the last lines, when schedd ends."""

_LARGEST_WRITE = 128 * 1024
"""Bytes. Progress of the reader is seen only when a write ends."""

_SMALL = 16 * 1024
_PAUSE = 0.02
"""Seconds between a write of less than _SMALL bytes and the next: waking the thread costs as much as making a line, and
1,000 jobs that start at once would wake it for each of their lines."""


class Stdout:
    """A bounded queue of whole lines and the thread that empties it. Call it from the event loop's thread only."""

    def __init__(self, fd: int, loop: asyncio.AbstractEventLoop) -> None:
        self.dropped = 0
        """Lines dropped since the start."""
        self.on_dropped: Callable[[int], None] = lambda _count: None
        """Called on the thread, when writing works again, with the number of lines dropped meanwhile."""
        self._fd = fd
        self._loop = loop
        self._waiting: list[bytes] = []
        self._size = 0
        self._written = 0
        self._unreported = 0
        self._stuck = False
        self._closing = threading.Event()
        self._full: asyncio.Future[None] | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._empty, name="stdout", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            raise SchedError("cannot start a thread: the limit of processes (ulimit -u) is reached") from None

    def write(self, lines: bytes) -> None:
        """Take whole lines, or drop them when nothing has been read for too long."""
        with self._changed:
            if self._stuck or self._size > MOST:
                self._drop(lines.count(b"\n"))
                return
            if not self._waiting:  # else the thread does not sleep
                self._changed.notify()
            self._waiting.append(lines)
            self._size += len(lines)

    def full(self) -> asyncio.Future[None] | None:
        """None: there is room. Otherwise a future that is done when there is, or when waiting has become pointless."""
        with self._changed:  # else the thread could write everything before it knows that a run waits
            if self._size < ENOUGH or self._stuck:
                return None
            if self._full is None:
                self._full = self._loop.create_future()
                self._loop.call_later(PATIENCE, self._lose_patience, self._written)
            return self._full

    def close(self, seconds: float) -> None:
        """Write what waits, for at most `seconds` and while it is read, and end the thread."""
        with self._changed:
            self._closing.set()
            self._changed.notify()
        moves = True
        while moves and seconds > 0:
            written = self._written
            self._thread.join(min(seconds, LAST_PATIENCE))
            seconds -= LAST_PATIENCE
            moves = self._thread.is_alive() and self._written > written

    def _drop(self, count: int) -> None:
        self.dropped += count
        self._unreported += count

    def _lose_patience(self, written_then: int) -> None:
        if self._full is None:
            return
        if self._written == written_then:
            self._stuck = True
            self._release()
        else:
            self._loop.call_later(PATIENCE, self._lose_patience, self._written)

    def _release(self) -> None:
        if self._full is not None and not self._full.done():
            self._full.set_result(None)
        self._full = None

    # On the thread.

    def _empty(self) -> None:
        # While the main thread starts a child it blocks signals: each end of another child would interrupt this one.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        room = select.poll()
        room.register(self._fd, select.POLLOUT)
        not_before = 0.0
        torn = b""
        while self._something_waits():
            self._closing.wait(not_before - self._loop.time())
            batch = torn + self._take()
            torn = self._write(batch, room, at_line_start=not torn)
            not_before = self._loop.time() + _PAUSE if len(batch) < _SMALL else 0.0

    def _write(self, batch: bytes, room: select.poll, *, at_line_start: bool) -> bytes:
        """Write a batch. Where that fails within a line, the rest of the line is returned, to be written first later.

        A disk that is full may take part of a line; without its rest the next line would be glued to it.
        """
        view = memoryview(batch)
        while view:
            try:
                count = os.write(self._fd, view[:_LARGEST_WRITE])
            except (
                BlockingIOError
            ):  # another process that shares the file has set the flag: wait as a blocking write does
                room.poll()
                continue
            except OSError:  # a closed pipe or a lost terminal: for ever; a full disk: for a while
                left = bytes(view)
                torn = b"" if at_line_start else left[: left.find(b"\n") + 1]
                self._progress(len(left) - len(torn), lost=left.count(b"\n", len(torn)))
                return torn
            at_line_start = view[count - 1] == ord("\n")
            view = view[count:]
            self._progress(count)
        return b""

    def _something_waits(self) -> bool:
        """Wait for it; False at the end."""
        with self._changed:
            while not (self._waiting or self._closing.is_set()):
                self._changed.wait()
            return bool(self._waiting)

    def _take(self) -> bytes:
        with self._changed:
            batch = b"".join(self._waiting)
            self._waiting.clear()
            return batch

    def _progress(self, count: int, *, lost: int | None = None) -> None:
        """`count` bytes of what waited are written; or, with `lost` lines, they cannot be."""
        with self._changed:
            self._written += count
            self._size -= count
            self._stuck = False
            if lost is not None:
                self._drop(lost)
            elif self._unreported and self._size < ENOUGH:
                unreported, self._unreported = self._unreported, 0
                self.on_dropped(unreported)
        if self._full is not None and self._size < ENOUGH // 2:
            self._loop.call_soon_threadsafe(self._release)
