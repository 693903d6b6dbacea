"""Long work on the event loop in slices of 2 ms, one slice in each turn of the loop, so that no run starts late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

SLICE = 0.002
"""Seconds of work in one turn of the loop, of all pages together."""


class Slices:
    """Takes items of slow iterators while a slice lasts. Pages take turns, first come first served."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._turn = asyncio.Lock()

    async def drive(self, items: Iterable[T]) -> AsyncGenerator[list[T], None]:
        """The items in batches, each made within one slice."""
        iterator = iter(items)
        more = True
        while more:
            batch: list[T] = []
            async with self._turn:
                end = self._steady() + SLICE
                for item in iterator:
                    batch.append(item)
                    if self._steady() >= end:
                        break
                else:
                    more = False
                await asyncio.sleep(0)
            yield batch

    async def gather(self, items: Iterable[T]) -> list[T]:
        """All items."""
        return [item async for batch in self.drive(items) for item in batch]
