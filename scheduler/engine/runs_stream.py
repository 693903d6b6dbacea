"""Following all runs, or those of some jobs, in one stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import msgspec

from scheduler.engine.events import Announcer, Event, RunFinished, RunStarted
from scheduler.engine.following import Following, all_of
from scheduler.engine.history import History
from scheduler.launch.launcher import Stream
from scheduler.launch.output import FOLLOWER_LAG, Chunk, Chunks
from scheduler.model.run import Run

QUEUED = 64
"""Values that may wait for the reader; each holds at most one read of output."""

MOST_UNREAD = 1000
"""Runs whose start may wait for the reader; of further ones only the size of their output is given."""


class RunsStream:
    """Runs that are live and those that start later, each with what is read of it on a task of its own, in one queue.

    The reader may stop reading. A live run then keeps for it what a follower keeps; of a run that ends before its start
    was read, the tail is kept while those tails together are within FOLLOWER_LAG. Values are pairs of a run and its
    next `Chunk`, or of a run and itself when it has started or finished.
    """

    def __init__(
        self, following: Following, history: History, jobs: Collection[str], select: Callable[[Run, Chunks], Chunks]
    ) -> None:
        """Runs of these jobs, of all when there are none. `select` reduces what a run had written before."""
        self._following = following
        self._history = history
        self._jobs = jobs
        self._select = select
        self._before: set[str] = set()
        """Runs that were live at the beginning."""
        self._queue: asyncio.Queue[tuple[Run, Run | Chunk]] = asyncio.Queue(QUEUED)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._unread: dict[str, _Ended | None] = {}
        self._held = 0
        self._left_out: set[str] = set()
        self._missed: dict[str, tuple[Run, int]] = {}
        """By job: the last run that was left out, and the bytes of all of them."""

    @contextmanager
    def listening(self, announce: Announcer, live: Iterable[Run]) -> Iterator[None]:
        """Follow these runs, and those that start within the block."""
        for run in live:
            self._before.add(run.id)
            self._begin(run)
        try:
            with announce.with_listener(self._hear):
                yield
        finally:
            for task in tuple(self._tasks.values()):
                task.cancel()

    async def values(self) -> AsyncGenerator[tuple[Run, Run | Chunk], None]:
        """The values, without an end."""
        while True:
            yield await self._queue.get()
            missed, self._missed = self._missed, {}
            for run, size in missed.values():
                yield run, _gap(size)

    def _hear(self, event: Event) -> None:
        match event:
            case RunStarted(run=run) if not self._jobs or run.job in self._jobs:
                self._begin(run)
            case RunFinished(run=run) if run.id in self._unread:
                self._unread[run.id] = self._ended(run)
            case RunFinished(run=run) if run.id in self._left_out:
                self._left_out.remove(run.id)
                _, before = self._missed.get(run.job, (run, 0))
                if size := before + _written(self._history.tails.of(run.id)):
                    self._missed[run.job] = run, size
            case _:
                pass

    def _begin(self, run: Run) -> None:
        if run.id in self._tasks:
            return  # it was live already when its start was announced
        if len(self._unread) >= MOST_UNREAD:
            self._left_out.add(run.id)
            return
        self._unread[run.id] = None
        self._tasks[run.id] = task = asyncio.get_running_loop().create_task(self._read(run))
        task.add_done_callback(lambda _: self._tasks.pop(run.id))

    def _ended(self, run: Run) -> _Ended:
        tail = self._history.tails.of(run.id)
        size = _size(tail)
        if self._held + size > FOLLOWER_LAG:
            return _Ended(run, (_gap(_written(tail)),))
        self._held += size
        return _Ended(run, tail)

    async def _read(self, run: Run) -> None:
        await self._queue.put((run, run))
        ended = self._unread.pop(run.id)
        if ended is not None:
            for chunk in ended.tail:
                await self._queue.put((run, chunk))
            self._held -= _size(ended.tail)
            await self._queue.put((ended.run, ended.run))
            return
        stream = self._following.of(run.id, partial(self._select, run) if run.id in self._before else all_of)
        if stream is None:
            return
        try:
            async for value in stream:
                if isinstance(value, Chunk) or (isinstance(value, Run) and value.outcome is not None):
                    await self._queue.put((run, value))
        finally:
            stream.close()


class _Ended(msgspec.Struct, frozen=True):
    """A run that ended before its start was read, and its kept output."""

    run: Run
    tail: Chunks


def _gap(size: int) -> Chunk:
    return Chunk(Stream.STDOUT, b"", size)


def _size(tail: Iterable[Chunk]) -> int:
    """Bytes that keeping it takes."""
    return sum(len(chunk.data) for chunk in tail)


def _written(tail: Iterable[Chunk]) -> int:
    """Bytes that its run wrote, those no longer kept included."""
    return sum(len(chunk.data) + chunk.missed for chunk in tail)
