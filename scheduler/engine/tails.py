"""Tails: the kept output of finished runs, bounded over all jobs."""

from __future__ import annotations

from scheduler.launch.output import Chunk

ALL_TAILS = 32 * 1024 * 1024
"""Bytes that all tails together may take; the oldest are dropped first."""

_KEEPING = 256
"""Bytes that one kept chunk takes besides its content."""


class Tails:
    """The kept output of finished runs, by run id, in the order in which the runs finished."""

    def __init__(self) -> None:
        self._size = 0
        self._kept: dict[str, tuple[Chunk, ...]] = {}

    def of(self, run_id: str) -> tuple[Chunk, ...]:
        """A finished run's output, oldest first; empty when it printed nothing or its tail was dropped."""
        return self._kept.get(run_id, ())

    def keep(self, run_id: str, tail: tuple[Chunk, ...]) -> None:
        """Keep it as the newest, and drop the oldest beyond the bound."""
        if tail:
            self._kept[run_id] = tail
            self._size += _size(tail)
        while self._size > ALL_TAILS:
            self.drop(next(iter(self._kept)))

    def drop(self, run_id: str) -> None:
        """Drop a run's tail, if there is one."""
        if (tail := self._kept.pop(run_id, None)) is not None:
            self._size -= _size(tail)


def _size(tail: tuple[Chunk, ...]) -> int:
    return sum(len(chunk.data) + _KEEPING for chunk in tail)
