"""A schedd whose loop has died is never healthy: exit code, status and watchdog show it."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.programs import Schedd, eventually, schedctl, schedd, write

FAULTY = Path(__file__).with_name("schedd_with_a_fault.py")

JOBS = """
    jobs:
      tick: {schedule: "@every 1s", command: "true"}
      long: {command: "while [ ! -e go ]; do sleep 0.1; done; echo long is done"}
"""


@contextmanager
def faulty(tmp_path: Path, fault: str, watchdog: str = "") -> Iterator[tuple[Schedd, Path, Path]]:
    file, trigger = write(tmp_path / "schedules.yaml", JOBS), tmp_path / "fault"
    with schedd(
        file,
        program=(sys.executable, str(FAULTY)),
        FAULT=fault,
        FAULT_FILE=str(trigger),
        NOTIFY_SOCKET=watchdog,
        WATCHDOG_USEC="400000",
    ) as running:
        running.says("run finished", "job=tick")
        yield running, file, trigger


@pytest.mark.parametrize("fault", ["clock", "timetable"])
def test_a_bug_that_ends_the_loop_lets_runs_finish_and_exits_with_70(tmp_path: Path, fault: str) -> None:
    """C5"""
    with faulty(tmp_path, fault) as (running, file, trigger):
        assert schedctl("-c", file, "status", "--exit-code").returncode == 0
        assert schedctl("-c", file, "run-now", "long", "--detach").returncode == 0
        trigger.touch()
        eventually(lambda: schedctl("-c", file, "status", "--exit-code").returncode == 1)
        (tmp_path / "go").touch()
        assert running.ends() == 70
        assert "InjectedError" in running.log + running.errors
        running.says("exits with 70")
        running.says("long is done")
        running.says("stopped")


def test_a_loop_that_hangs_starves_the_watchdog_and_fails_the_health_check(tmp_path: Path) -> None:
    """C5"""
    address = f"\0schedd-test-{os.getpid()}-{time.monotonic_ns()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(10)
        with faulty(tmp_path, "hang", watchdog="@" + address[1:]) as (_, file, trigger):
            trigger.touch()
            eventually(lambda: schedctl("-c", file, "status", "--exit-code").returncode == 1)
            assert "s overdue" in schedctl("-c", file, "status").stdout
            manager.setblocking(False)
            try:
                while True:
                    manager.recv(4096)
            except BlockingIOError:
                pass
            manager.settimeout(1)
            with pytest.raises(TimeoutError):
                manager.recv(4096)
