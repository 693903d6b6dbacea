"""A dyno's last minute, as Heroku documents it: TERM to every process, several times, the next dyno at once, KILL."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.markdown import blocks
from tests.system.programs import BIN, Schedd, environment, eventually, processes_with, schedctl, schedd, write

PROJECT = Path(__file__).parents[2]
KILLED_AFTER = 30.0
TIMEOUT = "6s"
"""The default is 25s, which would only make the test longer."""

SECOND = timedelta(seconds=1)


def dyno(directory: Path, shared: Path, marker: str) -> Path:
    """The file as it lies in a dyno's own copy of the application."""
    directory.mkdir()
    return write(directory / "schedules.yaml", f"""
        defaults: {{env: {{MARK: {marker}}}, stop_grace: 1s}}
        jobs:
          tick: {{schedule: "@every 1s", command: "echo $SCHED_SCHEDULED_AT >>{shared}"}}
          finishes: {{schedule: "@reboot", command: "trap '' TERM; echo up; for i in 1 2 3; do sleep 1; done"}}
          dies: {{schedule: "@reboot", retry: 3, command: "echo up; exec sleep 600"}}
          hangs: {{schedule: "@reboot", command: "trap '' TERM; echo up; while :; do sleep 1; done"}}
        """)  # fmt: skip


def term_to_every_process(running: Schedd, marker: str) -> None:
    for pid in {running.pid, *processes_with(marker)}:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def instant(line: str, field: str) -> datetime:
    return datetime.fromisoformat(f" {line}".partition(f" {field}=")[2].split()[0])


def test_through_a_restart_each_scheduled_time_runs_at_most_once_and_only_the_gap_is_missed(tmp_path: Path) -> None:
    """S1 S3 S4 D1: what docs/heroku.md says of a deploy and of the daily restart."""
    old_mark, new_mark = (f"DYNO_{os.getpid()}_{time.monotonic_ns()}_{which}" for which in ("old", "new"))
    taken = tmp_path / "taken"
    # Each dyno is a machine of its own, with its own sockets.
    old_file, new_file = dyno(tmp_path / "old", taken, old_mark), dyno(tmp_path / "new", taken, new_mark)
    with schedd(
        old_file, SCHEDD_SOCKET=str(tmp_path / "old/s"), SCHEDD_SHUTDOWN_TIMEOUT=TIMEOUT, DYNO="clock.1"
    ) as old:
        old.says("run finished", "job=tick", times=3)
        for job in ("finishes", "dies", "hangs"):
            old.says(f"[{job}] up")
        start = time.monotonic()
        term_to_every_process(old, old_mark)
        with schedd(
            new_file, ready=False, SCHEDD_SOCKET=str(tmp_path / "new/s"), SCHEDD_SHUTDOWN_TIMEOUT=TIMEOUT, PORT="5000"
        ) as new:
            for _ in range(2):
                time.sleep(0.5)
                term_to_every_process(old, old_mark)
            assert old.ends(KILLED_AFTER) == 0  # or else it would have been killed
            assert time.monotonic() - start < 7
            assert processes_with(old_mark) == []
            (finished,) = old.lines("run finished", "job=finishes")
            assert "outcome=succeeded" in finished
            for job in ("dies", "hangs"):
                assert "outcome=stopped" in old.lines("run finished", f"job={job}")[0]
            assert not old.lines("attempt finished")
            assert not old.lines("outcome=failed")
            new.says("run finished", "job=tick", times=3)
            assert new.stop() == 0

    scheduled_times = Counter(datetime.fromisoformat(line) for line in taken.read_text().split())
    assert max(scheduled_times.values()) == 1
    first, last = min(scheduled_times), max(scheduled_times)
    due = {first + SECOND * number for number in range(int((last - first) / SECOND) + 1)}
    stopping = instant(old.lines("shutting down")[0], "timestamp")
    ready = instant(new.lines("schedd started")[0], "timestamp")
    begun = {instant(line, "scheduled_at") for line in old.lines("run started", "job=tick")}
    # Between the two dynos, or started when SIGTERM came and stopped before its first line.
    for scheduled in due - scheduled_times.keys():
        assert stopping < scheduled <= ready or scheduled in begun, (scheduled, stopping, ready)


def test_the_procfile_starts_schedd_on_a_file_that_is_there_as_a_clock_never_as_web() -> None:
    (line,) = (PROJECT / "Procfile").read_text().splitlines()
    name, _, command = line.partition(": ")
    program, file = command.split()
    assert (name, program) == ("clock", "schedd")
    assert (PROJECT / file).exists()
    assert (BIN / program).exists()


@pytest.mark.parametrize("ended", ["all", "other", "schedd"])
def test_one_dyno_that_runs_both_programs_takes_requests_and_ends_with_either(tmp_path: Path, ended: str) -> None:
    """What docs/heroku.md puts into the Procfile, with another program in place of gunicorn."""
    (block,) = (each for each in blocks(PROJECT / "docs/heroku.md", "procfile") if "wait -n" in each.text)
    line = block.text.strip().removeprefix("web: ").replace("gunicorn app", "sleep 7654")
    write(tmp_path / "schedules.yaml", 'jobs: {hello: {command: "echo hello"}}')
    mark = f"DYNO_{os.getpid()}_{time.monotonic_ns()}"
    variables = {"PATH": f"{BIN}:{os.environ['PATH']}", "SCHEDD_SOCKET": str(tmp_path / "socket/s"), "DYNO": mark}
    dyno = subprocess.Popen(["sh", "-c", f"exec {line}"], cwd=tmp_path, env=environment(variables))
    try:
        eventually(lambda: schedctl("status", "--exit-code", cwd=tmp_path, **variables).returncode == 0)
        asked = schedctl("run-now", "hello", cwd=tmp_path, **variables)
        assert (asked.stdout, asked.stderr) == ("hello\n", "")
        words = {"all": b"", "other": b"sleep\x007654", "schedd": b"bin/schedd\0"}[ended]
        pids = [pid for pid in processes_with(mark) if words in Path(f"/proc/{pid}/cmdline").read_bytes()]
        assert len(pids) == (3 if ended == "all" else 1)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        dyno.wait(20)
        assert processes_with(mark) == []
    finally:
        dyno.kill()
        dyno.wait()
        for pid in processes_with(mark):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("scheduler", "started"), [("1", "schedd --web 0.0.0.0:8000 schedules.yaml"), ("", "gunicorn app")]
)
def test_one_procfile_starts_schedd_in_one_application_and_the_site_in_the_other(
    tmp_path: Path, scheduler: str, started: str
) -> None:
    """`schedd` and `gunicorn` are stand-ins."""
    (block,) = (each for each in blocks(PROJECT / "docs/heroku.md", "procfile") if "SCHEDULER" in each.text)
    for program in ("schedd", "gunicorn"):
        (tmp_path / program).write_text(f'#!/bin/sh\necho "{program} $*"\n')
        (tmp_path / program).chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PORT": "8000", "SCHEDULER": scheduler}
    words = ["/bin/sh", "-c", block.text.strip().removeprefix("web: ")]
    assert subprocess.run(words, env=environ, capture_output=True, text=True, check=True).stdout.strip() == started
