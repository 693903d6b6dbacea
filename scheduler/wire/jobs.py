"""Jobs: their definition and state, pausing and resuming them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from scheduler.wire.requester import Requester
from scheduler.wire.runs import RunView
from scheduler.wire.times import ScheduledTime

Status = Literal["idle", "running", "waiting", "retrying", "paused", "disabled", "done"]


class PauseView(msgspec.Struct, frozen=True, kw_only=True):
    """From when until when a job's scheduled runs are skipped; `until` null is until resumed or restarted."""

    since: datetime
    until: datetime | None = None
    note: str = ""
    by: Requester | None = None


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job and its state. `schedule` is null when it runs on request only, `next_at` when no scheduled time is left.

    `waiting_for` is the gate at which a run waits (`overlap`, `lock`, `capacity`), `retry_at` when the next attempt
    of a run in back-off begins, `usual_duration` the median of its kept successful runs. `consecutive_failures` is how
    many runs in a row have failed, the first of them at `failing_since`; 0 and null after a success.
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
    retry_at: datetime | None = None
    paused: PauseView | None = None
    usual_duration: float | None = None
    consecutive_failures: int = 0
    failing_since: datetime | None = None


class ListJobs(msgspec.Struct, frozen=True):
    """`list`: all jobs, or those named, in the order of the file."""

    jobs: tuple[str, ...] = ()


class PauseJobs(msgspec.Struct, frozen=True, kw_only=True):
    """`pause`: the jobs named, or all there are now; for `seconds`, else until resumed."""

    jobs: tuple[str, ...] = ()
    all: bool = False
    seconds: float | None = None
    note: str = ""


class ResumeJobs(msgspec.Struct, frozen=True, kw_only=True):
    """`resume`: the jobs named, or all."""

    jobs: tuple[str, ...] = ()
    all: bool = False


class Show(msgspec.Struct, frozen=True):
    """`show`: a job as it is defined and as it stands."""

    job: str


class JobDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A job in full.

    `definition` holds the keys of the file, defaults applied, with values as JSON; what may be secret is `•••`.
    `origins` tells of each where it was set: `job`, `defaults`, `job and defaults`, or `built in`.
    `counts` are its kept decisions by reason.
    """

    view: JobView
    definition: dict[str, Any]
    origins: dict[str, str]
    words: str | None = None
    next: tuple[ScheduledTime, ...] = ()
    runs: tuple[RunView, ...] = ()
    counts: dict[str, int] = {}


class AskEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """`env`: what every run of a job finds in its environment. `shell` is the asker's own, to compare with."""

    job: str
    reveal: bool = False
    shell: dict[str, str] = {}


class VariableView(msgspec.Struct, frozen=True, kw_only=True):
    """A variable, and where it comes from. `value` is null unless it is harmless or was to be revealed.

    `here` compares with the asker's shell.
    """

    name: str
    origin: str
    value: str | None
    here: Literal["same", "other", "missing"]


class EnvironmentView(msgspec.Struct, frozen=True, kw_only=True):
    """The environment of a job, the names that only the asker's shell has, and the job's other circumstances.

    `nice` is absolute, `memory_limit` bytes of address space.
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
