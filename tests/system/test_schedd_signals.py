"""What signals do to schedd that it does not get every day, and signals that its parent has blocked or ignored."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from tests.system.programs import BIN, schedd, write

JOBS = 'jobs: {tick: {schedule: "@every 1s", command: "true"}}'

BLOCKED = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize(
    "number", [signal.SIGUSR1, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO, signal.SIGSTKFLT]
)
def test_a_signal_without_a_meaning_is_logged_and_changes_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """C3"""
    with schedd(write(tmp_path / "schedules.yaml", JOBS)) as running:
        running.signal(number)
        running.says("signal ignored", number.name)
        running.signal(signal.Signals.SIGRTMIN)
        running.says("signal ignored", "SIGRTMIN+0")
        count = len(running.lines("run finished"))
        running.says("run finished", times=count + 1)
        assert running.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGPWR, signal.SIGXCPU])
def test_some_signals_drain_as_sigterm_does(tmp_path: Path, number: signal.Signals) -> None:
    """C3"""
    with schedd(write(tmp_path / "schedules.yaml", JOBS)) as running:
        running.says("run started")
        running.signal(number)
        running.says("shutting down")
        assert running.ends() == 0


def test_signals_that_the_parent_has_blocked_and_ignored_work(tmp_path: Path) -> None:
    """C4"""
    jobs = 'jobs: {tick: {schedule: "@every 1s", command: "grep -E SigBlk:.0+$ /proc/self/status"}}'
    program = (sys.executable, "-c", BLOCKED, str(BIN / "schedd"))
    with schedd(write(tmp_path / "schedules.yaml", jobs), program=program) as running:
        running.says("run finished", "outcome=succeeded")
        running.signal(signal.SIGUSR2)
        running.says("configuration changed", times=2)
        assert running.stop() == 0
