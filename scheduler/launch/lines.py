"""Cuts a stream of bytes into whole lines."""

from __future__ import annotations

import re

LONGEST_LINE = 64 * 1024
"""Bytes. A longer line reaches the log in pieces of at most this length, each but the last marked SPLIT_MARK."""

SPLIT_MARK = " […]".encode()

_RETURNS_BEFORE_NEWLINE = rb"\r+\n"
_RETURNS_AFTER_NEWLINE = rb"\n\r+"
_RETURNS = rb"\r+"


class Lines:
    """Cuts a stream of any bytes into whole lines, block by block and never line by line.

    LF, CRLF and the lone CR of a progress bar end a line; a CR at the start of a line ends nothing.
    """

    def __init__(self) -> None:
        self._partial = bytearray()
        self._after_return = False

    def feed(self, data: bytes) -> bytes:
        """The lines that `data` completes, each ending in a newline; often none."""
        if len(data) > LONGEST_LINE:
            starts = range(0, len(data), LONGEST_LINE)
            return b"".join([self.feed(data[start : start + LONGEST_LINE]) for start in starts])
        if self._after_return or b"\r" in data:
            data = self._without_returns(data)
        end = data.rfind(b"\n") + 1
        first = data.find(b"\n") if end else len(data)
        split = self._split() if len(self._partial) + first > LONGEST_LINE else b""
        if not end:
            self._partial += data
            return split
        block = b"".join((split, self._partial, memoryview(data)[:end]))
        self._partial[:] = memoryview(data)[end:]
        return block

    def end(self) -> bytes:
        """What has no newline yet, as a line."""
        self._after_return = False
        line = bytes(self._partial)
        self._partial.clear()
        return line + b"\n" if line else b""

    def _split(self) -> bytes:
        """Let a line that grows too long go, up to its last whole UTF-8 character."""
        cut = len(self._partial)
        while cut > len(self._partial) - 3 and self._partial[cut - 1] & 0xC0 == 0x80:
            cut -= 1
        cut -= self._partial[cut - 1] >= 0xC0
        piece = b"".join((self._partial[:cut], SPLIT_MARK, b"\n"))
        del self._partial[:cut]
        return piece

    def _without_returns(self, data: bytes) -> bytes:
        """`data` with newlines for returns.

        A return at the very end is taken for a line end at once, so that a progress bar is seen when it is drawn;
        should the newline of a CRLF follow in the next block, it has had its effect.
        """
        if self._after_return:
            rest = len(data) - len(data.lstrip(b"\r"))
            if rest == len(data):
                return b""
            data = data[rest:].removeprefix(b"\n")
        body = data.rstrip(b"\r")
        ends_in_return = len(body) < len(data)
        self._after_return = ends_in_return and (not body.endswith(b"\n") if body else bool(self._partial))
        data = re.sub(_RETURNS_BEFORE_NEWLINE, b"\n", data)
        if not self._partial:
            data = data.lstrip(b"\r")
        data = re.sub(_RETURNS_AFTER_NEWLINE, b"\n", data)
        return re.sub(_RETURNS, b"\n", data)
