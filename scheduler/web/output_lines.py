"""Kept output of a run as lines that are safe to show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from scheduler.launch.launcher import Stream
from scheduler.launch.output import Chunk
from scheduler.text import printable

MOST_AT_END = 4096
"""Bytes at the end of the output in which `last_lines` looks."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


class Line(msgspec.Struct, frozen=True):
    """One line of output, safe to show."""

    stream: str
    text: str
    error: bool


def lines_of(chunks: Iterable[Chunk], wanted: str = "all") -> list[Line]:
    """Whole lines in the order in which they were written, without terminal sequences."""
    pending = {Stream.STDOUT: b"", Stream.STDERR: b""}
    found: list[Line] = []
    for chunk in chunks:
        if wanted not in ("all", chunk.stream.value):
            continue
        *whole, pending[chunk.stream] = (pending[chunk.stream] + chunk.data).split(b"\n")
        found += [_line(chunk.stream, text) for text in whole]
    found += [_line(stream, rest) for stream, rest in pending.items() if rest]
    return found


def plain(text: str) -> str:
    """A line without terminal sequences; other control characters become visible."""
    return printable(_ANSI.sub("", text.rstrip("\r").rpartition("\r")[2]), "\N{REPLACEMENT CHARACTER}")


def missed_of(chunks: Iterable[Chunk]) -> int:
    """The number of bytes that are no longer kept."""
    return sum(chunk.missed for chunk in chunks)


def last_lines(chunks: Sequence[Chunk], most: int) -> list[str]:
    """The last lines that are not empty: of stderr, or of stdout where stderr has none."""
    for stream in (Stream.STDERR, Stream.STDOUT):
        data = b""
        for chunk in reversed(chunks):
            if chunk.stream is stream:
                data = chunk.data + data
            if len(data) > MOST_AT_END:
                break
        lines = [
            line for text in data[-MOST_AT_END:].split(b"\n") if (line := plain(text.decode(errors="replace")).rstrip())
        ]
        if lines:
            return lines[-most:]
    return []


def _line(stream: Stream, data: bytes) -> Line:
    return Line(
        "err" if stream is Stream.STDERR else "out", plain(data.decode(errors="replace")), stream is Stream.STDERR
    )
