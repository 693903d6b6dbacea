"""Requests and replies about the daemon itself: `status` and `reload`."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scheduler.errors import Problem


class ClockJump(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the wall clock, or a suspend, by `seconds`; negative is back."""

    at: datetime
    seconds: float


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon. `uptime` is in seconds, `timezone` is that of `defaults`. `reload_error` lists the errors of the
    file as it is now, or is null.

    `decisions` counts decisions since the start: `ran`, and skips by reason. `ticking` is false once it is shutting
    down. `running` and `waiting` count runs. `dropped_lines` counts lines of the log that could not be written.
    `notification_errors` has, by job, the recipients whose latest notification was not delivered, each with the cause.
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


class JobChange(msgspec.Struct, frozen=True, kw_only=True):
    """A job that a reload adds, changes or removes, and its next scheduled time before and after."""

    name: str
    next_before: datetime | None = None
    next_after: datetime | None = None


class ReloadView(msgspec.Struct, frozen=True, kw_only=True):
    """What a reload did, or would do when `applied` is false. `unchanged` counts the jobs that stay as they are."""

    applied: bool
    added: tuple[JobChange, ...] = ()
    changed: tuple[JobChange, ...] = ()
    removed: tuple[JobChange, ...] = ()
    unchanged: int = 0
    warnings: tuple[Problem, ...] = ()


class AskStatus(msgspec.Struct, frozen=True):
    """`status`: describe the daemon."""


class Reload(msgspec.Struct, frozen=True):
    """`reload`: read the file again and apply it; with `plan` only report what would change."""

    plan: bool = False
