"""Following runs: a run as a stream of values, from its request or its start to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import msgspec
from msgspec.structs import replace

from scheduler.engine.events import (
    Announcer,
    AttemptFinished,
    Event,
    RunFinished,
    RunRequested,
    RunSkipped,
    RunStarted,
    RunWaiting,
)
from scheduler.engine.history import History
from scheduler.engine.later import LaterRun
from scheduler.engine.live_run import LiveRun
from scheduler.launch.launcher import Stream
from scheduler.launch.output import FOLLOWER_LAG, Chunk, Chunks, Follower, RunOutput
from scheduler.model.run import Decision, Run

QUEUED = 64
"""Values of `RunsStream` that may wait for the reader; each holds at most one read of output."""

MOST_UNREAD = 1000
"""Runs of `RunsStream` whose start may wait for the reader; of further ones only the size of their output is given."""

Mark = RunRequested | RunWaiting | Run | AttemptFinished | Decision
Value = Chunk | Mark
"""What happens to a run. `RunRequested` when it is to start later. `RunWaiting` at each gate that holds it. `Run` when
it has started, with the outcome None, and when it has finished. `AttemptFinished` when another attempt follows.
`Decision` when it was skipped."""


Select = Callable[[Chunks], Chunks]
"""Reduces the kept output of a run."""


def all_of(kept: Chunks) -> Chunks:
    """The whole of it."""
    return kept


class RunStream:
    """What happens to one run, as values; ends after the finished `Run` or the `Decision`. Iterate over it."""

    def __init__(self, run_id: str, on_close: Callable[[RunStream], None], *, holding: bool) -> None:
        self.run_id = run_id
        self.follower: Follower[Mark] = Follower(holding=holding)
        self.ended: Run | Decision | None = None
        """The last value, whether or not it has been read."""
        self.requested_before = False
        """Whether the run is that of an earlier request with the same key."""
        self._started = False
        self._on_close = on_close

    def __aiter__(self) -> Follower[Mark]:
        return self.follower

    def start(self, run: Run, output: RunOutput | None, select: Select = all_of) -> None:
        """Hand out the started run, its kept output and what follows. Nothing when that was done before."""
        if not self._started:
            self._started = True
            self.follower.mark(run)
            if output is not None:
                output.attach(self.follower, select)

    def finish(self, value: Run | Decision) -> None:
        """Hand out the last value and end."""
        self.ended = value
        self.follower.mark(value)
        self.follower.end()

    def close(self) -> None:
        """Leave; the run goes on. Nothing when it has ended."""
        self._on_close(self)
        self.follower.close()


class Following:
    """The streams of single runs. A listener of the engine that passes events on to them."""

    def __init__(
        self, find: Callable[[str], LiveRun | None], find_later: Callable[[str], LaterRun | None], history: History
    ) -> None:
        self._find = find
        self._find_later = find_later
        self._history = history
        self._streams: dict[str, list[RunStream]] = {}

    def on_event(self, event: Event) -> None:
        """Pass an event about a run on to those that follow it."""
        if not self._streams:
            return
        match event:
            case RunWaiting(run_id=run_id) | RunRequested(run_id=run_id):
                self._mark(run_id, event)
            case RunStarted(run=run) if (live_run := self._find(run.id)) is not None:
                for stream in self._streams.get(run.id, ()):
                    stream.start(run, live_run.output)
            case AttemptFinished(run=run, retry_in=float()):
                self._mark(run.id, event)
            case RunFinished(run=run):
                self._finish(run.id, run)
            case RunSkipped(decision=decision, run_id=str(run_id)):
                self._finish(run_id, decision)
            case _:
                pass

    def of(self, run_id: str, select: Select = all_of) -> RunStream | None:
        """A live or kept run: its start, its kept output reduced by `select`, and what follows.

        None for an unknown run.
        """
        live_run = self._find(run_id)
        if live_run is not None:
            return self.of_live(live_run, select)
        later = self._find_later(run_id)
        if later is not None:
            stream = self._open(run_id)
            stream.follower.mark(RunRequested(run_id, later.job, later.at, later.request))
            return stream
        run = self._history.run(run_id)
        if run is None:
            return None
        stream = RunStream(run_id, self._closed, holding=False)
        stream.start(replace(run, attempts=(), outcome=None, finished_at=None, duration=None), None)
        stream.follower.feed_tail(select(self._history.tails.of(run_id)))
        stream.finish(run)
        return stream

    def of_live(self, live_run: LiveRun, select: Select = all_of, *, holding: bool = False) -> RunStream:
        """A run that is not over, from its current state on.

        `holding`: the run waits for the reader rather than that output is dropped, unless the reader stops reading.
        """
        stream = self._open(live_run.run_id, holding=holding)
        if live_run.run is not None:
            stream.start(live_run.run, live_run.output, select)
        elif live_run.gate is not None:
            stream.follower.mark(live_run.waiting_at(live_run.gate))
        return stream

    def _open(self, run_id: str, *, holding: bool = False) -> RunStream:
        stream = RunStream(run_id, self._closed, holding=holding)
        self._streams.setdefault(run_id, []).append(stream)
        return stream

    def refuse(self, run_id: str, decision: Decision) -> None:
        """A requested run was skipped without having waited, which no event reports."""
        self._finish(run_id, decision)

    def _mark(self, run_id: str, value: Mark) -> None:
        for stream in self._streams.get(run_id, ()):
            stream.follower.mark(value)

    def _finish(self, run_id: str, value: Run | Decision) -> None:
        for stream in self._streams.pop(run_id, ()):
            stream.finish(value)

    def _closed(self, stream: RunStream) -> None:
        streams = self._streams.get(stream.run_id, [])
        if stream in streams:
            streams.remove(stream)
            if not streams:
                del self._streams[stream.run_id]
        live_run = self._find(stream.run_id)
        if live_run is not None and live_run.output is not None:
            live_run.output.detach(stream.follower)


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
