"""Starting schedd: without a file, in a directory that is a link, and with a heartbeat file."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.system.programs import BIN, environment, eventually, schedctl, schedd, write


def start(cwd: Path, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Start a schedd that is expected to end by itself."""
    return subprocess.run(
        [BIN / "schedd", *options],
        cwd=cwd,
        env=environment(environ),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_file_of_another_name_is_named_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "schedules.yml").write_text("jobs: {}\n")
    ended = start(tmp_path)
    assert (ended.returncode, ended.stdout) == (78, "")
    assert ended.stderr == "schedd: no schedules.yaml in this directory; to use schedules.yml: schedd schedules.yml\n"
    for words in (["list"], ["check"], ["reload"]):
        answer = schedctl(*words, cwd=tmp_path, SCHEDD_SOCKET="/nowhere/s.sock")
        assert (answer.returncode, answer.stderr.endswith("name the file with -c schedules.yml\n")) == (2, True)


def test_without_a_file_it_says_how_to_make_one(tmp_path: Path) -> None:
    """F12"""
    ended = start(tmp_path)
    assert (ended.returncode, ended.stdout) == (78, "")
    assert ended.stderr == "schedd: no schedules.yaml in this directory; to create one: schedctl init\n"
    for words in (["list"], ["check"], ["simulate"], ["export", "systemd"], ["edit"], ["reload"]):
        answer = schedctl(*words, cwd=tmp_path, SCHEDD_SOCKET="/nowhere/s.sock")
        assert answer.returncode == 2
        assert answer.stderr.endswith("name the file with -c FILE, or create one: schedctl init\n")
    named = start(tmp_path, "other.yaml")
    assert named.returncode == 78
    assert "other.yaml" in named.stderr


@pytest.mark.parametrize(
    "words", [("pause", "--all"), ("resume", "--all"), ("stop", "one"), ("reload",), ("run-now", "one")]
)
def test_a_command_that_changes_something_needs_a_file(tmp_path: Path, words: tuple[str, ...]) -> None:
    """D8: it must not reach the only schedd of the machine, which may be another application's."""
    (tmp_path / "elsewhere").mkdir()
    file = write(tmp_path / "schedules.yaml", 'jobs: {one: {command: "echo ran"}}')
    with schedd(file) as daemon:
        ended = schedctl(*words, cwd=tmp_path / "elsewhere")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "no ./schedules.yaml; name the file with -c FILE; files of running schedd:\n" in ended.stderr
        assert f"  -c {file}\n" in ended.stderr
        assert not daemon.lines("run started")
        assert not daemon.lines("paused")


def test_a_named_file_does_not_reach_the_schedd_of_another_file_at_that_socket(
    tmp_path: Path,
) -> None:
    """D8: jobs inherit SCHEDD_SOCKET."""
    file = write(tmp_path / "schedules.yaml", 'jobs: {one: {command: "echo ran"}}')
    other = write(tmp_path / "other.yaml", 'jobs: {one: {command: "echo other"}}')
    (tmp_path / "link.yaml").symlink_to(file)
    (tmp_path / "hard.yaml").hardlink_to(file)
    socket = f"/tmp/sc-{os.getpid()}-named/s.sock"
    with schedd(file, SCHEDD_SOCKET=socket) as daemon:
        for words in (("run-now", "one"), ("pause", "--all"), ("stop", "one"), ("reload",), ("list",), ("history",)):
            ended = schedctl("-c", other, *words, SCHEDD_SOCKET=socket)
            assert (ended.returncode, ended.stdout) == (2, ""), words
            assert f"where the schedd of {file} listens, not that of {other}" in ended.stderr
        assert not daemon.lines("run started")
        for name in (file, tmp_path / "link.yaml", tmp_path / "hard.yaml"):
            assert schedctl("-c", name, "run-now", "one", SCHEDD_SOCKET=socket).stdout == "ran\n"
        assert schedctl("run-now", "one", SCHEDD_SOCKET=socket, SCHEDD_CONFIG=str(other)).stdout == "ran\n"
        assert daemon.stop() == 0
    Path(socket).parent.rmdir()


def test_in_a_directory_that_is_a_link_the_file_is_that_of_the_link(tmp_path: Path) -> None:
    """F15: a deployment moves the link `current` to the next release; reloading reads the file of that one."""
    for release in ("1", "2"):
        (tmp_path / release).mkdir()
        write(tmp_path / release / "schedules.yaml", f'jobs: {{job-of-{release}: {{command: "pwd"}}}}')
    current = tmp_path / "current"
    current.symlink_to("1")
    # As after `cd current` in a shell, which keeps the link in PWD.
    log = tmp_path / "log"
    with log.open("wb") as stdout:
        process = subprocess.Popen(
            [BIN / "schedd"], cwd=current, env=environment({"PWD": str(current)}), stdout=stdout, stderr=stdout
        )
    try:
        file = current / "schedules.yaml"
        eventually(lambda: schedctl("-c", file, "status", "--exit-code").returncode == 0)
        assert json.loads(schedctl("-c", file, "status", "--json").stdout)["file"] == str(file)
        (tmp_path / "next").symlink_to("2")
        (tmp_path / "next").replace(current)
        assert schedctl("reload", cwd=current, PWD=str(current)).returncode == 0
        ran = schedctl("run-now", "job-of-2", cwd=current, PWD=str(current))
        assert (ran.returncode, ran.stdout.strip()) in ((0, str(current)), (0, str(tmp_path / "2")))
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_the_heartbeat_file_is_there_while_schedd_lives(tmp_path: Path) -> None:
    """F17"""
    file = write(tmp_path / "schedules.yaml", 'jobs: {often: {schedule: "@every 1s", command: "true"}}')
    heartbeat = tmp_path / "alive"
    check = f"find {heartbeat} -mmin -1 2>/dev/null | grep -q ."
    with schedd(file, "--heartbeat", str(heartbeat)) as daemon:
        eventually(heartbeat.exists)
        assert subprocess.run(["sh", "-c", check], check=False).returncode == 0
        os.utime(heartbeat, (0, 0))
        assert subprocess.run(["sh", "-c", check], check=False).returncode == 1
        eventually(lambda: heartbeat.stat().st_mtime > time.time() - 30)
        assert daemon.stop() == 0
    assert not heartbeat.exists()


def test_a_heartbeat_file_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    """F17"""
    write(tmp_path / "schedules.yaml", 'jobs: {a: {command: "true"}}')
    ended = start(tmp_path, "--heartbeat", str(tmp_path / "none" / "alive"))
    assert ended.returncode == 2
    assert f"--heartbeat: cannot write {tmp_path}/none/alive: No such file or directory" in ended.stderr
