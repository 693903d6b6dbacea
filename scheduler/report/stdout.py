"""The daemon's standard output, written by a thread of its own, so that a reader who does not read stalls nobody.

A thread rather than O_NONBLOCK: that flag would belong to the open file, and so to everybody who shares the terminal
or pipe with schedd; and a regular file or a socket would each need another way.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import threading

ENOUGH = 1024 * 1024
"""Bytes waiting at which jobs are asked to stop writing."""

MOST = 16 * 1024 * 1024
"""Bytes waiting at which the daemon's own lines, which nobody can hold up, are dropped too.

Far more than ENOUGH: 64 KiB of empty lines, read when a byte was missing to that, are 12 MB as records of JSON.
"""

PATIENCE = 5.0
"""Seconds without any progress after which output is dropped and counted instead of holding jobs up."""

LAST_PATIENCE = 2.0
"""The same for the last lines, when schedd ends."""

_LARGEST_WRITE = 128 * 1024
"""Bytes. That a reader has taken something is seen only when a write ends."""

_SMALL = 16 * 1024
_BREATH = 0.02
"""Seconds from a write of less than _SMALL bytes to the next: waking the thread costs as much as making a line, and a
thousand jobs that start at one instant would have it woken for each of theirs."""


class Stdout:
    """A bounded queue of whole lines and the thread that empties it. Use it from the event loop's thread only."""

    def __init__(self, fd: int, loop: asyncio.AbstractEventLoop) -> None:
        self.dropped = 0
        """Lines dropped since the start."""
        self._fd = fd
        self._loop = loop
        self._waiting: list[bytes] = []
        self._size = 0
        self._written = 0
        self._untold = 0
        self._stuck = False
        self._closing = threading.Event()
        self._full: asyncio.Future[None] | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._empty, name="stdout", daemon=True)
        self._thread.start()

    def write(self, lines: bytes) -> None:
        """Take whole lines, or drop them when nothing has been read for too long."""
        with self._changed:
            if self._stuck or self._size > MOST:
                self._drop(lines.count(b"\n"))
                return
            self._waiting.append(lines)
            self._size += len(lines)
            self._changed.notify()

    def full(self) -> asyncio.Future[None] | None:
        """None while more may come; else a future that is done when it may, or when waiting would be in vain."""
        with self._changed:  # else the thread could have written all of it before it is to tell when there is room
            if self._size < ENOUGH or self._stuck:
                return None
            if self._full is None:
                self._full = self._loop.create_future()
                self._loop.call_later(PATIENCE, self._lose_patience, self._written)
            return self._full

    def close(self, seconds: float) -> None:
        """Write what waits, for at most so long and while somebody reads it, and end the thread."""
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
        self._untold += count

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
        # While the main thread starts a child it takes no signals: each end of another child would wake this one.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        room = select.poll()
        room.register(self._fd, select.POLLOUT)
        not_before = 0.0
        while self._something_waits():
            self._closing.wait(not_before - self._loop.time())
            batch = self._take()
            view = memoryview(batch)
            while view:
                try:
                    count, lost = os.write(self._fd, view[:_LARGEST_WRITE]), 0
                except BlockingIOError:  # one who shares it has set the flag: wait as a write without it would
                    room.poll()
                    continue
                except OSError:  # a closed pipe and a vanished terminal for ever, a full disk for a while
                    count, lost = len(view), bytes(view).count(b"\n")
                view = view[count:]
                self._progress(count, lost)
            not_before = self._loop.time() + _BREATH if len(batch) < _SMALL else 0.0

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

    def _progress(self, count: int, lost: int) -> None:
        with self._changed:
            self._written += count
            self._size -= count
            self._stuck = False
            self._drop(lost)
            if self._untold and not lost and self._size < ENOUGH:
                told = f"schedd: {self._untold} lines dropped: the output could not be written\n".encode()
                self._untold = 0
                self._waiting.append(told)
                self._size += len(told)
        if self._full is not None and self._size < ENOUGH // 2:
            self._loop.call_soon_threadsafe(self._release)
