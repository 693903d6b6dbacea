"""The daemon itself: its status, and reloading its file."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scheduler.errors import Problem


class ClockJump(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the wall clock, or a suspend: by how many seconds, negative is back."""

    at: datetime
    seconds: float


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon. `timezone` is that of `defaults`, `reload_error` is why the file as it is now was refused, or null.

    `decisions` counts slots since the start by reason; `ticking` is false once it drains.
    `dropped_lines` counts lines of the log that could not be written. `notification_errors` has, by job, the recipients
    whose latest notification was not delivered, each with the cause.
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
    """A job that a reload adds, changes or removes, and its next slot before and after."""

    name: str
    next_before: datetime | None = None
    next_after: datetime | None = None


class ReloadView(msgspec.Struct, frozen=True, kw_only=True):
    """What a reload did, or would do when `applied` is false. `unchanged` counts the jobs it leaves alone."""

    applied: bool
    added: tuple[JobChange, ...] = ()
    changed: tuple[JobChange, ...] = ()
    removed: tuple[JobChange, ...] = ()
    unchanged: int = 0
    warnings: tuple[Problem, ...] = ()


class AskStatus(msgspec.Struct, frozen=True):
    """`status`: the daemon itself."""


class Reload(msgspec.Struct, frozen=True):
    """`reload`: read the file again; `plan` only tells what would change."""

    plan: bool = False
