"""The loop: sleep until the earliest scheduled time, decide what is due. It also takes requests for runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from scheduler.clock import Clock
from scheduler.engine.chains import Chains
from scheduler.engine.claims import Claim, ClaimGate
from scheduler.engine.clock_watch import ClockWatch
from scheduler.engine.decider import Decider
from scheduler.engine.events import (
    Announcer,
    Event,
    JobsChanged,
    Listener,
    Paused,
    Resumed,
    StandbyChanged,
    Stopping,
    report_bug,
)
from scheduler.engine.following import Following, RunStream
from scheduler.engine.history import History
from scheduler.engine.live_run import LiveRun, LiveState, Phase, left_running
from scheduler.engine.missed import to_catch_up, to_start
from scheduler.engine.put_off import PutOff, Time
from scheduler.engine.requests import Requests
from scheduler.engine.run_id import new_run_id
from scheduler.engine.runner import Runner
from scheduler.engine.timetable import Changes, Due, Timetable
from scheduler.launch.launcher import Earlier
from scheduler.launch.launchers import Launchers
from scheduler.launch.output import Chunk, LineSink
from scheduler.model.job import Job
from scheduler.model.run import PLAIN_REQUEST, Pause, Reason, Run, RunRequest
from scheduler.model.target import ShellCommand
from scheduler.wire.requester import Requester

MOST_FAILURES = 5
"""Ticks that may fail in a row, a second apart, before the loop ends."""

STALLED = 5.0
"""Seconds after a scheduled time by which it must have been decided."""


class Engine:
    """Owns the current position in time. `Timetable` owns next times, `Runner` live runs, `History` finished runs."""

    def __init__(
        self,
        clock: Clock,
        launchers: Launchers,
        *,
        log: LineSink,
        listeners: Sequence[Listener] = (),
        new_id: Callable[[], str] = new_run_id,
        history: History | None = None,
    ) -> None:
        self.clock = clock
        self.launchers = launchers
        self.log = log
        self.timetable = Timetable()
        self.history = history or History()
        self.following = Following(self._live_run, self.timetable.later.find, self.history)
        self.announce = Announcer()
        self.announce.add(self.history.on_event, *History.KINDS)
        self.announce.add(self.following.on_event)
        for listener in listeners:
            self.announce.add(listener)
        self.runner = Runner(clock, launchers, self.announce, log, self.history.tails.keep, self.following.refuse)
        self._decider = Decider(clock, self.timetable, self.runner, self.announce, new_id)
        chains = Chains(clock, self.timetable, self.announce, self._decider.run_after)
        self.announce.add(chains.on_event, *Chains.KINDS)
        self.requests = Requests(
            clock, self.timetable, self.runner, self.following, self.announce, self.history, new_id
        )
        self._wake = asyncio.Event()
        self._failures = 0
        self.standing_by = False
        self._put_off = PutOff()
        self._start_put_off = False
        self._clock_watch = ClockWatch(clock, self.timetable, self.announce)

    def load(
        self,
        jobs: Mapping[str, Job],
        *,
        max_running: int | None,
        changes: Changes | None = None,
        by: Requester | None = None,
    ) -> Changes:
        """Use these jobs from now on; `changes` is the difference to the present ones, if it is known already.

        What is due by now is decided by the old ones; nothing new is due in the past.
        """
        now = self.clock.now()
        self.tick(now)
        changes = self.timetable.load(jobs, now, changes)
        self.runner.set_max_running(max_running)
        self._wake.set()
        self.announce(JobsChanged(changes, by))  # history forgets removed jobs now, not the ends of their requests
        for name in (*changes.removed, *(name for name in changes.changed if not jobs[name].enabled)):
            self.runner.cancel_waiting(name, Reason.REMOVED)
            self.requests.cancel_all(name, Reason.REMOVED)
        return changes

    def take_over(self, earlier: Earlier) -> None:
        """Watch a run that another schedd left running; its job may no longer exist. Its timeout continues."""
        job = self.timetable.job(earlier.job) or Job(name=earlier.job, target=ShellCommand(""), cwd="/")
        self.requests.keys.add(earlier.job, earlier.request.key, earlier.run_id)
        self.runner.take_over(left_running(job, earlier))

    def start(self) -> datetime:
        """Run what is due because schedd starts: `@reboot`, and the latest time within each job's `catch_up`.

        On a standby, that is put off. Returns the instant of the start, that of the load before it: every later
        time is the loop's.
        """
        now = self._clock_watch.seen
        missed = to_catch_up(self.timetable, self.history, now)
        if self.standing_by:
            self._start_put_off = True
            for job, at in missed:
                self._put_off.add(Due(job, at, None, None))
        else:
            self._decider.run_at_start(to_start(self.timetable, now, missed), now)
        return now

    async def run(self) -> None:
        """Sleep and tick until cancelled. A tick that fails by a bug is repeated; MOST_FAILURES in a row end it."""
        try:
            while True:
                await self.clock.sleep_until(self.timetable.wake_at, self._wake)
                self._wake.clear()
                await self._tick_or_retry()
        except Exception:
            self._failures = MOST_FAILURES
            raise

    def problem(self) -> str | None:
        """Why scheduled runs are overdue; None when they are not."""
        if self._failures >= MOST_FAILURES:
            return "the scheduling loop has ended because of an internal error; see the log"
        if self._failures:
            return "the scheduling loop fails because of an internal error; see the log"
        late = self._clock_watch.overdue()
        return f"a scheduled time is {late:.0f}s overdue" if late > STALLED else None

    async def _tick_or_retry(self) -> None:
        try:
            self.tick(self.clock.now())
            self._failures = 0
            await asyncio.sleep(0)  # what is due starts before the next sleep is prepared
        except Exception as bug:
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                raise
            report_bug("a tick failed", bug)
            await asyncio.sleep(1)  # the same error may occur again at once
            self._wake.set()

    def tick(self, now: datetime) -> None:
        """Decide every scheduled time up to `now`. Never waits."""
        self._clock_watch.look(now)
        self.requests.submit_due(now)
        excluded = self.timetable.take_excluded(now)
        if self.standing_by:
            for each in self.timetable.take(now):
                self._put_off.add(each)
            return
        for decision in excluded:
            self._decider.skip(decision)
        for each in self.timetable.take(now):
            self._decider.decide(each, now)

    def stand_by(self, *, elsewhere: bool = True) -> None:
        """Decide no scheduled times from now on; `elsewhere`, another scheduler does."""
        self._put_off.stand_by(self.clock.now(), elsewhere=elsewhere, was_active=not self.standing_by)
        self.standing_by = True
        self.announce(StandbyChanged(True, elsewhere))

    def claim_times(self, claim: Claim) -> None:
        """From now on run a scheduled time only where `claim` says so; one that it cannot claim is put off."""
        self.runner.add_gate(ClaimGate(claim, self._is_late, self._decide_later))

    def _is_late(self, live_run: LiveRun) -> bool:
        return live_run.deadline is not None and self.clock.now() > live_run.deadline

    def _decide_later(self, live_run: LiveRun) -> None:
        self._put_off.add(Due(live_run.job, live_run.scheduled_at, live_run.previous_at, None))

    async def restore(self, run: Run, decided: Collection[str]) -> None:
        """Take a run whose end another schedd has recorded; it is followed no longer, which may add it to `decided`."""
        if (live_run := self.runner.find(run.id)) is not None:
            await asyncio.wait((self.runner.leave(live_run),))
        self.history.restore(run, is_decided=run.id in decided)
        self.requests.keys.add(run.job, run.key, run.id)

    def put_off(self) -> list[Time]:
        """The scheduled times since then that may be undecided."""
        return self._put_off.times(self.clock.now())

    def take_up(self, elsewhere: Collection[Time] = (), late: Reason = Reason.LATE) -> None:
        """Decide scheduled times again: those that were put off, but for those decided `elsewhere`, and all to come."""
        now = self.clock.now()
        self.standing_by = False
        self.announce(StandbyChanged(False, False))
        for due in self._put_off.take(elsewhere):
            if self.timetable.job(due.job.name) is not None:
                self._decider.decide(due, now, late)
        if self._start_put_off:
            self._start_put_off = False
            self._decider.run_at_start(to_start(self.timetable, now), now)

    def run_now(self, job: Job, request: RunRequest = PLAIN_REQUEST, *, holding: bool = False) -> RunStream:
        """Run a job on request, a paused or disabled one too, and follow the run.

        Without having waited it may be refused at once; then the stream consists of that decision. `holding`: the run
        waits for the reader of the stream, unless that stops reading. RefusedError for the run of an earlier request
        with its key that waits for the caller.
        """
        stream = self.requests.run(job, request, holding=holding)
        if request.at is not None:
            self._wake.set()
        return stream

    def live(self, job: str | None = None) -> tuple[LiveState, ...]:
        """Copies of the runs that are not over, of one job or of all; of each job the oldest first.

        Runs that were requested for later are not among them: see `timetable.later`.
        """
        return tuple(live_run.state() for live_run in self.runner.live_runs(job))

    def find_live(self, run_id: str) -> LiveState | None:
        """A copy of the run with that id, while it is not over."""
        live_run = self.runner.find(run_id)
        return None if live_run is None else live_run.state()

    async def stop(
        self, states: Sequence[LiveState], *, kill: bool = False, by: Requester | None = None
    ) -> tuple[Run, ...]:
        """Stop runs, and return those that had started as they ended; see `Runner.stop`."""
        chosen = [live_run for state in states if (live_run := self.runner.find(state.run_id)) is not None]
        await self.runner.stop(chosen, kill=kill, by=by)
        return tuple(live_run.run for live_run in chosen if live_run.run is not None)

    def tail(self, run_id: str) -> tuple[Chunk, ...]:
        """The latest output of a run that is live or kept, oldest first."""
        live_run = self.runner.find(run_id)
        if live_run is None or live_run.output is None:
            return self.history.tails.of(run_id)
        return live_run.output.tail()

    def _live_run(self, run_id: str) -> LiveRun | None:
        return self.runner.find(run_id)

    def pause(
        self, name: str, *, until: datetime | None, note: str, by: Requester | None = None, of_all: bool = False
    ) -> None:
        """Skip the job's scheduled runs from now on; `of_all`, as those of all jobs."""
        for _ in self.pause_jobs((name,), until=until, note=note, by=by, of_all=of_all):
            pass

    def pause_jobs(
        self, names: Collection[str], *, until: datetime | None, note: str, by: Requester | None, of_all: bool
    ) -> Iterator[None]:
        """Pause several jobs at once. Each step of the iterator announces one of them."""
        pause = Pause(since=self.clock.now(), until=until, note=note, by=by, of_all=of_all)
        self.timetable.pauses.begin(names, pause)
        return self._announced(Paused(name, pause) for name in names)

    def resume(self, name: str, *, by: Requester | None = None, of_all: bool = False) -> None:
        """Run the job at its scheduled times again; nothing when it is not paused.

        `of_all` ends only the pause of all jobs: a job with a pause of its own stays paused.
        """
        for _ in self.resume_jobs((name,), by=by, of_all=of_all):
            pass

    def resume_jobs(self, names: Collection[str], *, by: Requester | None, of_all: bool) -> Iterator[None]:
        """Resume several jobs at once. Each step of the iterator announces one that was paused and no longer is."""
        resumed = self.timetable.pauses.end(names, self.clock.now(), of_all=of_all)
        return self._announced(Resumed(name, by) for name in resumed)

    def _announced(self, events: Iterable[Event]) -> Iterator[None]:
        for event in events:
            self.announce(event)
            yield

    async def shut_down(self, seconds: float) -> None:
        """Drain within `seconds`. The loop goes on: scheduled times meanwhile are skipped as `shutdown`."""
        waiting = sum(live_run.phase is Phase.WAITING for live_run in self.runner.live_runs())
        running = len(list(self.runner.live_runs())) - waiting
        self.announce(Stopping(seconds, running, waiting + len(self.timetable.later)))
        self.runner.draining = True
        self.requests.cancel_all(None, Reason.SHUTDOWN)
        await self.runner.drain(seconds)
