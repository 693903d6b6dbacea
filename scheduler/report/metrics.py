"""Counts of events since the start, for metrics. A listener on events; current states come from the engine."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from datetime import datetime

from scheduler.engine.events import (
    AttemptFinished,
    ClockJumped,
    Event,
    JobsChanged,
    RunFinished,
    RunSkipped,
    RunStarted,
)
from scheduler.model.run import RAN, Outcome, Run, Trigger

DURATIONS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0)
"""Upper bounds of the buckets of run durations, in seconds."""

LATENESSES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 60.0)
"""Upper bounds of the buckets of how late scheduled runs start, in seconds."""

JUMPS_KEPT = 10

_SUCCEEDED, _SCHEDULE = Outcome.SUCCEEDED, Trigger.SCHEDULE
"""On Python 3.11 looking up a member in its class takes 0.3 µs, as does its `value`."""


class Histogram:
    """Counts of observations by bucket; the last one has no upper bound."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class JobCounts:
    """What is counted of one job. Times are instants, None before the first."""

    __slots__ = ("attempts", "decisions", "durations", "last", "last_success", "runs")

    def __init__(self) -> None:
        self.decisions: Counter[str] = Counter()
        self.runs: Counter[tuple[str, str]] = Counter()
        """By outcome and trigger."""
        self.attempts: Counter[str] = Counter()
        """By outcome."""
        self.durations = Histogram(DURATIONS)
        self.last: Run | None = None
        self.last_success: datetime | None = None


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
                self._of(run.job).decisions[RAN] += 1
                if run.trigger is _SCHEDULE:
                    self.lateness.observe(max(0.0, run.lateness))
            case AttemptFinished(run=run, attempt=attempt) if not attempt.exit.elsewhere:
                self._of(run.job).attempts[str(attempt.outcome)] += 1
            case RunFinished(run=run) if not run.elsewhere:
                self._finished(run)
            case RunSkipped(decision=decision):
                self._of(decision.job).decisions[decision.word] += decision.count
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
            counts.runs[str(run.outcome), str(run.trigger)] += 1
        if run.duration is not None:
            counts.durations.observe(run.duration)
        if run.outcome is _SUCCEEDED:
            counts.last_success = run.finished_at

    def _of(self, job: str) -> JobCounts:
        counts = self.jobs.get(job)
        if counts is None:
            counts = self.jobs[job] = JobCounts()
        return counts
