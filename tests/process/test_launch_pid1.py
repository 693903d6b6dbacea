"""As a container's init: orphans are reaped, and no child's exit code is taken away from it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

NAMESPACE = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]

RUNS = 2_000
"""10,000 take half a minute and show the same; `python -m tests.process.init 10000` under `unshare` runs them."""


def have_namespaces() -> bool:
    try:
        return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not have_namespaces(), reason="no PID namespaces for us here")
@pytest.mark.parametrize("proc", [["--mount-proc"], []], ids=["own /proc", "the outer /proc"])
def test_as_pid_1_every_exit_code_is_right_and_no_zombie_stays(proc: list[str]) -> None:
    """P6"""
    command = [*NAMESPACE, *proc, sys.executable, "-m", "tests.process.init", str(RUNS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert json.loads(done.stdout) == {"pid": 1, "wrong": 0, "zombies": 0}
