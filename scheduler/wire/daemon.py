"""Requests and replies about the daemon itself: `status` and `reload`."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scheduler.errors import Problem
from scheduler.wire.requester import Requester


class ClockJump(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the wall clock, or a suspend, by `seconds`; negative is back."""

    at: datetime
    seconds: float


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon. `uptime` is in seconds, `timezone` is that of `defaults`. `reload_error` has the errors of the file
    if the last reload failed.

    `standby_of` is the active scheduler while this one is a standby, or is null.
    `decisions` counts decisions since the start: `ran`, and skips by reason. `ticking` is false during the shutdown.
    `problem` says why scheduled runs are overdue, or why no active scheduler is known, or is null.
    `store_up` is whether the store of the workers answers, or null where the file names none.
    `running` and `waiting` count runs.
    `dropped_lines` counts lines of the log that could not be written. `notification_errors` has, by job, the
    recipients whose latest notification was not delivered, each with the cause.
    """

    version: str
    pid: int
    started_at: datetime
    uptime: float
    file: str
    timezone: str = "UTC"
    loaded_at: datetime
    reload_error: str | None
    ticking: bool
    problem: str | None = None
    jobs: int
    disabled: int
    paused: int
    running: int
    waiting: int
    next_at: datetime | None
    next_job: str | None
    decisions: dict[str, int]
    clock_jumps: tuple[ClockJump, ...] = ()
    dropped_lines: int = 0
    notification_errors: dict[str, tuple[str, ...]] = {}
    standby_of: str | None = None
    store_up: bool | None = None


class KeyChange(msgspec.Struct, frozen=True):
    """A key of a job with its values before and after, as text; null where it is not set. Secrets are masked."""

    key: str
    before: str | None = None
    after: str | None = None


class JobChange(msgspec.Struct, frozen=True, kw_only=True):
    """A job that a reload adds, changes or removes: its next scheduled time before and after, and the keys that differ.

    For an added job, `keys` are those that the file sets. A changed secret has the same mask before and after.
    """

    name: str
    next_before: datetime | None = None
    next_after: datetime | None = None
    keys: tuple[KeyChange, ...] = ()


class ReloadView(msgspec.Struct, frozen=True, kw_only=True):
    """What a reload changed, or would change if `applied` is false. `unchanged` is the number of unchanged jobs.

    `digest` identifies the content of the files that were read: `reload` with it applies this plan or none.
    `by` is who asked for it.
    """

    applied: bool
    added: tuple[JobChange, ...] = ()
    changed: tuple[JobChange, ...] = ()
    removed: tuple[JobChange, ...] = ()
    unchanged: int = 0
    warnings: tuple[Problem, ...] = ()
    digest: str = ""
    by: Requester | None = None


class AskStatus(msgspec.Struct, frozen=True):
    """`status`: Describe the daemon."""


class Reload(msgspec.Struct, frozen=True):
    """`reload`: Read the file and apply the changes, or with `plan` only report them.

    With the `digest` of a plan, the request is refused if the files have changed since.
    """

    plan: bool = False
    digest: str | None = None


class AskWorkers(msgspec.Struct, frozen=True):
    """`workers`: List the workers that reported within the last ten seconds."""


class WorkerView(msgspec.Struct, frozen=True, kw_only=True):
    """A worker of the file's `launcher`, and the ids of the runs that it executes.

    `same_file`: its schedule file has the same jobs as that of schedd.
    """

    name: str
    version: str
    file: str
    same_file: bool
    since: datetime
    runs: tuple[str, ...] = ()


class AskMetrics(msgspec.Struct, frozen=True):
    """`metrics`: Return metrics in Prometheus' text format, or in OpenMetrics."""

    openmetrics: bool = False
