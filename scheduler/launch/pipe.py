"""The reading end of one of a child's outputs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from scheduler.launch.launcher import Output, Stream

_READ = 64 * 1024
_MOST_READS = 32


class Pipe:
    """Reads a pipe into its run's Output, pausing while that is full; owns the descriptor and closes it at its end."""

    def __init__(self, descriptor: int, stream: Stream, output: Output, on_end: Callable[[], None]) -> None:
        self.descriptor = descriptor
        self.stream = stream
        self.open = True
        self._output = output
        self._on_end = on_end
        self._paused = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(descriptor, self._read)

    def read_now(self) -> None:
        """Read what is in the pipe at this moment, as far as the output takes it.

        Bounded, since whoever holds the other end may write faster than we read.
        """
        for _ in range(_MOST_READS):
            if not self.open or self._paused or not self._read():
                return

    def close(self) -> None:
        if self.open:
            self.open = False
            self._loop.remove_reader(self.descriptor)
            os.close(self.descriptor)
            self._on_end()

    def _read(self) -> bool:
        """Read once; False when there was nothing to read."""
        try:
            data = os.read(self.descriptor, _READ)
        except BlockingIOError:
            return False
        if not data:
            self.close()
            return False
        self._output.write(self.stream, data)
        if full := self._output.full():
            self._paused = True
            self._loop.remove_reader(self.descriptor)
            full.add_done_callback(self._resume)
        return True

    def _resume(self, _full: asyncio.Future[None]) -> None:
        self._paused = False
        if self.open:
            self._loop.add_reader(self.descriptor, self._read)
