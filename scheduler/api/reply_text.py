"""The text of a reply: JSON, in pieces that are made one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from scheduler.text import as_json
from scheduler.wire.envelope import BETWEEN_ITEMS


class LongText(msgspec.Struct, frozen=True):
    """A text of many parts. In JSON it is one string."""

    parts: Iterable[str]


def pieces_of(reply: object) -> Iterator[bytes]:
    """A reply as JSON, in pieces that take little time each."""
    if isinstance(reply, list | Iterator):
        before = b"["
        for item in reply:
            yield before + as_json(item)
            before = BETWEEN_ITEMS
        yield b"[]" if before == b"[" else b"]"
    elif isinstance(reply, LongText):
        yield b'"'
        for part in reply.parts:
            yield as_json(part)[1:-1]
        yield b'"'
    else:
        yield as_json(reply)
