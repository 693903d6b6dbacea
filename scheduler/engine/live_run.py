"""A run that is not over: its state, and how it is asked to end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any

import msgspec

from scheduler.engine.events import RunWaiting, report_bug
from scheduler.launch.launcher import Child, Earlier
from scheduler.launch.output import RunOutput
from scheduler.model.job import Job
from scheduler.model.run import PLAIN_REQUEST, Launch, Reason, Run, RunRequest, Trigger
from scheduler.wire.requester import Requester

_NAMED = 3
"""How many runs are named that hold a gate."""


class Phase(StrEnum):
    """The state of a live run."""

    WAITING = "waiting"  # at a gate
    RUNNING = "running"
    RETRYING = "retrying"  # between two attempts
    DONE = "done"


class LiveState(msgspec.Struct, frozen=True):
    """A run that is not over, at one moment: at which gate it waits, when its next attempt begins or could begin.

    `request` is what it was requested with. While it waits, `deadline` is when it is skipped, `lock` the name of the
    lock that it waits for, and `held_by` names the runs that hold the gate.
    """

    run_id: str
    job: str
    scheduled_at: datetime
    phase: Phase
    gate: Reason | None
    retry_at: datetime | None
    run: Run | None
    request: RunRequest
    deadline: datetime | None = None
    lock: str | None = None
    held_by: str | None = None


class LiveRun(msgspec.Struct, eq=False):
    """A run from the moment when it is due or requested until it is over.

    Waiting for a lock or capacity ends at `deadline`; None is no end. `request` is what a manual run came with.
    `awaited_by` are runs that wait for the end of this one. Live runs never leave the engine: what others get are
    copies (`state`) and streams of values (`following`).
    """

    job: Job
    run_id: str
    trigger: Trigger
    scheduled_at: datetime
    deadline: datetime | None = None
    previous_at: datetime | None = None
    request: RunRequest = PLAIN_REQUEST
    earlier: Earlier | None = None
    """Set when its process is there already, left by an earlier schedd."""
    left: bool = False
    """It goes on without this schedd, which shuts down."""
    awaited_by: tuple[LiveRun, ...] = ()
    phase: Phase = Phase.WAITING
    gate: Reason | None = None
    behind: AbstractSet[LiveRun] = frozenset()
    """The runs inside the gate at which it waits."""
    accepted: bool = False
    """It has waited at a gate, so that its id is known to others."""
    retry_at: datetime | None = None
    begun: float = 0.0
    """Steady time at which it passed the gates, and then that of its start."""
    run: Run | None = None
    output: RunOutput | None = None
    child: Child | None = None
    ending: Reason | None = None
    stopped_by: Requester | None = None
    """Who asked to end it."""
    last_attempt: bool = False
    _waiter: asyncio.Future[None] | None = None

    def end(self, why: Reason, by: Requester | None = None) -> None:
        """Ask it to end: SIGTERM to what runs, no further attempt, no more waiting. The first reason counts."""
        if self.ending is None:
            self.ending = why
            self.stopped_by = by
            self.last_attempt = True
            self._wake()

    def kill(self) -> None:
        """End it with SIGKILL, now, also while it is being ended with SIGTERM. Never raises."""
        self.end(Reason.STOPPED)
        if self.child is not None:
            try:
                self.child.kill()
            except Exception as bug:
                report_bug(f"the launcher failed to kill a run of {self.job.name}", bug)

    def renew_deadline(self, now: datetime) -> None:
        """It has waited at its overlap gate, which has no deadline: the start deadline counts from `now`."""
        if self.deadline is not None:
            self.deadline = now + timedelta(seconds=self.job.start_deadline)

    def all_awaiting(self) -> Iterator[LiveRun]:
        """The runs that wait for the end of this one, those that wait for the end of these, …"""
        found = [*self.awaited_by]
        for each in found:
            yield each
            found.extend(more for more in each.awaited_by if more not in found)

    def waits_for(self, other: LiveRun) -> bool:
        """Whether this one cannot go on before `other` ends: it follows it, or waits at a gate for it."""
        return self._is_held_up({other, *other.all_awaiting()})

    def _is_held_up(self, blocked: AbstractSet[LiveRun]) -> bool:
        if self in blocked:
            return True
        # Those inside one gate wait only at later gates, so that this ends.
        return self.gate is not None and bool(self.behind) and all(each._is_held_up(blocked) for each in self.behind)

    def time_limit(self, number: int) -> float | None:
        """Seconds that an attempt may take from now on; None is no limit."""
        limit = self.job.timeout
        if limit is None or (age := self.age(number)) is None:
            return limit
        return max(0.0, limit - age.total_seconds())

    @property
    def can_be_followed(self) -> bool:
        """Whether the next schedd can go on with it. Between two attempts, where the last was made by a worker."""
        if self.phase is not Phase.RETRYING or self.run is None:
            return self.phase is Phase.RUNNING
        return self.run.worker is not None and self.run.attempts[-1].cause is None

    def age(self, number: int) -> timedelta | None:
        """How long ago an attempt was started, once its launch is over; None for one that is started here."""
        return None if self.earlier is None or number > self.earlier.attempt else self.earlier.age()

    def launch(self, number: int) -> Launch:
        """What the launcher needs to know for an attempt."""
        return Launch(
            self.job,
            self.run_id,
            number,
            self.trigger,
            self.scheduled_at,
            self.previous_at,
            self.request.env,
            self.request.stdin,
            self.deadline,
            self.request.args,
            self.request.kwargs,
            None if self.run is None else self.run.started_at,
            self.request.by,
            self.request.arguments,
            self.request.key,
        )

    def state(self) -> LiveState:
        """A copy of what may be known outside of the engine. While no worker has an attempt, it does not run."""
        phase = self.phase
        if phase is Phase.RUNNING and self.gate is Reason.NO_WORKER:
            phase = Phase.WAITING if self.run is None else Phase.RETRYING
        return LiveState(
            self.run_id,
            self.job.name,
            self.scheduled_at,
            phase,
            self.gate,
            self.retry_at,
            self.run,
            self.request,
            self.deadline,
            self._lock_at(self.gate),
            self._held_by() if self.gate is not None else None,
        )

    def waiting_at(self, gate: Reason) -> RunWaiting:
        """The event that it waits at a gate."""
        lock, held_by = self._lock_at(gate), self._held_by()
        return RunWaiting(
            self.run_id, self.job.name, self.trigger, self.scheduled_at, gate, self.request, lock, held_by
        )

    def _lock_at(self, gate: Reason | None) -> str | None:
        return self.job.lock if gate is Reason.LOCK else None

    def _held_by(self) -> str | None:
        """Names the runs inside the gate at which it waits, the first three of them."""
        named = ", ".join(f"run {each.run_id} of {each.job.name}" for each in islice(self.behind, _NAMED))
        more = len(self.behind) - _NAMED
        return (f"{named} and {more} more" if more > 0 else named) or None

    def until(self, place: asyncio.Future[None], seconds: float | None) -> Awaitable[None]:
        """As `wait`. Without a limit nothing is needed but the place itself, which is then also done at the end."""
        if seconds is not None or isinstance(place, asyncio.Task):  # a task ends by itself only
            return self.wait(place, seconds)
        self._waiter = place
        if self.ending is not None:
            self._wake()
        return place

    async def wait(self, future: asyncio.Future[Any] | None, seconds: float | None = None) -> None:
        """Until `future` is done, `seconds` have passed, or the run is asked to end, whichever comes first."""
        if self.ending is not None or (future is not None and future.done()):
            return
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = None if seconds is None else loop.call_later(max(0.0, seconds), self._wake)
        if future is not None:
            future.add_done_callback(self._wake)
        try:
            await self._waiter
        finally:
            if future is not None:
                future.remove_done_callback(self._wake)
            if timer is not None:
                timer.cancel()

    def _wake(self, _future: object = None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def left_running(job: Job, earlier: Earlier) -> LiveRun:
    """A run that another schedd has left."""
    return LiveRun(
        job,
        earlier.run_id,
        earlier.trigger,
        earlier.scheduled_at,
        previous_at=earlier.previous_at,
        request=earlier.request,
        earlier=earlier,
        last_attempt=not earlier.is_retried,
    )


def ignore_error(answer: asyncio.Future[Any]) -> None:
    """A run that ends first, or is left to another schedd, does not wait for the answer, which may be an error."""
    if not answer.cancelled():
        answer.exception()
