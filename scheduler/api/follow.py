"""The verb `logs`: what runs have written, and go on writing, of several jobs at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext

import msgspec

from scheduler.api.follow_run import told
from scheduler.api.kept_output import KeptRun, in_order, selected
from scheduler.api.views import run_view
from scheduler.engine.engine import Engine
from scheduler.engine.events import Event as EngineEvent
from scheduler.engine.events import RunFinished, RunStarted
from scheduler.engine.live_run import LiveRun
from scheduler.errors import UnknownNameError
from scheduler.launch.launcher import Stream
from scheduler.launch.output import FOLLOWER_LAG, Chunk
from scheduler.model.run import Run
from scheduler.wire.runs import Event, Finished, Logs, Lost, Started

LAG = 64
"""Events that may wait for the reader; each holds at most one read of output."""

MOST_RUNS = 1000
"""Runs of one job in an answer, far more than are kept."""

MOST_UNTOLD = 1000
"""Runs that may wait for the reader to hear of them; of those beyond he hears only how much output he missed."""


async def job_logs(engine: Engine, ask: Logs) -> AsyncGenerator[Event, None]:
    """The kept output of the latest runs of each job, or of one run; with `follow` whatever they write from then on."""
    live = list(_live(engine, ask))
    kept = _kept(engine, ask, live)
    following = _Following(engine, ask)
    # What begins while kept output is sent is heard of too, so that no run falls between the two.
    with following.listening(live) if ask.follow else nullcontext():
        for event in in_order(kept if not ask.follow else [each for each in kept if each.run.outcome is not None]):
            yield event
        if ask.follow and (live or ask.run is None):
            async for event in following.events():
                yield event


class _Following:
    """Live runs and, unless one run is named, those that start later: each on a task of its own, into one queue.

    The reader may stop taking any. A live run then keeps for him what a Follower does; of a run that ends before he
    has heard of it, its tail is kept while all those tails together are within FOLLOWER_LAG.
    """

    def __init__(self, engine: Engine, ask: Logs) -> None:
        self._engine = engine
        self._ask = ask
        self._queue: asyncio.Queue[Event] = asyncio.Queue(LAG)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._untold: dict[str, _Over | None] = {}
        self._held = 0
        self._left_out: set[str] = set()
        self._before: set[str] = set()
        """Runs that were live when the request came."""
        self._lost: dict[str, Lost] = {}
        """By job, of all its runs that were left out."""

    @contextmanager
    def listening(self, live: Iterable[LiveRun]) -> Iterator[None]:
        """Follow these, and hear of those that start."""
        for firing in live:
            if firing.run is not None:
                self._before.add(firing.run.id)
                self._begin(firing.run)
        try:
            with self._engine.announce.with_listener(self._hear):
                yield
        finally:
            for task in tuple(self._tasks.values()):
                task.cancel()

    async def events(self) -> AsyncGenerator[Event, None]:
        while True:
            event = await self._queue.get()
            yield event
            if self._ask.run is not None and isinstance(event, Finished):
                return
            lost, self._lost = self._lost, {}
            for missing in lost.values():
                yield missing

    def _hear(self, event: EngineEvent) -> None:
        match event:
            case RunStarted(run=run) if self._ask.run is None and (not self._ask.jobs or run.job in self._ask.jobs):
                self._begin(run)
            case RunFinished(run=run) if run.id in self._untold:
                self._untold[run.id] = self._over(run)
            case RunFinished(run=run) if run.id in self._left_out:
                self._left_out.remove(run.id)
                before = self._lost.get(run.job)
                size = _written(self._engine.history.tails.of(run.id)) + (0 if before is None else before.size)
                if size:
                    self._lost[run.job] = Lost(run.id, run.job, size)
            case _:
                pass

    def _begin(self, run: Run) -> None:
        if run.id in self._tasks:
            return  # it was live already when its start was told
        if len(self._untold) >= MOST_UNTOLD:
            self._left_out.add(run.id)
            return
        self._untold[run.id] = None
        self._tasks[run.id] = task = asyncio.get_running_loop().create_task(self._pump(run))
        task.add_done_callback(lambda _: self._tasks.pop(run.id))

    def _select(self, run: Run) -> Callable[[tuple[Chunk, ...]], tuple[Chunk, ...]]:
        """Reduces the kept output of a run that was live already when the request came."""
        if run.id not in self._before:
            return lambda kept: kept
        return lambda kept: selected([KeptRun(run, kept)], self._ask)[0].chunks

    def _over(self, run: Run) -> _Over:
        tail = self._engine.history.tails.of(run.id)
        size = _size(tail)
        if self._held + size > FOLLOWER_LAG:
            return _Over(run, (Chunk(Stream.STDOUT, b"", missed=_written(tail)),))
        self._held += size
        return _Over(run, tail)

    async def _pump(self, run: Run) -> None:
        await self._queue.put(Started(run_view(run)))
        over = self._untold.pop(run.id)
        if over is not None:
            for event in _output(run, over.tail):
                await self._queue.put(event)
            self._held -= _size(over.tail)
            await self._queue.put(Finished(run_view(over.run)))
            return
        firing = next((each for each in self._engine.runner.live_runs(run.job) if each.run_id == run.id), None)
        if firing is None or firing.output is None:
            return
        follower = firing.output.follow(select=self._select(run))
        try:
            async for chunk in follower:
                for event in told(run, chunk):
                    await self._queue.put(event)
        finally:
            follower.close()
        await self._queue.put(Finished(run_view(firing.run or run)))


class _Over(msgspec.Struct, frozen=True):
    """A run that ended before the reader had heard of it, and what is kept of its output for him."""

    run: Run
    tail: tuple[Chunk, ...]


def _live(engine: Engine, ask: Logs) -> Iterator[LiveRun]:
    """The run named if it lives, else the newest live run of each job asked for."""
    if ask.run is not None:
        yield from (
            firing for firing in engine.runner.live_runs() if firing.run_id == ask.run and firing.run is not None
        )
        return
    for name in ask.jobs or tuple(engine.timetable.jobs()):
        yield from [firing for firing in engine.runner.live_runs(name) if firing.run is not None][-1:]


def _kept(engine: Engine, ask: Logs, live: Iterable[LiveRun]) -> list[KeptRun]:
    """The runs to show, of each job oldest first, with as much of their kept output as is asked for."""
    by_job: dict[str, list[KeptRun]] = {}
    for run in _over(engine, ask, {live_run.job.name for live_run in live}):
        by_job.setdefault(run.job, []).append(KeptRun(run, engine.history.tails.of(run.id)))
    for live_run in live:
        if live_run.run is not None and live_run.output is not None:
            by_job.setdefault(live_run.job.name, []).append(KeptRun(live_run.run, live_run.output.tail()))
    return [kept for runs in by_job.values() for kept in selected(runs, ask)]


def _over(engine: Engine, ask: Logs, live: set[str]) -> Iterator[Run]:
    """The run named if it is over, else the last runs of each job asked for, of which a live one is one."""
    if ask.run is None:
        for name in ask.jobs or tuple(engine.timetable.jobs()):
            wanted = ask.runs if ask.runs is not None else 1 if ask.since is None else MOST_RUNS
            runs = list(engine.history.of(name).runs)
            yield from runs[max(0, len(runs) - wanted + (name in live)) :]
    elif not live:
        run = engine.history.run(ask.run)
        if run is None:
            raise UnknownNameError(f"no run {ask.run!r} is kept")
        yield run


def _output(run: Run, chunks: Iterable[Chunk]) -> Iterator[Event]:
    for chunk in chunks:
        yield from told(run, chunk)


def _size(tail: Iterable[Chunk]) -> int:
    """Bytes that keeping it takes."""
    return sum(len(chunk.data) for chunk in tail)


def _written(tail: Iterable[Chunk]) -> int:
    """Bytes that its run wrote, those no longer kept included."""
    return sum(len(chunk.data) + chunk.missed for chunk in tail)
