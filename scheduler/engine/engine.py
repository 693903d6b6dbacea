"""The loop: sleep until the earliest slot, take what is due, decide. And what a person may ask of it."""

from __future__ import annotations

import asyncio
import os
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from scheduler.clock import Clock
from scheduler.engine.events import Announcer, ClockJumped, JobsChanged, Listener, RunSkipped, Stopping, report_bug
from scheduler.engine.history import History
from scheduler.engine.live_run import LiveRun
from scheduler.engine.runner import Runner
from scheduler.engine.timetable import Changes, Due, Timetable
from scheduler.launch.launcher import Launcher
from scheduler.launch.output import LineSink
from scheduler.model.job import Job
from scheduler.model.run import Decision, Pause, Reason, Trigger
from scheduler.schedule import LARGEST_STEP, Schedule
from scheduler.wire.requester import Requester

STEP_TOLD = 1.0
"""Seconds between wall and steady time that are told as a jump of the clock; time servers slew less than this."""

ABSENCE_TOLD = 5.0
"""Seconds after a slot at which schedd must have been stopped, suspended or starved, rather than busy."""

UNSEEN = timedelta(hours=1)
"""How long before its start schedd says of slots that it was not running then."""


_DIGITS = (string.ascii_lowercase + "234567").encode() * 8
"""What each random byte becomes: as in base32, nothing that looks like something else."""


def new_run_id() -> str:
    """Eight letters and digits, 40 random bits."""
    return os.urandom(8).translate(_DIGITS).decode()


class Engine:
    """Owns only its place in time: fire times are the timetable's, live runs the runner's, the past is history's."""

    def __init__(
        self,
        clock: Clock,
        launcher: Launcher,
        *,
        log: LineSink,
        listeners: Sequence[Listener] = (),
        new_id: Callable[[], str] = new_run_id,
    ) -> None:
        self.clock = clock
        self.launcher = launcher
        self.log = log
        self.timetable = Timetable()
        self.history = History()
        self.announce = Announcer((self.history.hear, *listeners))
        self.runner = Runner(clock, launcher, self.announce, log, self.history.tails.keep)
        self._new_id = new_id
        self._wake = asyncio.Event()
        self._seen = self._latest = clock.now()
        self._seen_steady = clock.steady()

    def load(self, jobs: Mapping[str, Job], *, max_running: int | None) -> Changes:
        """Take over a schedule. Slots due by now are decided under the old one; no slot of the new lies in the past."""
        now = self.clock.now()
        self.tick(now)
        changes = self.timetable.load(jobs, now)
        self.runner.set_max_running(max_running)
        for name in (*changes.removed, *(name for name in changes.changed if not jobs[name].enabled)):
            self.runner.cancel_waiting(name, Reason.REMOVED)
        self._wake.set()
        self.announce(JobsChanged(changes))
        return changes

    def start(self) -> datetime:
        """Fire what is due because schedd starts: `@reboot`, and the latest slot within each job's `catch_up`.

        Returns the instant of the start, that of the load before it: every later slot is the loop's.
        """
        now = self._seen
        for job in self.timetable.jobs().values():
            if job.schedule is None or not job.enabled:
                continue
            within = None if job.catch_up is None else timedelta(seconds=job.catch_up)
            if within is not None and (missed := _latest_slot(job.schedule, now, within)) is not None:
                self.timetable.taken_at_start(job.name, missed)
                self._fire(job, Trigger.START, missed, waits_from=now)
            elif job.schedule.at_start:
                self._fire(job, Trigger.START, now.replace(microsecond=0), waits_from=now)
        return now

    def unseen(self, now: datetime) -> Iterator[tuple[Job, datetime]]:
        """Jobs whose latest slot before `now`, the start, lies within UNSEEN: nobody here knows whether it ran."""
        for job in self.timetable.jobs().values():
            if job.schedule is not None and job.enabled and job.catch_up is None:
                slot = _latest_slot(job.schedule, now, UNSEEN)
                if slot is not None:
                    yield job, slot

    async def run(self) -> None:
        """Sleep and tick until cancelled. A bug in one tick costs its slots, not the daemon."""
        while True:
            await self.clock.sleep_until(self.timetable.next_at, self._wake)
            self._wake.clear()
            try:
                self.tick(self.clock.now())
                await asyncio.sleep(0)  # what has been fired starts before the next sleep is prepared
            except Exception as bug:
                report_bug("a tick failed", bug)
                await asyncio.sleep(1)  # whatever failed may fail again at once

    def tick(self, now: datetime) -> None:
        """Decide every slot up to `now`. Never waits."""
        self._look_at_clock(now)
        for due in self.timetable.take(now):
            self._decide(due, now)

    def run_now(
        self,
        job: Job,
        *,
        force: bool = False,
        as_of: datetime | None = None,
        extra_env: dict[str, str] | None = None,
        by: Requester | None = None,
    ) -> LiveRun:
        """Fire a job by hand, paused and disabled ones too. The firing tells whether it was skipped."""
        scheduled_at = as_of or self.clock.now().replace(microsecond=0)
        firing = LiveRun(job, self._new_id(), Trigger.MANUAL, scheduled_at, extra_env=extra_env or {}, by=by)
        self.runner.fire(firing, force=force)
        return firing

    def pause(self, name: str, *, until: datetime | None, note: str, by: Requester | None = None) -> None:
        """Skip the job's scheduled runs from now on."""
        self.timetable.pause(name, Pause(since=self.clock.now(), until=until, note=note, by=by))

    async def shut_down(self, budget: float) -> None:
        """Drain within `budget` seconds. The loop goes on meanwhile: slots that fall due are skipped as `shutdown`."""
        self.announce(Stopping(budget, len(list(self.runner.firings()))))
        await self.runner.drain(budget)

    def _decide(self, due: Due, now: datetime) -> None:
        job, slot = due.job, due.slot
        if self.timetable.pause_of(job.name, slot) is not None:
            missed = due.missed
            self._skip(
                Decision(
                    job.name,
                    Reason.PAUSED,
                    first=slot if missed is None else missed.first,
                    last=slot,
                    count=1 if missed is None else missed.count + 1,
                    more=missed is not None and missed.more,
                )
            )
            return
        if due.missed is not None:
            self._skip(due.missed)
        if (now - slot).total_seconds() > job.start_deadline:
            self._skip(Decision(job.name, Reason.LATE, first=slot, last=slot))
        else:
            self._fire(job, Trigger.SCHEDULE, slot, waits_from=slot, previous=due.previous)

    def _skip(self, decision: Decision) -> None:
        self.announce(RunSkipped(decision))

    def _fire(
        self, job: Job, trigger: Trigger, slot: datetime, *, waits_from: datetime, previous: datetime | None = None
    ) -> None:
        deadline = waits_from + timedelta(seconds=job.start_deadline)
        firing = LiveRun(job, self._new_id(), trigger, slot, deadline=deadline, previous_at=previous)
        self.runner.fire(firing)

    def _look_at_clock(self, now: datetime) -> None:
        """Notice that the wall clock was set or that schedd was frozen, and ask for slots again after a step back."""
        steady = self.clock.steady()
        stepped = (now - self._seen).total_seconds() - (steady - self._seen_steady)
        wanted = self.timetable.next_at
        late = 0.0 if wanted is None else (now - wanted).total_seconds()
        if now < self._seen:
            by = self._latest - now
            self.timetable.set_back(now, by=by)
            if by > LARGEST_STEP:
                self._latest = now
        self._seen, self._seen_steady, self._latest = now, steady, max(now, self._latest)
        if abs(stepped) >= STEP_TOLD:
            self.announce(ClockJumped(stepped, now))
        elif late >= ABSENCE_TOLD:
            self.announce(ClockJumped(late, now))


def _latest_slot(schedule: Schedule, now: datetime, within: timedelta) -> datetime | None:
    """The latest slot up to `now`, unless it lies further back. Whether there is one is asked first: it costs less."""
    first = schedule.next_after(now - within - datetime.resolution)
    return None if first is None or first > now else schedule.last_before(now + datetime.resolution)
