"""Which jobs have changed, for the pages that are open: one event a second at most, the same for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from scheduler.engine.events import (
    AttemptFinished,
    ClockJumped,
    Event,
    JobsChanged,
    Paused,
    ReloadFailed,
    Resumed,
    RunFinished,
    RunSkipped,
    RunStarted,
    RunWaiting,
    Stopping,
)
from scheduler.text import as_json
from scheduler.web.response import event

PACE = 1.0
"""Seconds between two events of one stream."""

PING = 15.0
"""Seconds of silence after which a comment is sent, which shows whether the reader is still there."""

MOST_NAMED = 500
"""More changed jobs than these are `all`."""

MOST_STREAMS = 32


class Live:
    """Hears the engine's events and tells every open page. Costs nothing while no page is open."""

    def __init__(self) -> None:
        self._readers: set[_Reader] = set()
        self._ending = False

    @property
    def is_full(self) -> bool:
        """Whether there are MOST_STREAMS streams of all kinds."""
        return len(self._readers) >= MOST_STREAMS

    def on_event(self, happened: Event) -> None:
        """Remember what an event changed, for each reader."""
        if not self._readers:
            return
        match happened:
            case RunStarted(run=run) | RunFinished(run=run) | AttemptFinished(run=run):
                self.changed(run.job)
            case RunSkipped(decision=decision):
                self.changed(decision.job)
            case RunWaiting(job=job) | Paused(job=job) | Resumed(job=job):
                self.changed(job)
            case JobsChanged() | ReloadFailed() | ClockJumped() | Stopping():
                self.changed(None)

    def changed(self, job: str | None) -> None:
        """A job is different; None: everything may be."""
        for reader in self._readers:
            reader.add(job)

    def end(self) -> None:
        """End every stream: schedd stops."""
        self._ending = True
        for reader in self._readers:
            reader.end()

    async def guarded(self, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Another stream: it counts as one, is kept alive with comments, and ends when schedd stops."""
        reader = _Reader()
        self._readers.add(reader)
        waiting: asyncio.Task[bytes] | None = None
        over = asyncio.ensure_future(reader.over())
        try:
            while not self._ending:
                waiting = waiting or asyncio.ensure_future(anext(pieces))
                await asyncio.wait({waiting, over}, timeout=PING, return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    yield b": \n\n"
                    continue
                try:
                    piece = waiting.result()
                except StopAsyncIteration:
                    return
                waiting = None
                yield piece
        finally:
            over.cancel()
            self._readers.discard(reader)
            if waiting is not None:
                waiting.cancel()
                await asyncio.wait({waiting})
            await pieces.aclose()

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Server-sent events until the reader leaves or schedd stops."""
        reader = _Reader()
        self._readers.add(reader)
        try:
            yield b"retry: 3000\n\n"
            while not self._ending:
                changed = await reader.next()
                if changed is not None:
                    yield event("change", changed)
                    await reader.rest()
                elif not self._ending:
                    yield b": \n\n"
        finally:
            self._readers.discard(reader)


class _Reader:
    """One open page: the names that it has not been told."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._all = False
        self._moved = asyncio.Event()
        self._over = asyncio.Event()

    def add(self, job: str | None) -> None:
        if job is None or len(self._names) >= MOST_NAMED:
            self._all = True
            self._names.clear()
        elif not self._all:
            self._names.add(job)
        self._moved.set()

    def end(self) -> None:
        self._over.set()
        self._moved.set()

    async def next(self) -> bytes | None:
        """The next event's data; None after PING seconds without one."""
        try:
            async with asyncio.timeout(PING):
                await self._moved.wait()
        except TimeoutError:
            return None
        self._moved.clear()
        if self._over.is_set():
            return None
        names, everything = sorted(self._names), self._all
        self._names.clear()
        self._all = False
        return as_json({"jobs": names, "all": everything})

    async def over(self) -> None:
        """Return when schedd stops."""
        await self._over.wait()

    async def rest(self) -> None:
        """Wait PACE seconds, or until schedd stops."""
        try:
            async with asyncio.timeout(PACE):
                await self._over.wait()
        except TimeoutError:
            pass
