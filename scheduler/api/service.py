"""The interface `Service`: what the operations need from a daemon, or from a schedule file without one.

It returns values of the model; `views` turns them into what goes over the wire.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from scheduler.engine.later import LaterRun
from scheduler.engine.live_run import LiveState
from scheduler.engine.slices import Slices
from scheduler.launch.environment import Environment
from scheduler.model.job import Job
from scheduler.model.run import Decision, Pause, Reason, Run, RunRequest
from scheduler.report.metrics import Metrics
from scheduler.wire.daemon import ReloadView, StatusView, WorkerView
from scheduler.wire.notify import NotifyTest, RecipientView
from scheduler.wire.operations import Operation
from scheduler.wire.requester import Requester
from scheduler.wire.runs import Event, Logs, RunResult


class JobState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A job and its state at this moment; a copy.

    `next_at` is its next scheduled time, also while it is paused; None when it is disabled, only runs manually, or
    no scheduled time is left. `live` are its runs that have not finished, oldest first; `retry_at` is the earliest next
    attempt among those in back-off, set only while none of them has a process. `waiting` is the gate (OVERLAP, LOCK,
    CAPACITY) at which a run waits, `waiting_on` what that is in words. `last` is the run that
    finished last. `usual_duration` is the median of its kept successful runs, in seconds.
    `consecutive_failures` is how many runs in a row have failed, since `failing_since`; `last_success` is when one
    last finished successfully, with a store also before the start.
    `waiting_runs` is how many runs wait: those in `requested`, for a later time, and those in `queued`, at a gate.
    `notification_errors` are the recipients whose latest notification was not delivered, each with the cause.
    """

    job: Job
    next_at: datetime | None = None
    live: tuple[Run, ...] = ()
    retry_at: datetime | None = None
    waiting: Reason | None = None
    waiting_on: str | None = None
    paused: Pause | None = None
    last: Run | None = None
    usual_duration: float | None = None
    consecutive_failures: int = 0
    failing_since: datetime | None = None
    last_success: datetime | None = None
    waiting_runs: int = 0
    requested: tuple[LaterRun, ...] = ()
    queued: tuple[LiveState, ...] = ()
    notification_errors: tuple[str, ...] = ()


class Stopped(msgspec.Struct, frozen=True):
    """The result of a stop: the runs, which have finished, and the number of cancelled waiting runs."""

    runs: tuple[Run, ...] = ()
    waiting: int = 0


class Elsewhere(Protocol):
    """The active scheduler, for a service that is a standby."""

    @property
    def active(self) -> str:
        """Its name."""
        ...

    @property
    def problem(self) -> str | None:
        """Why no active scheduler is known; None when one is."""
        ...

    def stream(
        self, operation: Operation[Any, Any], ask: msgspec.Struct, by: Requester | None
    ) -> AsyncGenerator[Event, None]:
        """The events of its answer to an operation that streams."""
        ...

    async def reply(self, operation: Operation[Any, Any], ask: msgspec.Struct, by: Requester | None) -> object:
        """Its reply to another operation."""
        ...


class Service(Protocol):
    """A loaded schedule that answers questions and carries out requests.

    Only copies leave it. A question about one job costs what that job has kept. Methods that take job names raise
    UnknownNameError for a job that does not exist (any more).
    """

    environment: Environment
    """The variables that jobs inherit from the process that answers."""
    slices: Slices
    """The loop's time for long answers."""
    elsewhere: Elsewhere | None
    """Set while this service is a standby: the active scheduler carries out what concerns live runs."""

    def now(self) -> datetime:
        """The service's wall clock, aware UTC."""
        ...

    def names(self) -> Sequence[str]:
        """The names of all jobs, in the order of the file."""
        ...

    def job(self, name: str) -> Job | None:
        """One job as it was loaded; None when there is none of that name."""
        ...

    def state(self, name: str) -> JobState | None:
        """One job with its state, which costs as much as its runs that wait or run; None when there is none."""
        ...

    def status(self) -> StatusView:
        """The daemon itself. RefusedError without one (a file alone)."""
        ...

    def decisions(self, job: str) -> Sequence[Decision]:
        """The kept decisions about one job, in the order in which they were made."""
        ...

    def runs(self, job: str) -> Sequence[Run]:
        """The kept finished runs of one job, oldest first, then its live ones."""
        ...

    def run(self, run_id: str) -> Run | None:
        """The live or kept finished run with that id."""
        ...

    @property
    def metrics(self) -> Metrics:
        """The counts since the start. RefusedError without a daemon."""
        ...

    def result(self, run_id: str) -> RunResult | None:
        """The state of a run, also of a waiting or skipped one; None when it is not known or no longer kept."""
        ...

    def wait(
        self, run_ids: Sequence[str], *, output: bool = False, caller: str | None = None
    ) -> AsyncGenerator[Event, None]:
        """Follow runs until each has ended: their `Finished`, `Skipped` and `Left` events, as they come.

        With `output` all events of a run, its kept output included.

        UnknownNameError at once when one is not known; RefusedError when one waits for the end of the run `caller`.
        """
        ...

    def run_now(self, job: str, request: RunRequest, *, detach: bool) -> AsyncGenerator[Event, None]:
        """Run a job on request and stream what happens.

        Yields `Waiting` when a gate holds the run (again when the gate changes); `Started` exactly once; then `Output`,
        `Lost` and `AttemptEnded` as they come; `Finished` last. With `detach` the stream ends after the first
        `Waiting` or `Started`.

        RefusedError before `Started`, with the reason in words: the overlap policy skips the run, schedd is shutting
        down, or the waiting run was cancelled (coalesced, stopped, removed).
        Closing the stream detaches from the run, which goes on. (A Service without a daemon stops it: SIGTERM, grace,
        SIGKILL.) The run waits for its reader; a reader that takes nothing for five seconds loses output (`Lost`).
        """
        ...

    async def stop(self, target: str, *, kill: bool, by: Requester | None) -> Stopped:
        """End all runs of the job `target`, waiting ones and those in back-off included, or the run with that id.

        SIGTERM, `stop_grace`, SIGKILL, or SIGKILL at once; returns when they have ended. Nothing to stop is no error.
        UnknownNameError when it is neither a job nor a kept run. The name of a job takes precedence over a run's id.
        """
        ...

    async def pause(
        self, names: Sequence[str], *, until: datetime | None, note: str, by: Requester | None, of_all: bool = False
    ) -> None:
        """Skip the scheduled runs of these jobs; a second pause replaces the first.

        A pause `of_all` jobs is kept beside the pauses of single jobs: of a job's two the one that ends last counts.
        """
        ...

    async def resume(self, names: Sequence[str], by: Requester | None, *, of_all: bool = False) -> None:
        """Resume these jobs, from their next scheduled time on. A job that is not paused stays as it is.

        `of_all` ends only the pause of all jobs.
        """
        ...

    async def reload(self, *, plan: bool, digest: str | None = None, by: Requester | None = None) -> ReloadView:
        """Read the file and apply the difference, or only report it. ConfigError when the file is invalid.

        RefusedError when the files are no longer those of the plan with this `digest`.
        """
        ...

    async def workers(self) -> list[WorkerView]:
        """The workers that are there. RefusedError when the file names none, or their store is away."""
        ...

    async def notify_test(self, ask: NotifyTest) -> list[RecipientView]:
        """Send a test notification to a job's recipients for an event, and wait for their answers."""
        ...

    def logs(self, ask: Logs) -> AsyncGenerator[Event, None]:
        """Kept output, then live output.

        For each job of `ask.jobs` its latest run (a live one before finished ones), or the run `ask.run`: `Started`,
        `Lost` when the kept tail does not reach back to the start, `Output` in the order it was written; `Finished`
        when it has finished. With `follow`, live runs and those yet to start go on in the same way until the reader
        leaves; when a run is named, until it ends, or RefusedError when it is skipped.
        """
        ...
