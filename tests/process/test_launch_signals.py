"""Children start with the default signals, also when our own parent has blocked or ignored some."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from tests.process.workshop import run
for keys in {}, {"memory_limit": 1 << 30}:
    ended, log = run("grep -E 'SigBlk|SigIgn' /proc/self/status", **keys)
    print(ended.code, *(line.split()[1].decode() for line in log.lines()), flush=True)
"""


def set_up() -> None:
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGALRM, signal.SIGCHLD, signal.SIGTTOU, signal.SIGRTMIN + 3):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGUSR2, signal.SIGRTMIN + 4})


@pytest.mark.parametrize("parent", [None, set_up])
def test_signals_are_unblocked_and_reset_for_jobs(parent: None) -> None:
    """C4"""
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        preexec_fn=parent,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    for line in done.stdout.splitlines():
        code, blocked, ignored = line.split()
        # glibc itself lets children ignore its own two signals.
        assert (code, int(blocked, 16), int(ignored, 16) & ~(0b11 << 31)) == ("0", 0, 0)
    assert len(done.stdout.splitlines()) == 2, done.stderr
