"""Explanations of failures, without a child: memory, tracebacks, accounts, processes in /proc."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scheduler.launch.exit_causes import explain_exit, explain_memory, last_of_traceback
from scheduler.launch.oom import OomKills
from scheduler.launch.procfs import holder_of, scan
from scheduler.model.target import Argv, Entrypoint, ShellCommand, Target


@pytest.mark.parametrize(
    ("cgroup", "file"),
    [
        ("0::/app.slice/schedd.service\n", "app.slice/schedd.service/memory.events"),
        ("0::/\n", "memory.events"),
        ("0::/docker/abc\n", "memory.events"),
        ("5:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/\n", "memory/docker/abc/memory.oom_control"),
        ("4:memory:/docker/abc\n0::/\n", "memory/memory.oom_control"),
    ],
)
def test_kills_of_the_cgroup_are_counted_in_both_versions(tmp_path: Path, cgroup: str, file: str) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(cgroup)
    counter = tmp_path / "sys/fs/cgroup" / file
    counter.parent.mkdir(parents=True)
    counter.write_text("low 0\noom 3\noom_kill 2\noom_group_kill 0\n")
    kills = OomKills(tmp_path)
    assert kills.count() == 2
    counter.write_text("oom_kill 3\n")
    assert kills.count() == 3


def test_without_a_cgroup_that_counts_nothing_is_claimed(tmp_path: Path) -> None:
    assert OomKills(tmp_path).count() is None
    assert explain_memory((None, 3)) is None


def test_a_kill_differs_from_a_lack_of_memory() -> None:
    assert explain_memory((2, 2)) == "it was not the out-of-memory killer of schedd's cgroup"
    assert explain_memory((2, 3)) == "the out-of-memory killer killed a process in schedd's cgroup during this run"


@pytest.mark.parametrize(
    ("target", "code", "signal", "words"),
    [
        (Argv(("x",)), 127, None, ["a command was not found; PATH is /bin"]),
        (Argv(("x",)), 137, None, []),
        (ShellCommand("x"), 137, None, ["137 is how a shell reports that its command was killed by SIGKILL"]),
        (ShellCommand("x"), 165, None, ["165 is how a shell reports that its command was killed by signal 37"]),
        (ShellCommand("x"), 128, None, []),
        (Entrypoint("a:b"), 127, None, []),
        (Entrypoint("a:b"), 137, 9, ["killed by SIGKILL"]),
        (Argv(("x",)), 165, 37, ["killed by signal 37"]),
    ],
)
def test_exits_are_explained_by_what_ran(target: Target, code: int, signal: int | None, words: list[str]) -> None:
    assert list(explain_exit(code, signal, target=target, path="/bin", cwd="/")) == words


TRACEBACK = b'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    1 / 0\n    ~~^~~\n'


@pytest.mark.parametrize(
    ("stderr", "line"),
    [
        (b"", None),
        (b"Error: something\n", None),
        (TRACEBACK + b"ZeroDivisionError: division by zero\n", "ZeroDivisionError: division by zero"),
        (TRACEBACK + b"ZeroDivisionError: division by zero\nlast words\n", "ZeroDivisionError: division by zero"),
        (TRACEBACK + b"KeyError: 1\n\nDuring handling ...\n\n" + TRACEBACK + b"app.Bad: 2\r\n", "app.Bad: 2"),
        (TRACEBACK + b"KeyboardInterrupt", "KeyboardInterrupt"),
        (TRACEBACK + b"E: \x1b[31m\xff\n", r"E: \x1b[31m\xff"),
        (TRACEBACK + b"E: " + b"x" * 500, "E: " + "x" * 197),
        (TRACEBACK, None),
    ],
)
def test_the_exception_of_a_traceback_is_found(stderr: bytes, line: str | None) -> None:
    """L3"""
    assert last_of_traceback(stderr) == line


def test_a_look_at_proc_shows_ourselves_alive() -> None:
    ourselves = next(process for process in scan() if process.pid == os.getpid())
    assert (ourselves.group, ourselves.dead) == (os.getpgrp(), False)
    assert str(ourselves) == f"pid {os.getpid()} ({ourselves.name})"


def test_we_ourselves_are_never_the_holder_of_a_pipe() -> None:
    reading, writing = os.pipe()
    try:
        assert holder_of(reading, scan()) is None
    finally:
        os.close(reading)
        os.close(writing)


def test_a_launch_asks_for_the_count_once_a_second(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/\n")
    counter = tmp_path / "sys/fs/cgroup/memory.events"
    counter.parent.mkdir(parents=True)
    counter.write_text("oom_kill 2\n")
    kills = OomKills(tmp_path)
    assert kills.lately(100.0) == 2
    counter.write_text("oom_kill 3\n")
    assert kills.lately(100.9) == 2
    assert kills.lately(101.0) == 3
