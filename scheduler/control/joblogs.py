"""The verb `logs`: what runs have written, and go on writing, of several jobs at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator

from scheduler.control.follow import told
from scheduler.control.protocol import Event, Finished, Logs, Started
from scheduler.control.views import run_view
from scheduler.engine.engine import Engine
from scheduler.engine.events import Event as EngineEvent
from scheduler.engine.events import RunStarted
from scheduler.engine.firing import Firing
from scheduler.errors import UnknownNameError
from scheduler.launch.output import Chunk
from scheduler.model import Run

LAG = 256
"""Events that may wait for the reader; output beyond that waits, and may be lost, within each run's own bound."""


async def job_logs(engine: Engine, ask: Logs) -> AsyncGenerator[Event, None]:
    """The kept output of the latest run of each job, or of one run; with `follow` whatever they write from then on."""
    live = list(_live(engine, ask))
    for run in _over(engine, ask, {firing.job.name for firing in live}):
        for event in (Started(run_view(run)), *_output(run, engine.history.tails.of(run.id)), Finished(run_view(run))):
            yield event
    if ask.follow and (live or ask.run is None):
        following = _Following(engine, ask)
        async for event in following.events(live):
            yield event
        return
    for firing in live:
        if firing.run is not None and firing.output is not None:
            for event in (Started(run_view(firing.run)), *_output(firing.run, firing.output.tail())):
                yield event


class _Following:
    """Live runs and, unless one run is named, those that start later: each on a task of its own, into one queue."""

    def __init__(self, engine: Engine, ask: Logs) -> None:
        self._engine = engine
        self._ask = ask
        self._queue: asyncio.Queue[Event] = asyncio.Queue(LAG)
        self._tasks: set[asyncio.Task[None]] = set()

    async def events(self, live: list[Firing]) -> AsyncGenerator[Event, None]:
        for firing in live:
            self._begin(firing)
        try:
            with self._engine.announce.also_telling(self._hear):
                while True:
                    event = await self._queue.get()
                    yield event
                    if self._ask.run is not None and isinstance(event, Finished):
                        return
        finally:
            for task in tuple(self._tasks):
                task.cancel()

    def _hear(self, event: EngineEvent) -> None:
        if not isinstance(event, RunStarted) or self._ask.run is not None:
            return
        if not self._ask.jobs or event.run.job in self._ask.jobs:
            for firing in self._engine.runner.firings(event.run.job):
                if firing.run_id == event.run.id:
                    self._begin(firing)

    def _begin(self, firing: Firing) -> None:
        task = asyncio.get_running_loop().create_task(self._pump(firing))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pump(self, firing: Firing) -> None:
        run, output = firing.run, firing.output
        if run is None or output is None:
            return
        await self._queue.put(Started(run_view(run)))
        follower = output.follow()
        try:
            async for chunk in follower:
                for event in told(run, chunk):
                    await self._queue.put(event)
        finally:
            follower.close()
        await self._queue.put(Finished(run_view(firing.run or run)))


def kept_run(engine: Engine, run_id: str) -> Run | None:
    """The finished run with that id, while it is kept."""
    names = engine.timetable.jobs()
    return next((run for name in names for run in engine.history.of(name).runs if run.id == run_id), None)


def _live(engine: Engine, ask: Logs) -> Iterator[Firing]:
    """The run named if it lives, else the newest live run of each job asked for."""
    if ask.run is not None:
        yield from (firing for firing in engine.runner.firings() if firing.run_id == ask.run and firing.run is not None)
        return
    for name in ask.jobs or tuple(engine.timetable.jobs()):
        yield from [firing for firing in engine.runner.firings(name) if firing.run is not None][-1:]


def _over(engine: Engine, ask: Logs, live: set[str]) -> Iterator[Run]:
    """The run named if it is over, else the last run of each job asked for that has no live one."""
    if ask.run is None:
        for name in ask.jobs or tuple(engine.timetable.jobs()):
            last = engine.history.of(name).last
            if last is not None and name not in live:
                yield last
    elif not live:
        run = kept_run(engine, ask.run)
        if run is None:
            raise UnknownNameError(f"no run {ask.run!r} is kept")
        yield run


def _output(run: Run, chunks: Iterable[Chunk]) -> Iterator[Event]:
    for chunk in chunks:
        yield from told(run, chunk)
