"""Commands for the wrong application, files and limits that end in a traceback, and text that acts on a terminal."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.system.programs import BIN, environment, schedctl, schedd, write

REVERSED = "\u202egnp.exe"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "app" / "schedules.yaml", 'jobs: {job: {schedule: "@hourly", command: "true"}}')


@pytest.fixture(autouse=True)
def app(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "elsewhere").mkdir()


CHANGES = [
    ("pause", "--all"),
    ("resume", "--all"),
    ("pause", "job"),
    ("run-now", "job"),
    ("stop", "job"),
    ("reload",),
    ("notify-test", "job"),
    ("shell", "job", "true"),
]


@pytest.mark.parametrize("words", CHANGES, ids=" ".join)
def test_a_command_that_changes_something_does_not_guess_which_application_is_meant(
    file: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """D8"""
    socket = str(tmp_path / "run" / "s.sock")
    with schedd(file, SCHEDD_SOCKET=socket) as running:
        refused = schedctl(*words, cwd=tmp_path / "elsewhere", SCHEDD_SOCKET=socket)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.splitlines()[1:] == [f"  -c {file}"]
        assert "name the file with -c FILE; files of running schedd:\n" in refused.stderr
        assert running.stop() == 0
        assert "paused" not in running.log
        assert "run started" not in running.log


def test_a_command_that_only_reads_says_which_schedd_answers(file: Path, tmp_path: Path) -> None:
    """D8"""
    socket = str(tmp_path / "run" / "s.sock")
    with schedd(file, SCHEDD_SOCKET=socket) as running:
        answer = schedctl("list", cwd=tmp_path / "elsewhere", SCHEDD_SOCKET=socket)
        assert running.stop() == 0
    assert (answer.returncode, "hourly" in answer.stdout) == (0, True)
    assert f"answering for the only running schedd, {file}" in answer.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed, whose processes are none of this test's")
def test_a_schedd_that_can_start_no_thread_says_so_in_one_line() -> None:
    """D9"""
    shared = write(Path(f"/tmp/sched-{os.getpid()}.yaml"), "jobs: {}")
    nobody_else = 1_000_000 + os.getpid()  # the limit counts all processes of a user, also those of other tests
    as_other = f"setpriv --reuid={nobody_else} --regid={nobody_else} --clear-groups"
    try:
        ended = subprocess.run(
            ["prlimit", "--nproc=1", *as_other.split(), BIN / "schedd", shared],
            env=environment({}),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    finally:
        shared.unlink()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "schedd: cannot start a thread: the limit of processes (ulimit -u) is reached\n"


@pytest.mark.parametrize(
    "words",
    [
        ("check", "{file}"),
        ("-c", "{file}", "list"),
        ("-c", "{file}", "pause", "job"),
        ("-c", "{file}", "show", REVERSED),
        ("import", "{missing}"),
    ],
    ids=lambda words: " ".join(words[:3]).replace(REVERSED, "NAME"),
)
def test_names_reach_the_terminal_escaped(tmp_path: Path, words: tuple[str, ...]) -> None:
    """D10"""
    file = write(tmp_path / f"{REVERSED}\u2028.yaml", 'jobs: {job: {command: "true", unknown: 1}}')
    missing = str(tmp_path / f"missing{REVERSED}")
    answer = schedctl(*(word.format(file=file, missing=missing) for word in words))
    assert answer.returncode != 0
    assert "\u202e" not in answer.stdout + answer.stderr
    assert "\u2028" not in answer.stdout + answer.stderr
    assert r"\u202e" in answer.stdout + answer.stderr


def test_output_of_jobs_reaches_the_log_escaped(tmp_path: Path) -> None:
    """D10"""
    octal = "".join(f"\\\\{byte:03o}" for byte in f"{REVERSED}\u2028\u2066end".encode())
    file = write(tmp_path / f"{REVERSED}.yaml", f"""
        jobs:
          loud: {{schedule: "@reboot", command: "printf '{octal}\\\\n'", description: "{REVERSED}"}}
        """)  # fmt: skip
    with schedd(file) as running:
        running.says("[loud]", r"\u202egnp.exe\u2028\u2066end")
        logs = schedctl("-c", file, "logs")
        shown = schedctl("-c", file, "show", "loud")
        assert running.stop() == 0
    assert r"\u202egnp.exe\u2028\u2066end" in logs.stdout
    for text in (running.log, logs.stdout, shown.stdout):
        assert "\u202e" not in text
        assert "\u2028" not in text


def test_a_heartbeat_goes_through_no_link_that_others_may_have_made(tmp_path: Path) -> None:
    """D3: the file may be in /tmp."""
    (tmp_path / "alive").symlink_to(tmp_path / "elsewhere" / "made")
    file = write(tmp_path / "schedules.yaml", "jobs: {}")
    with schedd(file, "--heartbeat", str(tmp_path / "alive"), ready=False) as refused:
        assert refused.ends() == 2
    assert "cannot write" in refused.errors
    assert not (tmp_path / "elsewhere" / "made").exists()
