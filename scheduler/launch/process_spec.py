"""What the kernel is asked to run."""

from __future__ import annotations

import msgspec

from scheduler.launch.account import Account


class ProcessSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A program with all that it finds at its start.

    `program` is an absolute path; `argv` includes the name it goes by. `nice` is absolute, `memory_limit` bytes of
    address space. `inherited` are descriptors that the child keeps under the same numbers, `stdin` is the one that it
    reads from, None for nothing to read.
    """

    program: str
    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    account: Account | None = None
    umask: int | None = None
    nice: int | None = None
    memory_limit: int | None = None
    inherited: tuple[int, ...] = ()
    stdin: int | None = None
