"""What becomes of a scheduled time: a run, or a skip with its reason. The one place that decides about being late."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from scheduler.clock import Clock
from scheduler.engine.events import Announcer, RunSkipped
from scheduler.engine.live_run import LiveRun
from scheduler.engine.runner import Runner
from scheduler.engine.timetable import Due, Timetable
from scheduler.model.job import Job
from scheduler.model.run import Decision, Reason, Run, Trigger

_SCHEDULE = Trigger.SCHEDULE


@lru_cache(256)
def _span(seconds: float) -> timedelta:
    """Kept, since making one takes longer than a run takes to pass its gates."""
    return timedelta(seconds=seconds)


class Decider:
    """Turns times that are due into runs or skips, at once: none of its methods waits."""

    def __init__(
        self, clock: Clock, timetable: Timetable, runner: Runner, announce: Announcer, new_id: Callable[[], str]
    ) -> None:
        self._clock = clock
        self._timetable = timetable
        self._runner = runner
        self._announce = announce
        self._new_id = new_id

    def decide(self, due: Due, now: datetime, late_reason: Reason = Reason.LATE) -> None:
        """Run the job, or skip the time: while it is paused, or for `late_reason` when it is too late for a start."""
        job, scheduled_at = due.job, due.scheduled_at
        if self._timetable.pauses.of(job.name, scheduled_at) is not None:
            missed = due.missed
            self.skip(
                Decision(
                    job.name,
                    Reason.PAUSED,
                    first=scheduled_at if missed is None else missed.first,
                    last=scheduled_at,
                    count=1 if missed is None else missed.count + 1,
                    more=missed is not None and missed.more,
                )
            )
            return
        if due.missed is not None:
            self.skip(due.missed)
        late = (now - scheduled_at).total_seconds()
        if late <= job.start_deadline:
            self._submit(job, _SCHEDULE, scheduled_at, waits_from=scheduled_at, previous=due.previous)
        elif job.catch_up is not None and late <= job.catch_up:  # schedd was suspended, or the clock was set forward
            self._submit(job, _SCHEDULE, scheduled_at, waits_from=now, previous=due.previous)
        else:
            self.skip(Decision(job.name, late_reason, first=scheduled_at, last=scheduled_at))

    def run_at_start(self, due: Iterable[tuple[Job, datetime]], now: datetime) -> None:
        """Run the jobs that are due because schedd starts at `now`, each with its scheduled time."""
        for job, at in due:
            if self._timetable.pauses.of(job.name, now) is not None:
                self.skip(Decision(job.name, Reason.PAUSED, first=at, last=at))
            else:
                self._submit(job, Trigger.START, at, waits_from=now)

    def run_after(self, job: Job, run: Run) -> None:
        """Run the next job of a chain, after a run has succeeded."""
        self._submit(job, Trigger.AFTER, run.scheduled_at, waits_from=self._clock.now())

    def skip(self, decision: Decision) -> None:
        """Record that one or more scheduled times do not run."""
        self._announce(RunSkipped(decision))

    def _submit(
        self,
        job: Job,
        trigger: Trigger,
        scheduled_at: datetime,
        *,
        waits_from: datetime,
        previous: datetime | None = None,
    ) -> None:
        deadline = waits_from + _span(job.start_deadline)
        live_run = LiveRun(job, self._new_id(), trigger, scheduled_at, deadline=deadline, previous_at=previous)
        try:
            self._runner.submit(live_run)
        except Exception as bug:  # costs this run, not the others that are due
            self._runner.give_up(live_run, bug)
