"""A system that is not Linux, played by Python without pidfd, memfd, epoll, prctl, timerfd, SO_PEERCRED and /proc."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.programs import processes_with, schedctl, schedd, write

OTHER = str(Path(__file__).with_name("other_posix"))

FILE = """
    defaults: {timezone: Europe/Berlin}
    jobs:
      hello: {schedule: "@every 1s", command: "echo hello; exit 3"}
      report: {schedule: "0 8 * * mon", python: "json:dumps", args: [[1, 2]]}
      deaf: {command: "trap '' TERM; sleep 600 & sleep 600", timeout: 0.3s, stop_grace: 0.3s}
      limits: {command: "nice; ulimit -v", nice: 5, memory_limit: 512M}
      listens: {command: cat, accepts: stdin}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "schedules.yaml", FILE)


def test_python_has_lost_them(tmp_path: Path) -> None:
    """Otherwise the other tests would show nothing."""
    script = "import os, select; open('/proc/self/stat') if not hasattr(os, 'pidfd_open') else None"
    file = write(
        tmp_path / "schedules.yaml",
        f"""
        jobs:
          look: {{command: [python3, -c, "{script}"]}}
    """,
    )
    lost = schedctl("-c", file, "run-now", "look", PYTHONPATH=OTHER)
    assert "No such file or directory: '/proc/self/stat'" in lost.stderr


@pytest.mark.parametrize(
    "words",
    [
        "list",
        "show report",
        "next",
        "why report",
        "explain report",
        "explain @daily",
        "check",
        "check --strict --json",
        "simulate --for 1m",
        "env report",
        "export systemd",
        "export crontab",
        "export kubernetes --image app",
        "init -",
        "schema",
        "completion bash",
        "version",
        "help list",
    ],
)
def test_commands_that_only_read_the_file_work(words: str, file: Path) -> None:
    asked = schedctl("-c", file, *words.split(), PYTHONPATH=OTHER)
    assert asked.returncode == 0, asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_crontab_is_imported(tmp_path: Path) -> None:
    imported = schedctl("import", "-", stdin="0 4 * * * dump\n", PYTHONPATH=OTHER)
    assert (imported.returncode, "dump:" in imported.stdout) == (0, True)


@pytest.mark.parametrize(
    ("job", "code", "says"),
    [("hello", 3, "hello\n"), ("report", 0, ""), ("limits", 0, "5\n524288\n"), ("listens", 0, "a line\n")],
)
def test_run_now_runs_a_job(job: str, code: int, says: str, file: Path) -> None:
    extra = ("--stdin", "-") if job == "listens" else ()
    ran = schedctl("-c", file, "run-now", job, *extra, stdin="a line\n", PYTHONPATH=OTHER)
    assert (ran.returncode, ran.stdout) == (code, says), ran.stderr


def test_a_timeout_ends_everything_in_the_process_group(file: Path) -> None:
    marker = f"MARK_{file.parent.name}"
    ended = schedctl("-c", file, "run-now", "deaf", PYTHONPATH=OTHER, MARKER=marker)
    assert ended.returncode == 124
    assert processes_with(marker) == []


def test_schedd_runs_answers_and_stops(file: Path) -> None:
    with schedd(file, PYTHONPATH=OTHER) as running:
        running.says("run finished", "job=hello", "exit=3")
        listed = schedctl("-c", file, "list", PYTHONPATH=OTHER)
        assert f"from schedd, pid {running.pid}" in listed.stdout + listed.stderr
        assert schedctl("-c", file, "run-now", "limits", PYTHONPATH=OTHER).stdout == "5\n524288\n"
        second = schedctl("-c", file, "pause", "hello", PYTHONPATH=OTHER)
        assert second.returncode == 0
        assert running.stop() == 0
        assert "Traceback" not in running.errors + running.log
        assert "stopped" in running.log.splitlines()[-1]


def test_a_python_that_cannot_wait_for_children_says_so_in_one_line(file: Path) -> None:
    ended = schedctl("-c", file, "run-now", "hello", PYTHONPATH=OTHER, WITHOUT_WAITID="1")
    line = "running jobs on this system needs os.waitid, which Python has here from version 3.13 on"
    assert (ended.returncode, ended.stderr.splitlines()[-1:]) == (1, [f"schedctl: not started: {line}"])
    with schedd(file, ready=False, PYTHONPATH=OTHER, WITHOUT_WAITID="1") as running:
        assert running.ends() == 1
        assert running.errors.splitlines()[-1] == f"schedd: {line}"
        assert "Traceback" not in running.errors
