"""Other processes as /proc shows them: their relations, names, environments, and who holds a pipe."""

# Building Path objects would double the time of a scan of a few hundred processes.
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
    """One process at the time of a scan. `dead` is a zombie: only its exit code is left of it.

    `parent`, `group` and `session` are process ids; `started` is in clock ticks since the machine booted.
    """

    pid: int
    name: str
    parent: int
    group: int
    session: int
    started: int
    dead: bool

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.name})"


def scan() -> list[Seen]:
    """Every process that is visible; none where /proc is that of another PID namespace. Some 12 µs a process."""
    try:
        if os.readlink("/proc/self") != str(os.getpid()):
            return []
        entries = os.listdir("/proc")
    except OSError:
        return []
    return [process for entry in entries if entry.isdigit() and (process := see(entry))]


def see(pid: str) -> Seen | None:
    """One process, if it exists; see proc_pid_stat(5). The name may itself contain parentheses and spaces."""
    stat = _content(f"/proc/{pid}/stat", 4096)
    if not stat:
        return None
    head, _, rest = stat.rpartition(b")")
    name = printable_bytes(head.partition(b"(")[2].replace(b"\n", b" ")).decode()
    state, parent, group, session, *more = rest.split()
    # A process whose first thread has ended while others go on shows the state of a zombie too; it has threads left.
    dead = state in b"ZX" and int(more[13]) <= 1
    return Seen(int(pid), name, int(parent), int(group), int(session), int(more[15]), dead)


def with_descendants(roots: Iterable[Seen], seen: Iterable[Seen]) -> list[Seen]:
    """These processes of a scan, their children, the children of those, and so on."""
    children: dict[int, list[Seen]] = {}
    for process in seen:
        children.setdefault(process.parent, []).append(process)
    found = {process.pid: process for process in roots}
    unvisited = list(found)
    while unvisited:
        for child in children.get(unvisited.pop(), ()):
            if child.pid not in found:
                found[child.pid] = child
                unvisited.append(child.pid)
    return list(found.values())


def environment_of(pid: int, with_variable: bytes = b"") -> dict[bytes, bytes]:
    """The environment with which a process was started; empty when it is not readable or was overwritten.

    Empty also when it does not have the variable `with_variable`.
    """
    content = _content(f"/proc/{pid}/environ", 4 * 1024 * 1024)
    if with_variable not in content:
        return {}
    return dict(entry.split(b"=", 1) for entry in content.split(b"\0") if b"=" in entry)


def command_of(pid: int) -> list[str]:
    """The program and arguments of a process; empty when they are not readable."""
    return [os.fsdecode(word) for word in _content(f"/proc/{pid}/cmdline", 4 * 1024 * 1024).split(b"\0")[:-1]]


def _content(path: str, most: int) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(descriptor, most)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def holder_of(pipe: int, candidates: Iterable[Seen]) -> Seen | None:
    """The first candidate, other than this process, that has the pipe behind our descriptor `pipe` open.

    None where there is no /proc.
    """
    try:
        name = os.readlink(f"/proc/self/fd/{pipe}")
    except OSError:
        return None
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


class SharedScan:
    """One scan of /proc for everyone who asks within a moment: a hundred children may be stopped at once."""

    def __init__(self) -> None:
        self._next: asyncio.Task[list[Seen]] | None = None

    async def next(self) -> list[Seen]:
        """The result of a scan that begins after this call."""
        if self._next is None:
            self._next = asyncio.create_task(self._soon())
        return await asyncio.shield(self._next)

    async def _soon(self) -> list[Seen]:
        await asyncio.sleep(0.01)
        self._next = None
        return scan()
