"""Tests with real children leave nothing behind: no descriptor, no process."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.process.redis_server import redis_server

PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture(scope="session", autouse=True)
def _orphans_come_to_us() -> None:
    """A process whose parent dies becomes our child, as it would become PID 1's in a container."""
    assert ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    before, earlier = _descriptors(), {*_children()}  # a test of another folder may have left some
    yield
    left = _survivors(earlier, within=2.0)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    _survivors(earlier, within=2.0)
    assert not left, f"processes still alive after the test: {left}"
    gc.collect()
    end = time.monotonic() + 5.0  # a thread that gives a connection up may still be at it
    while len(after := _descriptors()) > len(before) and time.monotonic() < end:
        time.sleep(0.01)
    assert len(after) <= len(before), f"descriptors still open after the test: {after - before}"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """That of a Redis of the test."""
    with redis_server(tmp_path) as found:
        yield found


def _descriptors() -> set[str]:
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.add(f"{link.name} -> {link.readlink()}")
    return found


def _survivors(earlier: set[str], within: float) -> dict[str, str]:
    """Children besides the earlier ones that live on, by pid; dead ones are reaped."""
    deadline = time.monotonic() + within
    while True:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        pids = [pid for pid in _children() if pid not in earlier]
        if not pids or time.monotonic() > deadline:
            return {pid: Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in pids}
        time.sleep(0.01)


def _children() -> list[str]:
    found = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            found += (task / "children").read_text().split()
    return found
