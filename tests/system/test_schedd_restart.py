"""A schedd that was killed leaves its runs behind; the next one on the same file finds them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.system.programs import Schedd, eventually, processes_with, schedctl, schedd, write

JOBS = """
    jobs:
      long: {command: "echo up; while [ ! -e go ]; do sleep 0.1; done; sleep 0", lock: db, timeout: 1h}
      other: {command: "echo other", lock: db}
      leaves: {command: "(setsid sleep 99 >/dev/null 2>&1 &) ; setsid sleep 99 >/dev/null 2>&1 & sleep 0.5"}
      stubborn: {command: "trap '' TERM; bash -c 'set -m; sleep 99 & wait'", stop_grace: 1s}
"""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    yield write(tmp_path / "schedules.yaml", JOBS)
    for pid in processes_with(f"SCHED_FILE={tmp_path}"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def ask(file: Path, *words: str) -> tuple[int, str]:
    ended = schedctl("-c", file, *words)
    return ended.returncode, ended.stdout + ended.stderr


@contextmanager
def left_by_a_killed_schedd(file: Path, *jobs: str, with_group: bool = False) -> Iterator[str]:
    """The id of the last of these jobs' runs. With `with_group`, SIGKILL hits schedd's process group, as by honcho."""
    with schedd(file) as first:
        for job in jobs:
            assert ask(file, "run-now", job, "--detach")[0] == 0
        (started, *_) = first.says("run started", f"job={jobs[-1]}")
        if with_group:
            os.killpg(first.pid, signal.SIGKILL)
        else:
            first.signal(signal.SIGKILL)
        first.ends()
    yield started.partition("run=")[2].split()[0]


def listed(file: Path, job: str) -> dict[str, object]:
    view: dict[str, object] = json.loads(ask(file, "show", job, "--json")[1])
    return view


def running_of(running: Schedd, run: str) -> str:
    (line,) = running.says("run left by an earlier schedd", f"run={run}")
    return line


@pytest.mark.parametrize("with_group", [False, True])
def test_it_counts_for_overlap_and_lock_until_it_ends_and_its_end_is_recorded_as_lost(
    file: Path, with_group: bool
) -> None:
    """C2"""
    with left_by_a_killed_schedd(file, "long", with_group=with_group) as run, schedd(file) as second:
        assert "job=long" in running_of(second, run)
        code, answer = ask(file, "list", "--json")
        (job,) = [job for job in json.loads(answer) if job["name"] == "long"]
        assert (code, job["status"]) == (0, "running")
        assert [(each["id"], each["earlier"]) for each in job["running"]] == [(run, True)]
        assert "running, left by an earlier schedd" in ask(file, "list")[1]
        assert ask(file, "run-now", "long")[0] == 5
        assert ask(file, "run-now", "other", "--detach")[0] == 0
        second.says("run waiting", "job=other")
        (file.parent / "go").touch()
        (ended,) = second.says("run finished", f"run={run}")
        assert "outcome=lost" in ended
        assert "its exit code is unknown" in ended
        assert "exit=" not in ended
        assert "exit code unknown" in ask(file, "history", "long")[1]
        second.says("run finished", "job=other", "outcome=succeeded")
        assert second.stop() == 0


def test_it_can_be_stopped_with_all_that_it_has_started(file: Path) -> None:
    """C2"""
    with left_by_a_killed_schedd(file, "stubborn") as run, schedd(file) as second:
        running_of(second, run)
        code, answer = ask(file, "stop", "stubborn")
        assert (code, "stopped, exit code unknown, after" in answer) == (0, True), answer
        assert processes_with(f"SCHED_RUN_ID={run}") == []
        (ended,) = second.says("run finished", f"run={run}")
        assert "outcome=stopped" in ended
        assert second.stop() == 0


def test_a_shutdown_ends_it(file: Path) -> None:
    """C2"""
    with left_by_a_killed_schedd(file, "stubborn") as run, schedd(file, SCHEDD_SHUTDOWN_TIMEOUT="3s") as second:
        running_of(second, run)
        assert second.stop() == 0
        assert processes_with(f"SCHED_RUN_ID={run}") == []


def test_three_restarts_in_a_row_see_the_same_run_and_start_no_second_one(file: Path) -> None:
    """C2"""
    write(file, JOBS.replace("lock: db, timeout", 'schedule: "@reboot", timeout'))
    runs: set[str] = set()
    for _ in range(3):
        with schedd(file) as running:
            running.says("run skipped" if runs else "run started", "job=long")
            (line, *_) = running.says("earlier schedd" if runs else "run started", "job=long")
            runs.add(line.partition("run=")[2].split()[0])
            running.signal(signal.SIGKILL)
            running.ends()
    assert len(runs) == 1


def test_a_background_process_of_a_finished_run_is_not_a_live_run(file: Path) -> None:
    """C2"""
    with schedd(file) as first:
        ended = ask(file, "run-now", "leaves")
        assert ended[0] == 0, ended
        (line,) = first.says("run finished", "job=leaves")
        run = line.partition("run=")[2].split()[0]
        first.signal(signal.SIGKILL)
        first.ends()
    assert len(processes_with(f"SCHED_RUN_ID={run}")) == 2
    with schedd(file) as second:
        second.says("job loaded")
        assert ask(file, "run-now", "other")[0] == 0
        assert second.lines("earlier schedd") == []
        assert second.stop() == 0


def test_it_is_found_under_another_path_of_the_file_and_when_its_job_is_gone(file: Path) -> None:
    """C2"""
    with left_by_a_killed_schedd(file, "long") as run:
        link = file.with_name("link.yaml")
        link.symlink_to(file)
        write(file, "jobs: {other: {command: echo other}}")
        with schedd(link) as second:
            running_of(second, run)
            assert ask(link, "stop", run)[0] == 0
            eventually(lambda: not processes_with(f"SCHED_RUN_ID={run}"))
            assert second.stop() == 0


def test_runs_of_another_file_are_not_ours(file: Path) -> None:
    """C2"""
    with left_by_a_killed_schedd(file, "long"):
        other = write(file.with_name("other.yaml"), JOBS)
        with schedd(other) as second:
            second.says("job loaded")
            assert ask(other, "run-now", "other")[0] == 0
            assert second.lines("earlier schedd") == []
            assert second.stop() == 0
