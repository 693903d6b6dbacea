"""A firing on its way: what is known of it now, how it waits, and how it is asked to end."""

from __future__ import annotations

import asyncio
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from scheduler.launch.launcher import Child
from scheduler.launch.output import RunOutput
from scheduler.model.job import Job
from scheduler.model.run import Reason, Run, Trigger
from scheduler.wire.requester import Requester


class Phase(StrEnum):
    """What a firing is doing."""

    WAITING = "waiting"  # for its turn, a lock or capacity
    RUNNING = "running"
    RETRYING = "retrying"  # in the delay between two attempts
    DONE = "done"


class LiveRun(msgspec.Struct, eq=False):
    """A slot taken, or a request by hand, from due to done.

    Waiting for a lock or capacity ends at `deadline`; None is no end. Only the Runner changes a firing; others may
    read it, `end` it, `kill` it, and set `observer` to be woken when it moves on.
    """

    job: Job
    run_id: str
    trigger: Trigger
    scheduled_at: datetime
    deadline: datetime | None = None
    previous_at: datetime | None = None
    extra_env: dict[str, str] = {}
    by: Requester | None = None
    phase: Phase = Phase.WAITING
    gate: Reason | None = None
    retry_at: datetime | None = None
    run: Run | None = None
    output: RunOutput | None = None
    child: Child | None = None
    ending: Reason | None = None
    last_attempt: bool = False
    skipped: Reason | None = None
    observer: asyncio.Event | None = None
    _waiter: asyncio.Future[None] | None = None

    def end(self, why: Reason) -> None:
        """Ask it to end: TERM to what runs, no further attempt, no more waiting. The first reason counts."""
        if self.ending is None:
            self.ending = why
            self.last_attempt = True
            self._wake()

    def kill(self) -> None:
        """End it with KILL, now, also when it is being ended with TERM."""
        self.end(Reason.STOPPED)
        if self.child is not None:
            self.child.kill()

    def moved(self) -> None:
        """Something about it is different; tell who looks on."""
        if self.observer is not None:
            self.observer.set()

    async def wait(self, future: asyncio.Future[Any] | None, seconds: float | None = None) -> None:
        """Until `future` is done, `seconds` have passed, or the firing is asked to end, whichever comes first."""
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
