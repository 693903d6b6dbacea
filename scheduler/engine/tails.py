"""The kept output of finished runs, within one bound for all of them."""

from __future__ import annotations

from scheduler.launch.output import Chunk

ALL_TAILS = 32 * 1024 * 1024
"""Bytes that all tails together may take; the oldest go first."""

_KEEPING = 256
"""Bytes that keeping one chunk costs besides its content."""


class Tails:
    """By run id, in the order in which the runs finished."""

    def __init__(self) -> None:
        self._size = 0
        self._kept: dict[str, tuple[Chunk, ...]] = {}

    def of(self, run_id: str) -> tuple[Chunk, ...]:
        """What is kept of a finished run, oldest first; nothing when it printed nothing or its tail had to go."""
        return self._kept.get(run_id, ())

    def keep(self, run_id: str, tail: tuple[Chunk, ...]) -> None:
        """Keep it as the newest, and let the oldest go where the bound asks for it."""
        if tail:
            self._kept[run_id] = tail
            self._size += _size(tail)
        while self._size > ALL_TAILS:
            self.drop(next(iter(self._kept)))

    def drop(self, run_id: str) -> None:
        """Forget a run's tail, if there is one."""
        self._size -= _size(self._kept.pop(run_id, ()))


def _size(tail: tuple[Chunk, ...]) -> int:
    return sum(len(chunk.data) + _KEEPING for chunk in tail)
