"""What keeps a job from running, as people meet it: conditions, and a schedd that starts paused."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.system.programs import eventually, processes_with, schedctl, schedd, write


def test_run_if_decides_about_scheduled_and_manual_runs_and_leaves_nothing_behind(tmp_path: Path) -> None:
    file = write(
        tmp_path / "schedules.yaml",
        """
        jobs:
          leader: {schedule: "@every 1s", command: echo leading, run_if: [test, -e, leader]}
          follower: {schedule: "@every 1s", command: echo never, run_if: echo not the leader; exit 1}
          broken: {schedule: "@every 1s", command: echo never, run_if: "sleep 4711", run_if_timeout: 0.1s}
        """,
    )
    (tmp_path / "leader").touch()
    with schedd(file) as running:
        running.says("[leader] leading")
        running.says("level=info", 'event="run skipped"', "job=follower", "reason=condition", 'note="not the leader"')
        running.says("level=warning", 'event="run skipped"', "job=broken", 'note="run_if took longer than 0.1s"')
        asked = schedctl("-c", file, "run-now", "follower")
        assert (asked.returncode, asked.stderr) == (
            5,
            "schedctl: not started: follower: its run_if did not allow it: not the leader\n",
        )
        why = schedctl("-c", file, "why", "follower").stdout
        assert "was skipped: its run_if did not allow it (not the leader)." in why
        assert "if its run_if allows it" in schedctl("-c", file, "next", "leader").stdout
        assert running.stop() == 0
        assert "never" not in running.log
    assert processes_with("4711") == []


def test_a_condition_that_a_killed_schedd_leaves_is_no_run(tmp_path: Path) -> None:
    file = write(
        tmp_path / "schedules.yaml",
        """
        jobs:
          tested: {schedule: "@reboot", command: echo never, run_if: "touch asked; sleep 4712", run_if_timeout: 1h}
        """,
    )
    try:
        with schedd(file) as first:
            eventually((tmp_path / "asked").exists)
            first.signal(signal.SIGKILL)
            first.ends()
        file.write_text(file.read_text().replace("@reboot", "@yearly"))
        with schedd(file) as second:
            second.says("job loaded")
            assert json.loads(schedctl("-c", file, "list", "--json").stdout)[0]["status"] == "idle"
            assert second.stop() == 0
            assert not second.lines("run left by an earlier schedd")
    finally:
        for pid in processes_with("4712"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_schedd_that_starts_paused_runs_nothing_until_it_is_resumed(tmp_path: Path, how: str) -> None:
    file = write(
        tmp_path / "schedules.yaml",
        """
        jobs:
          boot: {schedule: "@reboot", command: echo booted}
          often: {schedule: "@every 1s", command: echo ran}
        """,
    )
    with schedd(file, "--paused") if how == "option" else schedd(file, SCHEDD_PAUSED="1") as running:
        running.says('event="run skipped"', "job=often", "reason=paused")
        (boot, often) = json.loads(schedctl("-c", file, "list", "--json").stdout)
        assert boot["paused"]["note"] == often["paused"]["note"] == "started with --paused"
        assert schedctl("-c", file, "resume", "--all").returncode == 0
        running.says("[often] ran")
        assert running.stop() == 0
        assert "booted" not in running.log


def test_a_variable_for_a_flag_that_is_neither_1_nor_0_is_a_usage_error(tmp_path: Path) -> None:
    file = write(tmp_path / "schedules.yaml", "jobs: {a: {command: x}}")
    with schedd(file, ready=False, SCHEDD_PAUSED="maybe") as running:
        assert running.ends() == 2
        assert running.errors.startswith("schedd: the variable SCHEDD_PAUSED must be 1 or 0, not 'maybe'\n")
