"""What the daemon can be asked for: the protocol `Service`, over which every verb is written.

It speaks in the model's values; `verbs` turns them into views. A schedule file without a daemon is a Service too.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from scheduler.model.job import Job
from scheduler.model.run import Decision, Pause, Reason, Run
from scheduler.wire.daemon import ReloadView, StatusView
from scheduler.wire.notify import NotifyTest, RecipientView
from scheduler.wire.runs import Event, Logs, RunNow


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """A job and what is the case with it at this moment; a copy.

    `next_at` is its next slot, also when it is paused; None when disabled, by hand only, or nothing is to come.
    `live` are its runs that are not over, oldest first; `retry_at` the earliest next attempt among those in back-off,
    set only while none of them has a process. `waiting` is the gate (OVERLAP, LOCK, CAPACITY) at which a firing waits.
    `last` is the run that finished last. `usual_duration` is the median of its kept successful runs, in seconds.
    """

    job: Job
    next_at: datetime | None = None
    live: tuple[Run, ...] = ()
    retry_at: datetime | None = None
    waiting: Reason | None = None
    paused: Pause | None = None
    last: Run | None = None
    usual_duration: float | None = None


class Stopped(msgspec.Struct, frozen=True):
    """What a stop ended: runs, now over, and how many waiting firings."""

    runs: tuple[Run, ...] = ()
    waiting: int = 0


class Service(Protocol):
    """A loaded schedule that answers.

    Job names reaching these methods were found in `jobs()` in the same turn of the loop, but for `run_now`, `stop` and
    `logs`, which await and therefore raise UnknownNameError when the job has gone meanwhile.
    """

    def now(self) -> datetime:
        """The service's wall clock, aware UTC."""
        ...

    def jobs(self) -> Sequence[JobState]:
        """Every job, in the order of the file."""
        ...

    def status(self) -> StatusView:
        """The daemon itself. RefusedError where there is none (a file alone)."""
        ...

    def decisions(self) -> Sequence[Decision]:
        """The kept decisions of all jobs, oldest first by `last`. Copies."""
        ...

    def runs(self) -> Sequence[Run]:
        """The kept finished runs of all jobs, by hand ones included, oldest first, then the live ones."""
        ...

    def run_now(self, ask: RunNow) -> AsyncGenerator[Event, None]:
        """Fire a job by hand and tell what happens.

        Yields `Waiting` when a gate holds it (again when the gate changes); `Started` exactly once; then `Output`,
        `Lost` and `AttemptEnded` as they come; `Finished` last. With `detach` the iterator ends after the first
        `Waiting` or `Started`.

        RefusedError before `Started`, with the reason in words: the overlap policy skips it, schedd is shutting down,
        or the waiting firing ended another way (coalesced, stopped, removed).
        Closing the iterator detaches: the firing goes on without a reader. (A Service without a daemon stops the run:
        TERM, grace, KILL.) The run waits for its reader; one who takes nothing for five seconds loses output (`Lost`).
        """
        ...

    async def stop(self, target: str, *, kill: bool) -> Stopped:
        """End all runs, back-off and the waiting firing of the job `target`, or the live run with that id.

        TERM, `stop_grace`, KILL to the groups, or KILL at once; returns when they are gone. Nothing to stop is no
        error. UnknownNameError when it is neither a job nor a kept run. A job's name wins over a run's id.
        """
        ...

    def pause(self, names: Sequence[str], *, until: datetime | None, note: str) -> None:
        """Pass over the slots of these jobs; a second pause replaces the first."""
        ...

    def resume(self, names: Sequence[str]) -> None:
        """Take slots again, from the next one on. A job that is not paused is left as it is."""
        ...

    async def reload(self, *, plan: bool) -> ReloadView:
        """Read the file and take over the difference, or only tell it. ConfigError when the file is refused."""
        ...

    async def notify_test(self, ask: NotifyTest) -> list[RecipientView]:
        """Send a test notification to a job's recipients for an event, and wait for their answers."""
        ...

    def logs(self, ask: Logs) -> AsyncGenerator[Event, None]:
        """Kept output, then live.

        For each job of `ask.jobs` its latest run (a live one before finished ones), or the run `ask.run`: `Started`,
        `Lost` when the kept tail does not reach back to the start, `Output` in the order it was written; `Finished`
        when it is over. With `follow`, live runs and those yet to start go on in the same way until the reader leaves;
        when a run is named, until it ends. UnknownNameError for a run that is not kept (any more).
        """
        ...
