"""Which jobs have changed, for the pages that are open: one event a second at most, the same for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from scheduler.engine.events import (
    AttemptFinished,
    ClockJumped,
    Event,
    JobsChanged,
    Paused,
    ReloadFailed,
    Resumed,
    RunFinished,
    RunRequested,
    RunSkipped,
    RunStarted,
    RunStopping,
    RunWaiting,
    Stopping,
)
from scheduler.text import as_json
from scheduler.web.response import event

PACE = 1.0
"""Seconds between two events."""

PING = 15.0
"""Seconds of silence after which a comment is sent, which shows whether the reader is still there."""

MOST_NAMED = 5_000
"""More changed jobs than these are `all`."""

MOST_STREAMS = 32
"""Open streams of all kinds."""

_EVERYTHING = event("change", as_json({"jobs": [], "all": True}))


class Live:
    """Passes changes of jobs to every open page. Without an open page an event costs nearly nothing."""

    def __init__(self, calm: Callable[[], Awaitable[None]]) -> None:
        """`calm` waits while many runs are being started."""
        self._calm = calm
        self._readers: set[_Reader] = set()
        self._names: set[str] = set()
        self._all = False
        self._publishing: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether there are MOST_STREAMS streams."""
        return len(self._readers) >= MOST_STREAMS

    def on_event(self, happened: Event) -> None:
        """Remember what an event changes."""
        if not self._readers:
            return
        match happened:
            case RunStarted(run=run) | RunFinished(run=run) | AttemptFinished(run=run) | RunStopping(run=run):
                self.changed(run.job)
            case RunSkipped(decision=decision):
                self.changed(decision.job)
            case RunWaiting(job=job) | RunRequested(job=job) | Paused(job=job) | Resumed(job=job):
                self.changed(job)
            case JobsChanged() | ReloadFailed() | ClockJumped() | Stopping():
                self.changed(None)

    def changed(self, job: str | None) -> None:
        """A job has changed; None: everything may have changed."""
        if job is None or len(self._names) >= MOST_NAMED:
            self._all = True
        else:
            self._names.add(job)
        if self._publishing is None and self._readers:
            self._publishing = asyncio.get_running_loop().create_task(self._publish())

    def end(self) -> None:
        """End every stream: schedd stops."""
        self._over.set()
        for reader in self._readers:
            reader.moved.set()

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Server-sent events until the reader leaves or schedd stops."""
        reader = _Reader()
        self._readers.add(reader)
        try:
            yield b"retry: 3000\n\n"
            while not self._over.is_set():
                yield await reader.next()
        finally:
            self._readers.discard(reader)

    async def guarded(self, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Another stream: it counts as one, is kept alive with comments, and ends when schedd stops."""
        reader = _Reader()
        self._readers.add(reader)
        waiting: asyncio.Task[bytes] | None = None
        over = asyncio.ensure_future(self._over.wait())
        try:
            while not self._over.is_set():
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

    async def _publish(self) -> None:
        """Hand what has changed to all readers; then rest."""
        await self._calm()
        data = _EVERYTHING if self._all else event("change", as_json({"jobs": sorted(self._names), "all": False}))
        self._names.clear()
        self._all = False
        for reader in self._readers:
            reader.give(data)
        await asyncio.sleep(PACE)
        self._publishing = None
        if self._names or self._all:
            self.changed(None if self._all else next(iter(self._names)))


class _Reader:
    """One open page: the event that it has not read yet."""

    def __init__(self) -> None:
        self.moved = asyncio.Event()
        self._data = b""

    def give(self, data: bytes) -> None:
        """A reader that has not taken the last event has missed something: everything may have changed."""
        self._data = _EVERYTHING if self._data else data
        self.moved.set()

    async def next(self) -> bytes:
        """The next event, or a comment after PING seconds without one."""
        try:
            async with asyncio.timeout(PING):
                await self.moved.wait()
        except TimeoutError:
            pass
        self.moved.clear()
        data, self._data = self._data, b""
        return data or b": \n\n"
