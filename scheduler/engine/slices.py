"""Long work on the event loop in slices of 1 ms, of all such work one slice at a time, so that no run starts late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

SLICE = 0.001
"""Seconds of work at a time. Two slices may pass until a run that has become due has started."""

_BEHIND_OTHERS = 1e-9
"""Seconds: a sleep of any length continues after the timers that are due; one of 0 s would continue before them."""

LOOK = 0.01
"""Seconds between two looks at whether runs are still being started."""

LONGEST_WAIT = 5.0
"""Longest time for which work waits for starting runs."""


class Slices:
    """Takes items of slow iterators while a slice lasts. Works take turns, first come first served."""

    def __init__(self, steady: Callable[[], float], busy: Callable[[], bool]) -> None:
        """`busy`: whether runs are being started, which go first."""
        self._steady = steady
        self._busy = busy
        self._turn = asyncio.Lock()
        self._looking: asyncio.Task[None] | None = None

    async def calm(self) -> None:
        """Wait while many runs are being started."""
        if not self._busy():
            return
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._until_calm())
        await asyncio.wait({self._looking})

    async def drive(self, items: Iterable[T]) -> AsyncGenerator[list[T], None]:
        """The items in batches, each made within one slice. After the first, work waits while runs are being started.

        Everything that takes time belongs into the iterator; what is done with a batch is done beyond the slice.
        """
        iterator = iter(items)
        patience = self._steady() + LONGEST_WAIT
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
                await asyncio.sleep(_BEHIND_OTHERS)
            yield batch
            if more and self._steady() < patience:
                await self.calm()

    async def gather(self, items: Iterable[T]) -> list[T]:
        """All items."""
        return [item async for batch in self.drive(items) for item in batch]

    async def one(self, make: Callable[[], T]) -> T:
        """What `make` returns, made in a slice of its own."""
        return (await self.gather(make() for _ in range(1)))[0]

    async def run(self, steps: Iterable[None]) -> None:
        """Go through all steps."""
        async for _ in self.drive(steps):
            pass

    async def _until_calm(self) -> None:
        """One check for all waiting work."""
        end = self._steady() + LONGEST_WAIT
        while self._busy() and self._steady() < end:  # noqa: ASYNC110 - the engine has no event for it
            await asyncio.sleep(LOOK)
        self._looking = None
