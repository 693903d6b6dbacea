"""The value that a Python function returned: entrypoint.py writes it to stderr in a marked line, which is no output."""

from __future__ import annotations

import asyncio
import re

from scheduler.launch.launcher import Output, Stream

MARK = b"\x1ereturned "
"""How the line begins. A control character is in front, so that no other line is taken for it."""

LONGEST = 512
"""Bytes that such a line has at most."""

_LINE = rb"\x1e(returned [ -~]*)\n"


def returned(stderr: bytes) -> str | None:
    """The last value in the end of stderr, as a note of the run; None when there is none."""
    found = re.findall(_LINE, stderr)
    return found[-1].decode() if found else None


class WithoutReturnedValue:
    """Passes on the output of a Python function without the marked line. Implements `Output`."""

    def __init__(self, output: Output) -> None:
        self.most = output.most
        self._output = output
        self._held = b""
        """The beginning of what may be a marked line."""

    def write(self, stream: Stream, data: bytes) -> None:
        if stream is Stream.STDERR and (self._held or MARK[:1] in data):
            data = re.sub(_LINE, b"", self._held + data)
            begin = data.rfind(MARK[:1])
            rest = data[begin:] if begin >= 0 else b""
            begins = len(rest) < LONGEST and b"\n" not in rest and (rest + MARK[len(rest) :]).startswith(MARK)
            self._held = rest if begins else b""
            data = data[: len(data) - len(self._held)]
        if data:
            self._output.write(stream, data)

    def full(self) -> asyncio.Future[None] | None:
        return self._output.full()

    def close(self) -> None:
        if self._held:
            self._output.write(Stream.STDERR, self._held)
            self._held = b""
        self._output.close()
