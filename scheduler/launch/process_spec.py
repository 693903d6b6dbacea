"""The process that the kernel is asked to start."""

from __future__ import annotations

import msgspec

from scheduler.launch.account import Account
from scheduler.model.job import ProcessSettings


class ProcessSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A program with its environment, user and limits.

    `program` is an absolute path; `argv` includes the name under which it is called. `account` is what the user and
    group of `settings` resolve to, None for schedd's own. `stdin` is the descriptor that it reads from, None for
    nothing to read.
    """

    run_id: str
    program: str
    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    account: Account | None = None
    settings: ProcessSettings = ProcessSettings()
    stdin: int | None = None
