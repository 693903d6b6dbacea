"""Requests and replies about jobs: `list`, `show`, `pause`, `resume` and `env`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from scheduler.wire.arguments import ArgumentsView
from scheduler.wire.requester import Requester
from scheduler.wire.runs import RunView
from scheduler.wire.times import ScheduledTime

Status = Literal["idle", "running", "waiting", "retrying", "paused", "disabled", "done"]


class PauseView(msgspec.Struct, frozen=True, kw_only=True):
    """The time in which a job's scheduled runs are skipped; `until` is null for a pause without end."""

    since: datetime
    until: datetime | None = None
    note: str = ""
    by: Requester | None = None


class RequestedView(msgspec.Struct, frozen=True, kw_only=True):
    """A run that was requested for a later time."""

    run_id: str
    at: datetime
    by: Requester | None = None
    arguments: ArgumentsView | None = None


class WaitingView(msgspec.Struct, frozen=True, kw_only=True):
    """A run that waits at a gate (`overlap`, `lock`, `capacity`, `worker`). `by`: who requested it, or null."""

    run_id: str
    waiting_for: str | None
    by: Requester | None = None
    arguments: ArgumentsView | None = None


class JobView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A job and its state. `schedule` is null if it only runs manually, `next_at` if it has no further scheduled time.

    `waiting_for` is the gate at which a run waits (`overlap`, `lock`, `capacity`, `worker`), and `waiting_on` says in
    words what it waits for: which lock, and which runs hold it. `retry_at` is when the next attempt of a failed run
    begins, `usual_duration` the median of its kept successful runs. `consecutive_failures` is how many runs in a row
    have failed, the first of them at `failing_since`; 0 and null after a success. `waiting` is how many runs wait:
    `requested` has the first ten for a later time, `queued` the first ten at a gate.
    `notification_errors` are the recipients whose latest notification was not delivered, each with the cause; one of a
    failure is left out once the job has recovered.
    """

    name: str
    description: str
    schedule: str | None
    timezone: str
    enabled: bool
    status: Status
    next_at: datetime | None = None
    last: RunView | None = None
    running: tuple[RunView, ...] = ()
    waiting_for: str | None = None
    waiting_on: str | None = None
    retry_at: datetime | None = None
    paused: PauseView | None = None
    usual_duration: float | None = None
    consecutive_failures: int = 0
    failing_since: datetime | None = None
    waiting: int = 0
    requested: tuple[RequestedView, ...] = ()
    queued: tuple[WaitingView, ...] = ()
    notification_errors: tuple[str, ...] = ()


class ListJobs(msgspec.Struct, frozen=True):
    """`list`: List all jobs, or those in `jobs`, in the order of the file."""

    jobs: tuple[str, ...] = ()


class PauseJobs(msgspec.Struct, frozen=True, kw_only=True):
    """`pause`: Skip the scheduled runs of `jobs`, or of `all` jobs of the file, for `seconds` or until `resume`.

    A pause of `all` does not replace the pause of a single job: of the two the one that ends last counts.
    """

    jobs: tuple[str, ...] = ()
    all: bool = False
    seconds: float | None = None
    note: str = ""


class ResumeJobs(msgspec.Struct, frozen=True, kw_only=True):
    """`resume`: End all pauses of `jobs`, or only that of `all`; then jobs that were paused by name stay paused."""

    jobs: tuple[str, ...] = ()
    all: bool = False


class Show(msgspec.Struct, frozen=True):
    """`show`: Show the definition and the state of one job."""

    job: str


class JobDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A job in full.

    `definition` has all keys with their effective values as JSON; what may be secret is `•••`. `origins` says for each
    where it was set: `job`, `defaults`, `override`, several of them such as `job and defaults`, or `built in`. `counts`
    are its kept decisions: `ran`, and skips by reason.
    """

    view: JobView
    definition: dict[str, Any]
    origins: dict[str, str]
    words: str | None = None
    next: tuple[ScheduledTime, ...] = ()
    runs: tuple[RunView, ...] = ()
    counts: dict[str, int] = {}


class AskEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """`env`: Show the environment of a job's runs. `shell` is the environment of the client, to compare with."""

    job: str
    reveal: bool = False
    shell: dict[str, str] = {}


class VariableView(msgspec.Struct, frozen=True, kw_only=True):
    """A variable and where it comes from. `value` is null when it is secret and `reveal` was not set.

    The origin `each run` means that `value` is an example: each run has another one.

    `here` compares the value with the client's environment.
    """

    name: str
    origin: str
    value: str | None
    here: Literal["same", "other", "missing"]


class EnvironmentView(msgspec.Struct, frozen=True, kw_only=True):
    """The environment of a job: directory, variables, and process settings.

    `only_here` are the names that only the client's environment has. `nice` is absolute, `memory_limit` is in bytes of
    address space.
    """

    job: str
    cwd: str
    variables: tuple[VariableView, ...] = ()
    only_here: tuple[str, ...] = ()
    user: str | None = None
    group: str | None = None
    umask: int | None = None
    nice: int | None = None
    memory_limit: int | None = None
