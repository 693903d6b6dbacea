"""Work with a store that may be away: repeated until it is done, kept up during a block, or in the background."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from scheduler.launch.remote.wire import HEARTBEAT, KEPT_FOR, Wire, WireError

T = TypeVar("T")


async def until_done(work: Callable[[], Awaitable[T]], pause: float) -> T:
    """What the work returns, however long the store is away; tried again after a pause in seconds."""
    while True:
        try:
            return await work()
        except WireError:
            await asyncio.sleep(pause)


@asynccontextmanager
async def during(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have these run during the block."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


@asynccontextmanager
async def alive(wire: Wire, attempt: str) -> AsyncIterator[None]:
    """Send heartbeats during the block. The first was sent before it, so that a reader of a report finds it alive."""

    async def signs() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            with suppress(WireError):
                await wire.beat(attempt, KEPT_FOR)

    async with during(signs()):
        yield


class Background:
    """Tasks that nobody waits for. They are kept until they end, since the event loop does not keep them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin with it at the next turn of the loop."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self, seconds: float) -> None:
        """Wait so long for what is under way, then cancel the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in tuple(self._tasks):
            task.cancel()
