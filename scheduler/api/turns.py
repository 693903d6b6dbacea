"""Turns of the event loop during long answers: after 2 ms of work the loop goes on, so that no run starts late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from scheduler.text import as_json

LONGEST = 0.002
"""Seconds of work in one turn."""

_PIECE = 1 << 16
"""Bytes of an encoded answer that are sent at once."""


class Turns:
    """The turns of one answer; the first has begun."""

    def __init__(self) -> None:
        self._time = asyncio.get_running_loop().time
        self._end = self._time() + LONGEST

    async def pause(self) -> None:
        """Let the loop go on if this turn has lasted long enough. To be called between small steps of the work."""
        if self._time() >= self._end:
            await asyncio.sleep(0)
            self._end = self._time() + LONGEST


async def encoded(reply: object) -> AsyncGenerator[bytes, None]:
    """A reply as JSON, in pieces; those of a list are made in turns of the loop."""
    if not isinstance(reply, list):
        yield as_json(reply)
        return
    turns = Turns()
    piece = bytearray(b"[")
    for number, item in enumerate(reply):
        piece += b"," * (number > 0) + as_json(item)
        if len(piece) >= _PIECE:
            yield bytes(piece)
            piece.clear()
        await turns.pause()
    yield bytes(piece) + b"]"
