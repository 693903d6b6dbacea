"""Every run from due to done, each as one coroutine: its gates, its attempts, its end. Owns live runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import timedelta
from typing import Any

from scheduler.clock import Clock
from scheduler.engine.attempt import make_attempt
from scheduler.engine.condition_gate import ConditionGate
from scheduler.engine.events import Announcer, report_bug
from scheduler.engine.gates import CapacityGate, Gate, LockGate, OverlapGate, SkipError
from scheduler.engine.live_run import LiveRun, Phase
from scheduler.engine.recorder import Recorder
from scheduler.engine.throttle import Throttle
from scheduler.launch.launcher import Launcher
from scheduler.launch.launchers import Launchers
from scheduler.launch.output import Chunk, LineSink, RunOutput
from scheduler.model.job import OnShutdown
from scheduler.model.run import Attempt, Decision, Outcome, Reason, Trigger
from scheduler.wire.requester import Requester

LAST_SECOND = 1.0
"""Seconds before the end of the shutdown timeout at which everything left is killed."""

OVERDUE = "it did not end within the shutdown timeout and may still run"
LEFT = "no longer followed here: it is still running on its worker, and the next schedd follows it"

# On Python 3.11 looking up a member in its class takes 0.3 µs, as long as four calls.
_RUNNING, _DONE, _MANUAL = Phase.RUNNING, Phase.DONE, Trigger.MANUAL


class Runner:
    """Carries out runs, all on one event loop. Methods that are not coroutines never wait."""

    def __init__(
        self,
        clock: Clock,
        launchers: Launchers,
        announce: Announcer,
        log: LineSink,
        keep_tail: Callable[[str, tuple[Chunk, ...]], None],
        refuse: Callable[[str, Decision], None],
    ) -> None:
        self.draining = False
        self._clock = clock
        self._launchers = launchers
        self._log = log
        self._record = Recorder(clock, announce, keep_tail, refuse)
        self._jobs: dict[str, dict[LiveRun, asyncio.Task[None]]] = {}
        self._by_id: dict[str, LiveRun] = {}
        self._overlap = OverlapGate()
        self._capacity = CapacityGate()
        self._lock = LockGate()
        self._gates: tuple[Gate, ...] = ()
        self._left_in_order: tuple[Gate, ...] = (self._overlap,)
        """The gates as a run leaves them."""
        for gate in (ConditionGate(launchers.conditions), self._lock, self._capacity):
            self.add_gate(gate)
        self.throttle = Throttle()

    def live_runs(self, job: str | None = None) -> Iterator[LiveRun]:
        """Runs that are not over, of one job or of all; of each job the oldest first."""
        for name in (job,) if job is not None else tuple(self._jobs):
            yield from tuple(self._jobs.get(name, ()))

    def find(self, run_id: str) -> LiveRun | None:
        """The live run with that id."""
        return self._by_id.get(run_id)

    def set_max_running(self, limit: int | None) -> None:
        """How many attempts may run at once; None is no limit."""
        self._capacity.set_limit(limit)

    def add_gate(self, gate: Gate) -> None:
        """One more gate for every run from now on, after the others."""
        self._gates = (*self._gates, gate)
        self._left_in_order = (gate, *self._left_in_order)

    def submit(self, live_run: LiveRun) -> None:
        """Take a run to its overlap gate; what follows happens in a task of its own."""
        job = live_run.job
        try:
            if self.draining:
                raise SkipError(Reason.SHUTDOWN)
            if live_run.trigger is _MANUAL:
                self._check_waiting(job.max_waiting, self._jobs.get(job.name, {}))
            place = self._overlap.enter(live_run)
        except SkipError as skip:
            self._record.skipped(live_run, skip)
            return
        self._begin(live_run, self._carry_out(live_run, place, self._gates))
        if place is not None:
            self._record.waiting(live_run, self._overlap.reason)

    def take_over(self, live_run: LiveRun) -> None:
        """Watch a run that another schedd has left: it counts for overlap and lock until it ends."""
        self._overlap.occupy(live_run)
        self._lock.occupy(live_run)
        self._begin(live_run, self._carry_out(live_run, None, ()))

    def _begin(self, live_run: LiveRun, life: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(life, name=live_run.run_id)
        self._jobs.setdefault(live_run.job.name, {})[live_run] = task
        self._by_id[live_run.run_id] = live_run

    async def stop(self, live_runs: Sequence[LiveRun], *, kill: bool = False, by: Requester | None = None) -> None:
        """End these with SIGTERM, grace and SIGKILL, or with SIGKILL at once. Returns when nothing of them is left."""
        tasks = [task for each in live_runs if (task := self._jobs.get(each.job.name, {}).get(each)) is not None]
        for live_run in live_runs:
            live_run.end(Reason.STOPPED, by)
            if kill:
                live_run.kill()
        if tasks:
            await asyncio.wait(tasks)

    def cancel_waiting(self, job: str, why: Reason) -> None:
        """End a job's back-off and waiting runs; a running attempt goes on, but is the last of its run."""
        for live_run in self.live_runs(job):
            live_run.last_attempt = True
            if live_run.phase is not Phase.RUNNING:
                live_run.end(why)

    async def drain(self, seconds: float) -> None:
        """Take no more runs and let what runs come to its end within `seconds`.

        Back-off, waiting and pending launches end at once, and so does a run of `on_shutdown: stop`; one of `leave`
        goes on without us, on workers in back-off, too; others get SIGTERM `stop_grace` before the end of the timeout.
        What is left a second before the end is killed.
        """
        self.draining = True
        loop = asyncio.get_running_loop()
        end = self._clock.steady() + seconds
        for live_run in self.live_runs():
            live_run.last_attempt = True
            if live_run.job.on_shutdown is OnShutdown.LEAVE and live_run.can_be_followed:
                self.leave(live_run)
            elif live_run.child is not None and live_run.job.on_shutdown is OnShutdown.WAIT:
                grace = live_run.job.stop_grace
                # A grace that lay within the last second would have no time between SIGTERM and SIGKILL.
                loop.call_at(end - max(grace, LAST_SECOND + min(grace, 1.0)), self._record.end_at_shutdown, live_run)
            else:
                self._record.end_at_shutdown(live_run)
        loop.call_at(end - LAST_SECOND, self.kill_all)
        if tasks := self._tasks():
            _, left = await asyncio.wait(tasks, timeout=seconds)
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left)

    def leave(self, live_run: LiveRun) -> asyncio.Task[None]:
        """Follow a run no longer, since another schedd does. The task is done when it is gone."""
        live_run.left = True
        task = self._jobs[live_run.job.name][live_run]
        task.cancel()
        return task

    def end_all(self) -> None:
        """SIGTERM to every run, now."""
        for live_run in self.live_runs():
            self._record.end_at_shutdown(live_run)

    def kill_all(self) -> None:
        """SIGKILL to every run, now."""
        for live_run in self.live_runs():
            live_run.end(Reason.SHUTDOWN)
            live_run.kill()

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [task for live_runs in self._jobs.values() for task in live_runs.values()]

    def _check_waiting(self, limit: int, live_runs: dict[LiveRun, asyncio.Task[None]]) -> None:
        if len(live_runs) < limit:
            return
        waiting = sum(each.phase is Phase.WAITING for each in live_runs)
        if waiting >= limit:
            raise SkipError(Reason.MAX_WAITING, f"max_waiting ({limit}) is reached")

    def _patience(self, gate: Gate, live_run: LiveRun) -> float | None:
        """Seconds that a run waits at a gate; None is without end."""
        deadline = None if gate.unlimited else live_run.deadline
        return None if deadline is None else (deadline - self._clock.now()).total_seconds()

    async def _admit(self, gate: Gate, live_run: LiveRun, place: asyncio.Future[None]) -> None:
        """It has waited. SkipError when the deadline has passed, or the run was asked to end."""
        if live_run.ending is None and (turn := self.throttle.take()) is not None:
            await turn  # a run that leaves, or a new limit, may let many in at once
        live_run.gate, live_run.behind = None, frozenset()
        if live_run.ending is not None:
            raise SkipError(live_run.ending)
        if not place.done():
            raise SkipError(gate.reason)
        place.result()

    # One run.

    async def _carry_out(self, live_run: LiveRun, place: asyncio.Future[None] | None, gates: tuple[Gate, ...]) -> None:
        # It waits here, not in further coroutines: thousands of runs may wait, and each of these takes 250 bytes.
        try:
            if place is not None:
                await live_run.until(place, None)
                await self._admit(self._overlap, live_run, place)
                live_run.renew_deadline(self._clock.now())
            elif (turn := self.throttle.take()) is not None:
                await turn
            for gate in gates:
                if live_run.ending is not None:
                    raise SkipError(live_run.ending)
                if (place := gate.enter(live_run)) is not None:
                    if not gate.brief:
                        self._record.waiting(live_run, gate.reason)
                    await live_run.until(place, self._patience(gate, live_run))
                    await self._admit(gate, live_run, place)
            await self._run(live_run)
        except SkipError as skip:
            self._record.skipped(live_run, skip)
        except asyncio.CancelledError:  # by `drain`, or because the loop ends
            self._record.given_up(live_run, Outcome.STOPPED, LEFT if live_run.left else OVERDUE)
        except Exception as bug:
            self.give_up(live_run, bug)
        finally:
            self._leave(live_run)

    def give_up(self, live_run: LiveRun, bug: Exception) -> None:
        """Record that a run has ended because of a bug in schedd."""
        report_bug(f"a run of {live_run.job.name} failed by an internal error", bug)
        live_run.kill()
        if live_run.phase is Phase.WAITING:
            live_run.phase, live_run.begun = Phase.RUNNING, self._clock.steady()
        outcome = Outcome.LOST if live_run.run is not None else Outcome.NOT_STARTED
        self._record.given_up(live_run, outcome, "internal error: see the log")

    def _leave(self, live_run: LiveRun) -> None:
        """The run is over: free what it held for the runs that wait for it."""
        live_run.phase = _DONE
        live_runs = self._jobs[live_run.job.name]
        del live_runs[live_run], self._by_id[live_run.run_id]
        if not live_runs:
            del self._jobs[live_run.job.name]
        for gate in self._left_in_order:
            gate.leave(live_run)

    async def _run(self, live_run: LiveRun) -> None:
        """All attempts of one run. A place within the capacity is held on entry; each attempt gives its place back."""
        live_run.phase, live_run.begun = _RUNNING, self._clock.steady()
        live_run.output = RunOutput(live_run.job.name, live_run.run_id, live_run.job.output, self._log, self._clock.now)
        number = 1 if live_run.earlier is None else live_run.earlier.attempt
        while True:
            attempt = await make_attempt(
                live_run, number, self._launcher(live_run, number), self._clock, self._record, self._is_draining
            )
            self._capacity.leave(live_run)
            delay = self._retry_delay(live_run, attempt)
            self._record.attempt_finished(live_run, attempt, delay)
            outcome = attempt.outcome
            if delay is None:
                break
            if not await self._back_off(live_run, delay):
                outcome = Outcome.STOPPED
                break
            number += 1
        self._record.finished(live_run, outcome)

    def _launcher(self, live_run: LiveRun, number: int) -> Launcher:
        earlier = live_run.earlier
        if earlier is None or number > earlier.attempt:
            return self._launchers.launcher_for(live_run.job)
        return earlier.launcher()

    def _is_draining(self) -> bool:
        return self.draining

    def _retry_delay(self, live_run: LiveRun, attempt: Attempt) -> float | None:
        retry = live_run.job.retry
        if attempt.number > retry.times:
            return None
        retried = attempt.outcome.is_failure and (retry.lost or attempt.outcome is not Outcome.LOST)
        return retry.delay_before(attempt.number + 1) if retried and not live_run.last_attempt else None

    async def _back_off(self, live_run: LiveRun, delay: float) -> bool:
        """Wait between two attempts, then for capacity without a deadline. False: the run was asked to end."""
        live_run.phase, live_run.retry_at = Phase.RETRYING, self._clock.now() + timedelta(seconds=delay)
        await live_run.wait(None, delay)
        if (turn := self.throttle.take()) is not None:
            await turn
        try:
            if live_run.ending is None:
                live_run.deadline = None
                if (place := self._capacity.enter(live_run)) is not None:
                    self._record.waiting(live_run, self._capacity.reason)
                    await live_run.until(place, None)
                    await self._admit(self._capacity, live_run, place)
        except SkipError:
            return False
        finally:
            live_run.phase, live_run.retry_at = Phase.RUNNING, None
        return live_run.ending is None
