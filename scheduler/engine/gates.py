"""The gates that a run passes before it starts: overlap, lock and capacity. That of `run_if` is `condition_gate.py`."""

from __future__ import annotations

import asyncio
from typing import Protocol

from scheduler.engine.live_run import LiveRun
from scheduler.engine.semaphore import Semaphore
from scheduler.model.job import Overlap
from scheduler.model.run import Reason, Trigger


class SkipError(Exception):
    """A run will not start: the reason, and a sentence where the reason alone does not say it.

    `broken`: an error is the cause, and not a rule of the file.
    """

    def __init__(self, reason: Reason, refusal: str | None = None, *, broken: bool = False) -> None:
        super().__init__(refusal or reason.value)
        self.reason = reason
        self.refusal = refusal
        self.broken = broken


class UndecidedError(SkipError):
    """A run will not start, and its scheduled time is decided later, by whichever scheduler is then active."""

    def __init__(self) -> None:
        super().__init__(Reason.ELSEWHERE)


class Gate(Protocol):
    """Something that a run waits for and holds until it is over.

    `reason` names the gate, and is the reason of a skip at the run's deadline. `unlimited`: waiting has no deadline.
    `brief`: waiting is a matter of milliseconds, and not worth an event.
    """

    reason: Reason
    unlimited: bool
    brief: bool

    def enter(self, live_run: LiveRun) -> asyncio.Future[None] | None:
        """None: the run is inside. Otherwise it is inside when the future is done. SkipError when it never will be."""
        ...

    def leave(self, live_run: LiveRun) -> None:
        """Free what the run holds, or end its waiting; nothing when it is neither inside nor waiting."""
        ...


def _enter(semaphore: Semaphore, live_run: LiveRun, reason: Reason) -> asyncio.Future[None] | None:
    """Enter, unless the run would wait for a run that itself waits for this one: neither would ever end."""
    place = semaphore.enter(live_run)
    if place is not None:
        live_run.behind = semaphore.inside
    if place is not None and live_run.awaited_by:
        blocked = {awaiting for each in semaphore.waiting for awaiting in each.all_awaiting()}
        if semaphore.inside <= blocked:
            semaphore.leave(live_run)
            mine = (awaiting for awaiting in live_run.all_awaiting() if awaiting in semaphore.inside)
            holder = next(mine, next(iter(semaphore.inside)))
            raise SkipError(reason, f"it would wait for run {holder.run_id} of {holder.job.name}, which waits for it")
    return place


class OverlapGate:
    """Applies the job's overlap policy while a run of the same job is live."""

    reason = Reason.OVERLAP
    unlimited = True
    brief = False

    def __init__(self) -> None:
        self._jobs: dict[str, Semaphore] = {}

    def enter(self, live_run: LiveRun) -> asyncio.Future[None] | None:
        """A waiting scheduled run is replaced by a newer one; manual runs wait behind each other."""
        job = live_run.job
        runs = self._jobs.get(job.name)
        if runs is None:
            self.occupy(live_run)
            return None
        overlap = Overlap.ALLOW if live_run.request.force else job.overlap
        if overlap is Overlap.ALLOW:
            runs.occupy(live_run)
            return None
        if not runs.inside:
            return runs.enter(live_run)
        if overlap is Overlap.SKIP:
            raise SkipError(Reason.OVERLAP)
        if overlap is Overlap.REPLACE:
            for older in runs.inside:
                older.end(Reason.COALESCED)
        if live_run.trigger is not Trigger.MANUAL:
            for older in [each for each in runs.waiting if each.trigger is not Trigger.MANUAL]:
                runs.leave(older)
                older.end(Reason.COALESCED)
        return _enter(runs, live_run, self.reason)

    def occupy(self, live_run: LiveRun) -> None:
        """Let a run in, even beside others that the policy excludes."""
        runs = self._jobs.get(live_run.job.name)
        if runs is None:
            runs = self._jobs[live_run.job.name] = Semaphore(1)
        runs.occupy(live_run)

    def leave(self, live_run: LiveRun) -> None:
        runs = self._jobs.get(live_run.job.name)
        if runs is not None:
            runs.leave(live_run)
            if runs.idle:
                del self._jobs[live_run.job.name]


class LockGate:
    """As many runs hold a lock as it has slots; jobs share a lock by its name."""

    reason = Reason.LOCK
    unlimited = False
    brief = False

    def __init__(self) -> None:
        self._locks: dict[str, Semaphore] = {}

    def enter(self, live_run: LiveRun) -> asyncio.Future[None] | None:
        name = live_run.job.lock
        if name is None:
            return None
        slots = live_run.job.lock_slots or 1
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks[name] = Semaphore(slots)
        lock.set_limit(slots)  # a reload may have changed it
        return _enter(lock, live_run, self.reason)

    def occupy(self, live_run: LiveRun) -> None:
        """Let a run in that is running already."""
        if live_run.job.lock is not None:
            self._locks.setdefault(live_run.job.lock, Semaphore(1)).occupy(live_run)

    def leave(self, live_run: LiveRun) -> None:
        name = live_run.job.lock
        if name is not None and (lock := self._locks.get(name)) is not None:
            lock.leave(live_run)
            if lock.idle:
                del self._locks[name]


class CapacityGate:
    """At most `max_running` attempts run at once, over all jobs."""

    reason = Reason.CAPACITY
    unlimited = False
    brief = False

    def __init__(self) -> None:
        self._places = Semaphore(None)

    def set_limit(self, limit: int | None) -> None:
        """Runs inside stay, even when they are more than the new limit; None is no limit."""
        self._places.set_limit(limit)

    def enter(self, live_run: LiveRun) -> asyncio.Future[None] | None:
        return _enter(self._places, live_run, self.reason)

    def leave(self, live_run: LiveRun) -> None:
        self._places.leave(live_run)
