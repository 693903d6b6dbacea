"""Counts of events since the start, for metrics. A listener on events; current states come from the engine."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from typing import Any

import msgspec

from scheduler.engine.events import (
    AttemptFinished,
    ClockJumped,
    Event,
    JobsChanged,
    RunFinished,
    RunSkipped,
    RunStarted,
)
from scheduler.model.run import RAN, Run, Trigger

DURATIONS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0)
"""Upper bounds of the buckets of run durations, in seconds."""

LATENESSES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 60.0)
"""Upper bounds of the buckets of how late scheduled runs start, in seconds."""

JUMPS_KEPT = 10

_SCHEDULE = Trigger.SCHEDULE
"""On Python 3.11 looking up a member in its class takes 0.3 µs, as does its `value`."""


# Ten thousand jobs have a few of each of these: garbage collection, which stops everything, does not look at them.


class Histogram(msgspec.Struct, gc=False):
    """Counts of observations by the number of the bucket; the last one has no upper bound."""

    bounds: tuple[float, ...]
    counts: dict[int, int] = {}
    total: float = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        _count(self.counts, bisect_left(self.bounds, value))
        self.total += value


class JobCounts(msgspec.Struct, gc=False):
    """What is counted of one job. Times are instants, None before the first."""

    decisions: dict[str, int] = {}
    runs: dict[tuple[str, str], int] = {}
    """By outcome and trigger."""
    attempts: dict[str, int] = {}
    """By outcome."""
    durations: Histogram = msgspec.field(default_factory=lambda: Histogram(DURATIONS))
    last: Run | None = None

    def add(self, other: JobCounts) -> None:
        """Count also what another job did; its last run stays its own."""
        for counts, more in (
            (self.decisions, other.decisions),
            (self.runs, other.runs),
            (self.attempts, other.attempts),
            (self.durations.counts, other.durations.counts),
        ):
            for key, by in more.items():
                _count(counts, key, by)
        self.durations.total += other.durations.total


def _count(counts: dict[Any, int], key: Any, by: int = 1) -> None:
    counts[key] = counts.get(key, 0) + by


class Metrics:
    """Counts by job; a job that the file no longer has is dropped."""

    def __init__(self, *, per_job: bool = True) -> None:
        self.per_job = per_job
        """False leaves the label `job` out of what is shown."""
        self.notifications: Counter[tuple[str, str]] = Counter()
        """By kind of recipient and result."""
        self.jobs: dict[str, JobCounts] = {}
        self.lateness = Histogram(LATENESSES)
        self.jumps: deque[ClockJumped] = deque(maxlen=JUMPS_KEPT)
        self.clock_forward = 0.0
        self.clock_backward = 0.0

    def on_event(self, event: Event) -> None:
        """Count an event."""
        match event:
            case RunStarted(run=run):
                _count(self._of(run.job).decisions, RAN)
                if run.trigger is _SCHEDULE:
                    self.lateness.observe(max(0.0, run.lateness))
            case AttemptFinished(run=run, attempt=attempt) if not attempt.exit.elsewhere:
                _count(self._of(run.job).attempts, str(attempt.outcome))
            case RunFinished(run=run) if not run.elsewhere:
                self._finished(run)
            case RunSkipped(decision=decision):
                _count(self._of(decision.job).decisions, decision.word, decision.count)
            case JobsChanged(changes=changes):
                for name in changes.removed:
                    self.jobs.pop(name, None)
            case ClockJumped(by=by):
                self.jumps.append(event)
                self.clock_forward += max(by, 0.0)
                self.clock_backward += max(-by, 0.0)
            case _:
                pass

    def _finished(self, run: Run) -> None:
        counts = self._of(run.job)
        counts.last = run
        if run.outcome is not None:
            _count(counts.runs, (str(run.outcome), str(run.trigger)))
        if run.duration is not None:
            counts.durations.observe(run.duration)

    def _of(self, job: str) -> JobCounts:
        counts = self.jobs.get(job)
        if counts is None:
            counts = self.jobs[job] = JobCounts()
        return counts
