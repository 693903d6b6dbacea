"""What is asked and told about one job in full: `show` and `env`. Part of the protocol, and as light as it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from scheduler.wire.envelope import JobView, RunView
from scheduler.wire.times import FireTime


class Show(msgspec.Struct, frozen=True):
    """`show`: a job as it is defined and as it stands."""

    job: str


class JobDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A job in full.

    `definition` holds the keys of the file, defaults applied, with values as JSON; what may be secret is `•••`.
    `origins` tells of each where it was set: `job`, `defaults`, `job and defaults`, or `built in`.
    `counts` are its kept decisions by verdict.
    """

    view: JobView
    definition: dict[str, Any]
    origins: dict[str, str]
    words: str | None = None
    next: tuple[FireTime, ...] = ()
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
