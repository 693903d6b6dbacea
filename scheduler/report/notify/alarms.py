"""Decides when a job's recipients are notified: of changes of its state, not of every run. Delivers nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from scheduler.clock import Clock
from scheduler.engine.events import Event, RunFinished, RunSkipped, RunStarted
from scheduler.engine.history import JobHistory
from scheduler.model.job import Job, SlowAfter
from scheduler.model.run import Decision, Outcome, Reason, Run
from scheduler.report.notify.notification import Alarm, Notification, Topic, failed, notifies
from scheduler.report.records import is_expected

FLAPS = 3
"""A job that starts failing this often within FLAPPING is flapping: one notification replaces the following ones."""

FLAPPING = 24 * 3600.0
"""Seconds. A job that runs once a day never flaps: each of its failures is reported."""

STEADY = 5
"""Runs in a row with the same result after which a job no longer flaps."""

NOT_RUN = frozenset({Reason.NO_WORKER, Reason.NO_STORE})
"""Reasons of skips that are failures of what runs the jobs."""

TOLERANCE = 0.001
"""Seconds by which a timer may be early."""


class Alarms:
    """The state of each job that has recipients, and the notifications that follow from its events.

    The state survives a reload, by the job's name. All durations are steady time: neither a step of the wall clock nor
    a suspend makes a job overdue.
    """

    def __init__(self, clock: Clock, usual_duration: Callable[[str], float | None]) -> None:
        """`usual_duration` gives the seconds that a job's runs usually take, None when that is not known yet."""
        self._clock = clock
        self._usual_duration = usual_duration
        self._states: dict[str, _JobState] = {}

    def load(self, jobs: Mapping[str, Job]) -> None:
        """Take over a schedule."""
        states = {}
        for name, job in jobs.items():
            if notifies(job):
                state = self._states.get(name) or _JobState(job, self._clock, self._usual_duration)
                state.replace_job(job)
                states[name] = state
        self._states = states

    def on_event(self, event: Event) -> list[Notification]:
        """The notifications that an event causes."""
        match event:
            case RunStarted(run=run) if state := self._states.get(run.job):
                return list(state.started(run))
            case RunFinished(run=run) if state := self._states.get(run.job):
                return list(state.finished(run))
            case RunSkipped(decision=decision) if state := self._states.get(decision.job):
                return list(state.skipped(decision))
        return []

    def remember(self, job: str, history: JobHistory) -> None:
        """The history of a job, also runs of another scheduler, which has notified of them."""
        if state := self._states.get(job):
            state.remember(history)

    def missed(self, job: str, scheduled_at: datetime) -> None:
        """A scheduled time shortly before the start, at which schedd was not running, counts as not succeeded."""
        if state := self._states.get(job):
            state.missed(scheduled_at)

    def repeat(self, job: str, run: Run | None = None) -> Notification | None:
        """The alarm that the job is in, for a recipient that did not get it; None when there is no trouble."""
        state = self._states.get(job)
        return None if state is None else state.repeat(run)

    def due(self, job: str) -> list[Notification]:
        """The notifications that are due because time has passed."""
        state = self._states.get(job)
        return [] if state is None else list(state.due())

    def due_at(self, job: str) -> float | None:
        """When to call `due`, in steady time."""
        state = self._states.get(job)
        return None if state is None else state.due_at

    def jobs(self) -> list[str]:
        """The names of the jobs that have recipients."""
        return list(self._states)


class _JobState:
    """What is known of one job."""

    def __init__(self, job: Job, clock: Clock, usual_duration: Callable[[str], float | None]) -> None:
        self._job = job
        self._usual_duration = usual_duration
        self._clock = clock
        self._last_ok: bool | None = None
        """The result of the last run."""
        self._in_row = 0
        """Runs in a row with that result."""
        self._last_run = ""
        """The id of the last run that has ended."""
        self._failures = 0
        """Runs that failed since the trouble began."""
        self._began: tuple[datetime, float] = (clock.now(), clock.steady())
        """When the trouble began, in wall and in steady time."""
        self._streaks: deque[float] = deque(maxlen=FLAPS)
        """When the job last began to fail."""
        self._flapping = False
        self._overdue = False
        self._succeeded = clock.steady()
        """When it last succeeded, or since when a success is expected."""
        self._alarmed_at: float | None = None
        """When the last alarm was sent; None when there is no trouble."""
        self._missed: datetime | None = None
        """A scheduled time before the start, if no run has succeeded since."""
        self._skips: set[str] = set()
        """Reasons of skips since the last start."""
        self._running: dict[str, tuple[Run, float, float]] = {}
        """By id, the runs that may become slow: when they started and when they are slow, in steady time."""

    def replace_job(self, job: Job) -> None:
        """Take over a definition. A job that is enabled again has its full time to succeed."""
        if not self._job.enabled:
            self._succeeded = self._clock.steady()
        self._job = job

    def started(self, run: Run) -> Iterator[Notification]:
        self._skips.clear()
        if self._job.slow_after is not None and (limit := self._slow_limit(self._job.slow_after)) is not None:
            now = self._clock.steady()
            self._running[run.id] = run, now, now + limit
        yield self._notification(Topic.STARTED, run=run)

    def _slow_limit(self, slow_after: SlowAfter) -> float | None:
        return slow_after.limit(self._usual_duration(self._job.name) if slow_after.times else None)

    def finished(self, run: Run) -> Iterator[Notification]:
        self._running.pop(run.id, None)
        if run.outcome is Outcome.STOPPED:
            return
        yield self._notification(Topic.ENDED, run=run)
        ok = not failed(run)
        self._last_run = run.id
        self._count(ok)
        yield from self._succeeds(run) if ok else self._fails(run=run)

    def _count(self, ok: bool) -> None:
        self._in_row = self._in_row + 1 if ok is self._last_ok else 1
        self._last_ok = ok

    def remember(self, history: JobHistory) -> None:
        """Nothing when the last run is known."""
        if history.last is None or history.last.id == self._last_run:
            return
        self._last_run, self._last_ok, self._overdue, self._alarmed_at = history.last.id, None, False, None
        for run in history.runs:
            if run.outcome is not Outcome.STOPPED:
                self._count(not failed(run))
        if history.last_success is not None:
            self._succeeded = self._steady(history.last_success)
        self._failures = history.failures
        if history.failing_since is not None:  # the first of these runs may no longer be kept
            self._in_row = history.failures
            self._began = history.failing_since, self._steady(history.failing_since)
            if history.failures >= self._job.notify_after:
                self._alarmed_at = self._clock.steady()
        within = self._job.expect_success_within
        self._overdue = (
            within is not None and self._alarmed_at is not None and self._succeeded + within < self._alarmed_at
        )

    def _steady(self, at: datetime) -> float:
        return self._clock.steady() - (self._clock.now() - at).total_seconds()

    def missed(self, scheduled_at: datetime) -> None:
        schedule = self._job.schedule
        if self._job.expect_success_within is None or schedule is None or self._last_ok:
            return
        expected = schedule.last_before(scheduled_at) or scheduled_at
        self._succeeded = min(self._succeeded, self._steady(expected))
        self._missed = scheduled_at

    def repeat(self, run: Run | None) -> Notification | None:
        if self._alarmed_at is None:
            return None
        return self._notification(Topic.FAILURE, alarm=self._current_alarm(), run=run, reminder=run is None)

    def skipped(self, decision: Decision) -> Iterator[Notification]:
        """The first skip for each reason is reported until the job starts again; some skips are failures."""
        if not is_expected(decision) and decision.word not in self._skips:
            self._skips.add(decision.word)
            yield self._notification(Topic.SKIP, skipped=decision)
        if decision.reason in NOT_RUN:
            self._count(False)
            yield from self._fails(skipped=decision)

    @property
    def due_at(self) -> float | None:
        times = [slow_at for _, _, slow_at in self._running.values()]
        if not self._job.enabled:
            return min(times, default=None)
        if self._job.expect_success_within is not None and not self._overdue:
            times.append(self._succeeded + self._job.expect_success_within)
        if self._job.remind is not None and self._alarmed_at is not None:
            times.append(self._alarmed_at + self._job.remind)
        return min(times, default=None)

    def due(self) -> Iterator[Notification]:
        now, due_at = self._clock.steady(), self.due_at
        if due_at is None or now < due_at - TOLERANCE:
            return
        slow = [run_id for run_id, (_, _, slow_at) in self._running.items() if now >= slow_at - TOLERANCE]
        for run_id in slow:
            run, started, _ = self._running.pop(run_id)
            yield self._notification(Topic.SLOW, run=run, lasted=now - started)
        if slow:
            return
        within = self._job.expect_success_within
        if not self._overdue and within is not None and now >= self._succeeded + within - TOLERANCE:
            self._overdue = True
            if self._alarmed_at is None:
                self._began = self._clock.now() - timedelta(seconds=now - self._succeeded), self._succeeded
            yield self._alarm(Alarm.OVERDUE, missed=self._missed)
        else:
            yield self._alarm(self._current_alarm(), reminder=True)

    def _current_alarm(self) -> Alarm:
        return Alarm.FLAPPING if self._flapping else Alarm.FAILING if self._failures else Alarm.OVERDUE

    def _fails(self, **cause: Run | Decision) -> Iterator[Notification]:
        self._failures += 1
        if self._in_row == 1 and not self._overdue and not self._flapping:
            self._began = self._clock.now(), self._clock.steady()
        if self._in_row == self._job.notify_after:
            self._streaks.append(self._clock.steady())
        if self._flapping:
            if self._in_row == STEADY:
                self._flapping = False
                yield self._alarm(Alarm.FAILING, **cause)
        elif self._in_row == self._job.notify_after:
            self._flapping = len(self._streaks) == FLAPS and self._streaks[-1] - self._streaks[0] <= FLAPPING
            yield self._alarm(Alarm.FLAPPING if self._flapping else Alarm.FAILING, **cause)

    def _succeeds(self, run: Run) -> Iterator[Notification]:
        yield self._notification(Topic.SUCCESS, run=run)
        self._succeeded, self._missed = self._clock.steady(), None
        was_overdue, self._overdue = self._overdue, False
        if self._flapping and self._in_row < STEADY:
            return
        if self._alarmed_at is not None or was_overdue:
            yield self._notification(Topic.RECOVERY, run=run)
        if self._flapping:
            self._streaks.clear()
        self._flapping, self._failures, self._alarmed_at = False, 0, None

    def _alarm(self, alarm: Alarm, **facts: Any) -> Notification:
        self._alarmed_at = self._clock.steady()
        return self._notification(Topic.FAILURE, alarm=alarm, **facts)

    def _notification(self, topic: Topic, **facts: Any) -> Notification:
        trouble: dict[str, Any] = {}
        if topic in {Topic.FAILURE, Topic.RECOVERY}:
            since, steady = self._began
            trouble = {"failures": self._failures, "since": since, "lasted": self._clock.steady() - steady}
        return Notification(topic=topic, job=self._job, at=self._clock.now(), **(trouble | facts))
