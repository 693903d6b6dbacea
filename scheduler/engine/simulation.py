"""Simulates a schedule: the real engine on the virtual clock, with counts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count

import msgspec

from scheduler.engine.engine import Engine
from scheduler.engine.events import (
    Announcer,
    AttemptFinished,
    Event,
    JobsChanged,
    Listener,
    RunFinished,
    RunSkipped,
    RunStarted,
    Stopping,
)
from scheduler.engine.history import History
from scheduler.launch.launchers import Launchers
from scheduler.launch.simulated import NoLog, Play, SimulatedLauncher
from scheduler.model.job import Job
from scheduler.model.run import Outcome
from scheduler.virtual_clock import VirtualClock

PARTS = 96
"""Number of parts of the span in the chart of its load: quarters of an hour for a day."""

BUSY_MINUTES_KEPT = 5

MINUTE = timedelta(minutes=1)

MOMENT = 0.001
"""Seconds after the end at which all times up to it, one at the very end included, have been decided."""

CLOSING = 2.0
"""Seconds of the virtual clock for ending what still runs; nothing in them counts."""

_TIMED_OUT = Outcome.TIMED_OUT


class JobLoad(msgspec.Struct, kw_only=True):
    """One job: its assumed duration and where that comes from, and its runs.

    `busy` is the seconds that its attempts ran within the span, added up, and `load` those in each part of it.
    """

    name: str
    duration: float
    source: str
    runs: int = 0
    timed_out: int = 0
    skipped: dict[str, int] = {}
    busy: float = 0.0
    load: list[float] = []


class Minute(msgspec.Struct, frozen=True):
    """A minute of the wall clock and the runs that begin in it."""

    at: datetime
    starts: int


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """The result. `skipped` counts scheduled times by reason.

    `most_at_once` counts runs, also those between two attempts. `busy_minutes` are the minutes with most starts, worst
    first.
    """

    start: datetime
    end: datetime
    runs: int
    skipped: dict[str, int]
    most_at_once: int
    most_at_once_at: datetime | None
    busy_minutes: tuple[Minute, ...]
    jobs: tuple[JobLoad, ...]


def simulate(
    jobs: Mapping[str, Job],
    durations: Callable[[str], tuple[float, str]],
    *,
    max_running: int | None,
    start: datetime,
    end: datetime,
    also: Listener | None = None,
) -> Simulation:
    """Run a schedule from `start`, when schedd is taken to start, to `end`, with the times of that very instant.

    `durations` gives for each job the seconds that an attempt takes, and in a word how that is known. Every attempt
    succeeds unless its timeout comes first.
    """
    clock = VirtualClock(start)
    tally = _Tally({name: durations(name) for name in jobs}, start, end)
    plays = {name: Play(seconds=load.duration) for name, load in tally.jobs.items()}

    async def life() -> None:
        launcher = SimulatedLauncher(lambda launch: plays[launch.job.name])
        ids = map(str, count())
        engine = Engine(
            clock,
            Launchers(launcher, simulated=True),
            log=NoLog(),
            listeners=() if also is None else (also,),
            new_id=ids.__next__,
            history=_NoHistory(),
        )
        tally.listen(engine.announce)
        engine.load(jobs, max_running=max_running)
        engine.start()
        ticking = asyncio.get_running_loop().create_task(engine.run())
        await asyncio.sleep((end - start).total_seconds() + MOMENT)
        ticking.cancel()
        await engine.shut_down(CLOSING)

    clock.run(life())
    return tally.result()


class _NoHistory(History):
    """Keeps nothing: nobody asks a simulation about single runs."""

    KINDS = (JobsChanged,)

    def on_event(self, event: Event) -> None:
        """Drop it."""


class _Tally:
    """Counts as events come; what it keeps depends on the number of jobs, not on the span."""

    def __init__(self, durations: Mapping[str, tuple[float, str]], start: datetime, end: datetime) -> None:
        self.jobs = {
            name: JobLoad(name=name, duration=seconds, source=source, skipped={}, load=[0.0] * PARTS)
            for name, (seconds, source) in durations.items()
        }
        self._start, self._end = start, end
        self._span = (end - start).total_seconds()
        self._width = self._span / PARTS
        self._over = False
        self._live = 0
        self._most = 0
        self._most_at: datetime | None = None
        self._minute = start.replace(second=0, microsecond=0)
        self._next_minute = self._minute + MINUTE
        self._in_minute = 0
        self._busy_minutes: list[Minute] = []

    def listen(self, announce: Announcer) -> None:
        """Count from now on: a method for each kind of event, since this is much of what a simulation does."""
        announce.add_for(AttemptFinished, self._ran)
        announce.add_for(Stopping, self._close)
        announce.add_for(RunStarted, self._began)
        announce.add_for(RunFinished, self._finished)
        announce.add_for(RunSkipped, self._skipped)

    def _close(self, _event: Stopping) -> None:
        self._over = True

    def _finished(self, _event: RunFinished) -> None:
        self._live -= not self._over

    def _skipped(self, event: RunSkipped) -> None:
        decision = event.decision
        if not self._over:
            skipped = self.jobs[decision.job].skipped
            skipped[decision.word] = skipped.get(decision.word, 0) + decision.count

    def _ran(self, event: AttemptFinished) -> None:
        """Add the time to each part of the span that it touches."""
        load, attempt = self.jobs[event.run.job], event.attempt
        load.timed_out += attempt.outcome is _TIMED_OUT and not self._over
        begin = (attempt.started_at - self._start).total_seconds()
        end = min(begin + attempt.duration, self._span)
        load.busy += max(end - begin, 0.0)
        width = self._width
        part = int(begin / width)
        if end <= (part + 1) * width and part < PARTS:  # in one part, as nearly all are
            load.load[part] += max(end - begin, 0.0)
            return
        while begin < end:
            until = min(end, (part + 1) * width)
            load.load[min(part, PARTS - 1)] += max(until - begin, 0.0)
            begin, part = until, part + 1

    def _began(self, event: RunStarted) -> None:
        if self._over:
            return
        moment = event.run.started_at
        self.jobs[event.run.job].runs += 1
        self._live += 1
        if self._live > self._most:
            self._most, self._most_at = self._live, moment
        if moment >= self._next_minute:
            self._end_minute()
            self._minute = moment.replace(second=0, microsecond=0)
            self._next_minute = self._minute + MINUTE
        self._in_minute += 1

    def _end_minute(self) -> None:
        """Starts come in order of time, so that one minute at a time is counted."""
        if self._in_minute > 1:
            self._busy_minutes.append(Minute(self._minute, self._in_minute))
            self._busy_minutes.sort(key=lambda minute: (-minute.starts, minute.at))
            del self._busy_minutes[BUSY_MINUTES_KEPT:]
        self._in_minute = 0

    def result(self) -> Simulation:
        self._end_minute()
        skipped: Counter[str] = Counter()
        for load in self.jobs.values():
            load.busy, load.load = round(load.busy, 3), [round(part, 3) for part in load.load]
            skipped.update(load.skipped)
        return Simulation(
            start=self._start,
            end=self._end,
            runs=sum(load.runs for load in self.jobs.values()),
            skipped=dict(skipped),
            most_at_once=self._most,
            most_at_once_at=self._most_at,
            busy_minutes=tuple(self._busy_minutes),
            jobs=tuple(self.jobs.values()),
        )
