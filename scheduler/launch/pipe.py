"""The reading end of one of a child's outputs."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sys
import termios

from scheduler.launch.launcher import Output, Stream
from scheduler.launch.poller import Poller

_READ = 64 * 1024
"""A pipe's usual capacity, and what is read of it at once."""

_WIDE = 1024 * 1024
"""The most that a pipe may hold unless root has set another limit (pipe(7), /proc/sys/fs/pipe-max-size)."""

_MOST_READS = 32
_END = 4096


class Pipe:
    """Reads a pipe into its run's Output, pausing while that is full. Owns the descriptor and closes it at its end."""

    def __init__(self, descriptor: int, stream: Stream, output: Output, watch: Poller) -> None:
        self.descriptor = descriptor
        self.end = b""
        """The latest bytes, to explain the exit with."""
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stream = stream
        self._output = output
        self._watch = watch
        self._paused = False
        self._taken = 0
        self._at_once = _READ
        os.set_blocking(descriptor, False)
        watch.add(descriptor, self._read)

    def read_now(self) -> None:
        """Read what is in the pipe at this moment, as far as the output takes it.

        Bounded, since a process may write faster than schedd reads.
        """
        for _ in range(_MOST_READS):
            if self._paused or self.closed.done() or not self._read():
                return

    async def empty(self) -> None:
        """Return when what the pipe holds at this moment has been read, however long the output is full.

        What is written meanwhile may stay: a process that writes without end would never be done.
        """
        last = self._taken + self._size()
        while self._taken < last and self._size():
            if full := self._output.full():
                await asyncio.wait([full])
            await asyncio.sleep(0)  # it is read in turn with all others
        self.read_now()  # its end, if that has come

    def close(self) -> None:
        """Close it; a process that still writes gets SIGPIPE."""
        if not self.closed.done():
            self._watch.remove(self.descriptor)
            os.close(self.descriptor)
            self.closed.set_result(None)

    def _read(self) -> bool:
        """Read once; False when there was nothing to read, or the output is full."""
        # Asked before reading: of a hundred pipes with output, one may fill the log for the others.
        # An empty pipe need not wait for the others.
        if (full := self._output.full()) and self._size():
            self._paused = True
            self._watch.remove(self.descriptor)
            full.add_done_callback(self._resume)
            return False
        try:
            data = os.read(self.descriptor, self._at_once)
        except BlockingIOError:
            return False
        if not data:
            self.close()
            return False
        self._taken += len(data)
        self.end = data[-_END:] if len(data) >= _END else (self.end + data)[-_END:]
        self._output.write(self._stream, data)
        if len(data) > self._at_once // 2 and self._at_once < self._output.most:
            self._widen()
        return True

    def _size(self) -> int:
        """Bytes that it holds now."""
        if self.closed.done():
            return 0
        return int.from_bytes(fcntl.ioctl(self.descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)

    def _widen(self) -> None:
        """Enlarge the pipe: a job that fills it waits less often, and its throughput doubles."""
        self._at_once = self._output.most
        with contextlib.suppress(OSError, AttributeError):  # this user has many wide pipes, or this is not Linux
            fcntl.fcntl(self.descriptor, fcntl.F_SETPIPE_SZ, _WIDE)

    def _resume(self, _full: asyncio.Future[None]) -> None:
        self._paused = False
        if not self.closed.done():
            self._watch.add(self.descriptor, self._read)
