"""The text of a reply, in pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from scheduler.engine.turns import Turns
from scheduler.text import as_json

_PIECE = 1 << 16
"""Bytes of an encoded answer that are sent at once."""


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
