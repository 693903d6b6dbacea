"""Every firing from due to done, each as one coroutine: its gates, its attempts, its end. Owns live runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from scheduler.clock import Clock
from scheduler.engine.attempt import make_attempt
from scheduler.engine.events import Announcer, AttemptFinished, RunFinished, RunSkipped, RunStarted, report_bug
from scheduler.engine.live_run import LiveRun, Phase
from scheduler.engine.semaphore import Semaphore
from scheduler.engine.throttle import Throttle
from scheduler.launch.launcher import Launcher
from scheduler.launch.output import Chunk, LineSink, RunOutput
from scheduler.model.job import OnShutdown, Overlap
from scheduler.model.run import Attempt, Decision, Launch, Outcome, Reason, Run, Trigger

LAST_SECOND = 1.0
"""Seconds before the end of the shutdown budget at which everything left is killed."""


class Runner:
    """Carries out firings. What is no coroutine never waits; all of it runs on one event loop."""

    def __init__(
        self,
        clock: Clock,
        launcher: Launcher,
        announce: Announcer,
        log: LineSink,
        keep_tail: Callable[[str, tuple[Chunk, ...]], None],
    ) -> None:
        self.draining = False
        self._clock = clock
        self._launcher = launcher
        self._announce = announce
        self._log = log
        self._keep_tail = keep_tail
        self._live: dict[str, list[LiveRun]] = {}
        self._queued: dict[str, LiveRun] = {}
        self._tasks: dict[LiveRun, asyncio.Task[None]] = {}
        self._locks: dict[str, Semaphore] = {}
        self._capacity = Semaphore(None)
        self._turns = Throttle()

    def firings(self, job: str | None = None) -> Iterator[LiveRun]:
        """Firings that are not done, of one job or of all; of each job the oldest first, the queued one last."""
        names = (job,) if job is not None else tuple(self._live)
        for name in names:
            yield from tuple(self._live.get(name, ()))
            if name in self._queued:
                yield self._queued[name]

    def set_max_running(self, limit: int | None) -> None:
        """How many attempts may run at once; None is no limit."""
        self._capacity.set_limit(limit)

    def fire(self, firing: LiveRun, *, force: bool = False) -> None:
        """Take a firing to its overlap gate, which `force` holds open; what follows happens in a task of its own."""
        name = firing.job.name
        overlap = Overlap.ALLOW if force else firing.job.overlap
        if self.draining:
            self._skip(firing, Reason.SHUTDOWN)
        elif overlap is Overlap.ALLOW or name not in self._live:
            self._admit(firing)
        elif overlap is Overlap.SKIP:
            self._skip(firing, Reason.OVERLAP)
        else:
            self._enqueue(firing)
            if overlap is Overlap.REPLACE:
                for older in self._live[name]:
                    older.end(Reason.COALESCED)

    async def stop(self, firings: Sequence[LiveRun], *, kill: bool = False) -> None:
        """End these with TERM, grace and KILL, or with KILL at once. Returns when nothing of them is left."""
        tasks = [self._tasks[firing] for firing in firings if firing in self._tasks]
        for firing in firings:
            self._end(firing, Reason.STOPPED)
            if kill:
                firing.kill()
        if tasks:
            await asyncio.wait(tasks)

    def cancel_waiting(self, job: str, why: Reason) -> None:
        """End a job's back-off and waiting firings; a running attempt goes on, but is the last of its run."""
        for firing in self.firings(job):
            firing.last_attempt = True
            if firing.phase is not Phase.RUNNING:
                self._end(firing, why)

    async def drain(self, budget: float) -> None:
        """Take no more firings and let what runs come to its end within `budget` seconds.

        Back-off and waiting end at once, and so does a run of `on_shutdown: stop`; others get TERM `stop_grace` before
        the end of the budget. What is left a second before the end is killed.
        """
        self.draining = True
        loop = asyncio.get_running_loop()
        end = self._clock.steady() + budget
        for firing in self.firings():
            firing.last_attempt = True
            if firing.phase is Phase.RUNNING and firing.job.on_shutdown is OnShutdown.WAIT:
                grace = firing.job.stop_grace
                # A grace that lay within the last second would have no time between TERM and KILL.
                loop.call_at(end - max(grace, LAST_SECOND + min(grace, 1.0)), firing.end, Reason.SHUTDOWN)
            else:
                self._end(firing, Reason.SHUTDOWN)
        loop.call_at(end - LAST_SECOND, self.kill_all)
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=budget)

    def end_all(self) -> None:
        """TERM to every run, now."""
        for firing in self.firings():
            self._end(firing, Reason.SHUTDOWN)

    def kill_all(self) -> None:
        """KILL every run, now."""
        for firing in self.firings():
            self._end(firing, Reason.SHUTDOWN)
            firing.kill()

    # The overlap gate: who may become live, and who waits behind them.

    def _admit(self, firing: LiveRun) -> None:
        firing.gate = None
        self._live.setdefault(firing.job.name, []).append(firing)
        self._tasks[firing] = asyncio.get_running_loop().create_task(self._carry_out(firing))

    def _enqueue(self, firing: LiveRun) -> None:
        """One firing waits behind the live ones; a newer one takes its place."""
        if older := self._queued.get(firing.job.name):
            self._end(older, Reason.COALESCED)
        firing.gate = Reason.OVERLAP
        self._queued[firing.job.name] = firing

    def _leave(self, firing: LiveRun) -> None:
        """It is over: its place among the live ones goes to whoever waits behind them."""
        name = firing.job.name
        firing.phase = Phase.DONE
        del self._tasks[firing]
        live = self._live[name]
        live.remove(firing)
        if not live:
            del self._live[name]
            if (queued := self._queued.pop(name, None)) is not None:
                self._admit(queued)
        firing.moved()

    def _end(self, firing: LiveRun, why: Reason) -> None:
        firing.end(why)
        if self._queued.get(firing.job.name) is firing:
            del self._queued[firing.job.name]
            self._skip(firing, why)

    def _skip(self, firing: LiveRun, why: Reason) -> None:
        firing.phase, firing.gate, firing.skipped = Phase.DONE, None, why
        if firing.trigger is not Trigger.MANUAL:  # a request by hand is no slot: its asker is told, not the ledger
            slot = firing.scheduled_at
            self._announce(RunSkipped(Decision(firing.job.name, why, first=slot, last=slot)))
        firing.moved()

    # One firing.

    async def _carry_out(self, firing: LiveRun) -> None:
        try:
            await self._turns.take()
            if firing.job.lock is None:
                await self._run_within_capacity(firing)
            else:
                await self._run_under_lock(firing, firing.job.lock)
        except Exception as bug:
            report_bug(f"a run of {firing.job.name} was given up", bug)
        finally:
            self._leave(firing)

    async def _run_under_lock(self, firing: LiveRun, name: str) -> None:
        lock = self._locks.setdefault(name, Semaphore(1))
        if await self._enter(lock, firing, Reason.LOCK, firing.deadline):
            try:
                await self._run_within_capacity(firing)
            finally:
                lock.leave()
        else:
            self._skip(firing, firing.ending or Reason.LOCK)
        if lock.idle:
            self._locks.pop(name, None)

    async def _run_within_capacity(self, firing: LiveRun) -> None:
        if await self._enter(self._capacity, firing, Reason.CAPACITY, firing.deadline):
            await self._run(firing)
        else:
            self._skip(firing, firing.ending or Reason.CAPACITY)

    async def _enter(self, gate: Semaphore, firing: LiveRun, why: Reason, deadline: datetime | None) -> bool:
        """Wait at a gate. False: it is not in, since `deadline` passed or somebody ended the firing."""
        place = gate.enter()
        if place is not None:
            firing.gate = why
            firing.moved()
            await firing.wait(place, None if deadline is None else (deadline - self._clock.now()).total_seconds())
            await self._turns.take()  # one who leaves, or a new limit, may let many in at once
            firing.gate = None
        if firing.ending is None and (place is None or place.done()):
            return True
        gate.give_up(place)
        return False

    async def _run(self, firing: LiveRun) -> None:
        """All attempts of one run. A place within the capacity is held on entry; each attempt gives its place back."""
        firing.phase = Phase.RUNNING
        output = firing.output = RunOutput(firing.job.name, firing.run_id, firing.job.output, self._log)
        begun = self._clock.steady()
        number = 1
        while True:
            try:
                attempt = await self._attempt(firing, number)
            finally:
                self._capacity.leave()
            delay = self._retry_delay(firing, attempt)
            assert firing.run is not None, "an attempt starts the run"  # noqa: S101
            firing.run = replace(firing.run, attempts=(*firing.run.attempts, attempt))
            self._announce(AttemptFinished(firing.run, attempt, delay))
            firing.moved()
            outcome = attempt.outcome
            if delay is None:
                break
            if not await self._back_off(firing, delay):
                outcome = Outcome.STOPPED
                break
            number += 1
        duration = self._clock.steady() - begun
        firing.run = replace(firing.run, outcome=outcome, finished_at=self._clock.now(), duration=duration)
        output.finish()
        self._keep_tail(firing.run_id, output.tail())
        self._announce(RunFinished(firing.run))

    async def _attempt(self, firing: LiveRun, number: int) -> Attempt:
        def launched(started_at: datetime, pid: int | None) -> None:
            if firing.run is None:
                firing.run = Run(
                    firing.run_id, firing.job.name, firing.trigger, firing.scheduled_at, started_at, by=firing.by
                )
                # Of a herd all that have their turn start first: between two starts, the telling would find the
                # processor's caches full of other things, and take longer.
                self._announce.soon(RunStarted(firing.run, pid))
                firing.moved()

        launch = Launch(
            firing.job,
            firing.run_id,
            number,
            firing.trigger,
            firing.scheduled_at,
            firing.previous_at,
            firing.extra_env,
        )
        return await make_attempt(
            firing,
            launch,
            launcher=self._launcher,
            clock=self._clock,
            launched=launched,
            draining=lambda: self.draining,
        )

    def _retry_delay(self, firing: LiveRun, attempt: Attempt) -> float | None:
        retry = firing.job.retry
        again = attempt.number <= retry.times and attempt.outcome.is_failure
        return retry.delay_before(attempt.number + 1) if again and not firing.last_attempt else None

    async def _back_off(self, firing: LiveRun, delay: float) -> bool:
        """Wait between two attempts, then for capacity, however long. False: somebody ended the firing meanwhile."""
        firing.phase, firing.retry_at = Phase.RETRYING, self._clock.now() + timedelta(seconds=delay)
        await firing.wait(None, delay)
        await self._turns.take()
        inside = firing.ending is None and await self._enter(self._capacity, firing, Reason.CAPACITY, None)
        firing.phase, firing.retry_at = Phase.RUNNING, None
        return inside
