"""What is worth telling, and when: state instead of noise. Pure; delivers nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from scheduler.clock import Clock
from scheduler.engine.events import Event, RunFinished, RunSkipped, RunStarted
from scheduler.model.job import Job
from scheduler.model.run import Decision, Outcome, Reason, Run
from scheduler.report.notify.notification import Alarm, Notification, Topic, failed, tells
from scheduler.report.records import EXPECTED

FLAPS = 3
"""A job that begins to fail so many times within FLAPPING flaps; that is told instead of each failure and recovery."""

FLAPPING = 24 * 3600.0
"""Seconds. A job that runs once a day never flaps: each of its failures is news."""

STEADY = 5
"""Runs in a row with the same end after which a job no longer flaps."""


TOLERANCE = 0.001
"""Seconds that a timer may be early."""


class Alarms:
    """Hears of runs and skips, knows how each job stands, and says what to tell.

    Only jobs that tell anybody are known. How a job stands survives a reload by its name. All durations are steady
    time, so that neither a set clock nor a suspend makes a job overdue.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._standings: dict[str, _Standing] = {}

    def load(self, jobs: Mapping[str, Job]) -> None:
        """Take over a schedule."""
        standings = {}
        for name, job in jobs.items():
            if tells(job):
                standing = self._standings.get(name) or _Standing(job, self._clock)
                standing.adopt(job)
                standings[name] = standing
        self._standings = standings

    def hear(self, event: Event) -> list[Notification]:
        """What to tell because of an event."""
        match event:
            case RunStarted(run=run) if standing := self._standings.get(run.job):
                return list(standing.started(run))
            case RunFinished(run=run) if standing := self._standings.get(run.job):
                return list(standing.finished(run))
            case RunSkipped(decision=decision) if standing := self._standings.get(decision.job):
                return list(standing.skipped(decision))
        return []

    def due(self, job: str) -> list[Notification]:
        """What to tell because time has passed."""
        standing = self._standings.get(job)
        return [] if standing is None else list(standing.due())

    def due_at(self, job: str) -> float | None:
        """When to ask for that, in steady time."""
        standing = self._standings.get(job)
        return None if standing is None else standing.due_at

    def jobs(self) -> list[str]:
        """The names of those who tell anybody."""
        return list(self._standings)


class _Standing:
    """How one job stands."""

    def __init__(self, job: Job, clock: Clock) -> None:
        self._job = job
        self._clock = clock
        self._well: bool | None = None
        """How the last run ended."""
        self._in_row = 0
        """Runs in a row that ended like it."""
        self._failures = 0
        """Runs that failed since the trouble began."""
        self._began: tuple[datetime, float] = (clock.now(), clock.steady())
        """When that was, on both clocks."""
        self._streaks: deque[float] = deque(maxlen=FLAPS)
        """When the job last began to fail."""
        self._flapping = False
        self._overdue = False
        self._succeeded = clock.steady()
        """When it last did, or since when it is expected to."""
        self._told: float | None = None
        """When trouble was last told; None when there is none."""
        self._skips: set[Reason] = set()
        """Why slots were skipped since the last start."""

    def adopt(self, job: Job) -> None:
        """The job has another definition, or the same. One that is enabled again has all its time."""
        if not self._job.enabled:
            self._succeeded = self._clock.steady()
        self._job = job

    def started(self, run: Run) -> Iterator[Notification]:
        self._skips.clear()
        yield self._notice(Topic.STARTED, run=run)

    def finished(self, run: Run) -> Iterator[Notification]:
        if run.outcome is Outcome.STOPPED:
            return
        yield self._notice(Topic.ENDED, run=run)
        well = not failed(run)
        self._in_row = self._in_row + 1 if well is self._well else 1
        self._well = well
        yield from self._went_well(run) if well else self._went_wrong(run)

    def skipped(self, decision: Decision) -> Iterator[Notification]:
        """The first skip for each reason is told, until the job starts again."""
        if decision.reason not in EXPECTED and decision.reason not in self._skips:
            self._skips.add(decision.reason)
            yield self._notice(Topic.SKIP, skipped=decision)

    @property
    def due_at(self) -> float | None:
        if not self._job.enabled:
            return None
        moments = []
        if self._job.expect_success_within is not None and not self._overdue:
            moments.append(self._succeeded + self._job.expect_success_within)
        if self._job.remind is not None and self._told is not None:
            moments.append(self._told + self._job.remind)
        return min(moments, default=None)

    def due(self) -> Iterator[Notification]:
        now, due_at = self._clock.steady(), self.due_at
        if due_at is None or now < due_at - TOLERANCE:
            return
        within = self._job.expect_success_within
        if not self._overdue and within is not None and now >= self._succeeded + within - TOLERANCE:
            self._overdue = True
            if self._told is None:
                self._began = self._clock.now() - timedelta(seconds=now - self._succeeded), self._succeeded
            yield self._alarm(Alarm.OVERDUE)
        else:
            alarm = Alarm.FLAPPING if self._flapping else Alarm.FAILING if self._failures else Alarm.OVERDUE
            yield self._alarm(alarm, reminder=True)

    def _went_wrong(self, run: Run) -> Iterator[Notification]:
        self._failures += 1
        if self._in_row == 1:
            self._streaks.append(self._clock.steady())
        if self._flapping:
            if self._in_row == STEADY:
                self._flapping = False
                yield self._alarm(Alarm.FAILING, run=run)
        elif self._in_row == 1:
            if not self._overdue:
                self._began = self._clock.now(), self._clock.steady()
            self._flapping = len(self._streaks) == FLAPS and self._streaks[-1] - self._streaks[0] <= FLAPPING
            yield self._alarm(Alarm.FLAPPING if self._flapping else Alarm.FAILING, run=run)

    def _went_well(self, run: Run) -> Iterator[Notification]:
        yield self._notice(Topic.SUCCESS, run=run)
        self._succeeded = self._clock.steady()
        was_overdue, self._overdue = self._overdue, False
        if self._flapping and self._in_row < STEADY:
            return
        if self._failures or was_overdue:
            yield self._notice(Topic.RECOVERY, run=run)
        if self._flapping:
            self._streaks.clear()
        self._flapping, self._failures, self._told = False, 0, None

    def _alarm(self, alarm: Alarm, **facts: Any) -> Notification:
        self._told = self._clock.steady()
        return self._notice(Topic.FAILURE, alarm=alarm, **facts)

    def _notice(self, topic: Topic, **facts: Any) -> Notification:
        trouble: dict[str, Any] = {}
        if topic in {Topic.FAILURE, Topic.RECOVERY}:
            since, steady = self._began
            trouble = {"failures": self._failures, "since": since, "lasted": self._clock.steady() - steady}
        return Notification(topic=topic, job=self._job, at=self._clock.now(), **trouble, **facts)
