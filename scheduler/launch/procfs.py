"""What /proc tells about other processes: who lives in which group, what they are called, who holds a pipe."""

# Building Path objects would double the time of a look at a few hundred processes.
# ruff: noqa: PTH115, PTH208

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable

import msgspec

from scheduler.text import printable_bytes

_MOST_LINKS = 4096
"""Descriptors looked at in search of a pipe's holder: about 10 ms."""


class Seen(msgspec.Struct, frozen=True):
    """One process as /proc shows it. `dead` is a zombie: only its exit code is left of it."""

    pid: int
    name: str
    group: int
    dead: bool

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.name})"


def look() -> list[Seen]:
    """Every process that can be seen; none without a /proc of our own."""
    try:
        # A /proc of another PID namespace speaks of other processes.
        if os.readlink("/proc/self") != str(os.getpid()):
            return []
        entries = os.listdir("/proc")
    except OSError:
        return []
    return [process for entry in entries if entry.isdigit() and (process := _read(entry))]


def _read(pid: str) -> Seen | None:
    """proc_pid_stat(5). The name stands in parentheses and may itself contain some, and spaces."""
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return None
    try:
        stat = os.read(descriptor, 4096)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    head, _, rest = stat.rpartition(b")")
    name = printable_bytes(head.partition(b"(")[2].replace(b"\n", b" ")).decode()
    state, _parent, group, *more = rest.split()
    # A process whose first thread has ended while others go on shows the state of a zombie too; it has threads left.
    dead = state in b"ZX" and int(more[14]) <= 1
    return Seen(int(pid), name, int(group), dead)


def holder_of(pipe: int, candidates: Iterable[Seen]) -> Seen | None:
    """The first candidate, other than this process, that has the pipe behind our descriptor `pipe` open."""
    name = os.readlink(f"/proc/self/fd/{pipe}")
    own = os.getpid()
    links = 0
    for process in candidates:
        if process.dead or process.pid == own:
            continue
        for link in _descriptors(process.pid):
            links += 1
            if links > _MOST_LINKS:
                return None
            with contextlib.suppress(OSError):
                if os.readlink(link) == name:
                    return process
    return None


def _descriptors(pid: int) -> list[str]:
    folder = f"/proc/{pid}/fd"
    try:
        return [f"{folder}/{descriptor}" for descriptor in os.listdir(folder)]
    except OSError:  # gone, or another user's
        return []


class Looks:
    """One look at /proc for everyone who asks within a moment: a hundred children may be stopped at once."""

    def __init__(self) -> None:
        self._next: asyncio.Task[list[Seen]] | None = None

    async def next(self) -> list[Seen]:
        """What a look shows that begins after this call."""
        if self._next is None:
            self._next = asyncio.create_task(self._soon())
        return await asyncio.shield(self._next)

    async def _soon(self) -> list[Seen]:
        await asyncio.sleep(0.01)
        self._next = None
        return look()
