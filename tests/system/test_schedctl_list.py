"""`schedctl list` and `status`: who answers, and what they say."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.system.programs import BIN, environment, eventually, schedctl, schedd, write


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(
        tmp_path / "schedules.yaml",
        """
        jobs:
          often: {schedule: "@every 1s", command: "true"}
          weekly: {schedule: "0 8 * * mon", timezone: Europe/Berlin, command: "true"}
          by-hand: {command: "exit 3"}
          off: {schedule: "@daily", command: "true", enabled: false}
          once: {schedule: "@at 2020-01-01T00:00:00Z", command: "true"}
          long: {command: "sleep 60"}
        """,
    )


def test_a_job_of_each_start_is_never_done(tmp_path: Path) -> None:
    file = write(tmp_path / "s.yaml", 'jobs: {warm-up: {schedule: "@reboot", command: "true"}}')
    (line,) = schedctl("-c", file, "list").stdout.splitlines()[1:]
    assert line.split("  ")[0] == "warm-up"
    assert (line.endswith("idle"), "when schedd starts" in line) == (True, True)
    assert schedctl("-c", file, "why", "warm-up").stdout == "It runs when schedd starts.\n"


def test_the_daemon_answers_and_says_so(file: Path) -> None:
    with schedd(file) as daemon:
        daemon.says('event="run finished"', "job=often")
        schedctl("-c", file, "run-now", "by-hand")
        schedctl("-c", file, "run-now", "long", "--detach")
        ended = schedctl("-c", file, "list")
        assert ended.returncode == 0
        assert f"from schedd, pid {daemon.pid}, {file}" in ended.stderr
        rows = {line.split()[0]: line for line in ended.stdout.splitlines()}
        assert list(rows) == ["NAME", "often", "weekly", "by-hand", "off", "once", "long"]
        assert "succeeded" in rows["often"]
        assert rows["weekly"].count("Mon") == 1
        assert "failed, exit 3, " in rows["by-hand"]
        assert rows["off"].endswith("disabled")
        assert rows["once"].endswith("done")
        assert "running" in rows["long"]

        answer = {job["name"]: job for job in json.loads(schedctl("-c", file, "list", "--json").stdout)}
        assert {"name", "schedule", "timezone", "enabled", "next_at", "status", "last"} <= set(answer["weekly"])
        assert [job["status"] for job in answer.values()][2:] == ["idle", "disabled", "done", "running"]
        assert answer["by-hand"]["last"]["exit_code"] == 3
        assert answer["often"]["next_at"].endswith("Z")
        assert answer["off"]["next_at"] is None


def test_without_a_daemon_the_file_answers_and_says_so(file: Path) -> None:
    ended = schedctl("list", cwd=file.parent)
    assert ended.returncode == 0
    assert f"no schedd is running for {file}: answering from the file" in ended.stderr
    answer = json.loads(schedctl("list", "--json", cwd=file.parent).stdout)
    assert [job["status"] for job in answer] == ["idle", "idle", "idle", "disabled", "done", "idle"]
    assert answer[1]["next_at"] is not None
    assert all(job["last"] is None for job in answer)


def test_a_daemon_that_hangs_is_an_error_and_the_file_is_not_used_instead(file: Path) -> None:
    with schedd(file) as daemon:
        daemon.signal(signal.SIGSTOP)
        ended = schedctl("-c", file, "list")
        daemon.signal(signal.SIGCONT)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "has not answered for 2s" in ended.stderr


def test_what_a_frozen_daemon_did_not_accept_in_time_does_not_happen_later(file: Path) -> None:
    with schedd(file) as daemon:
        daemon.signal(signal.SIGSTOP)
        late = [schedctl("-c", file, *words) for words in (("run-now", "long", "--detach"), ("pause", "--all"))]
        daemon.signal(signal.SIGCONT)
        assert [ended.returncode for ended in late] == [3, 3]
        assert "schedctl: not started: schedd listens on" in late[0].stderr
        assert schedctl("-c", file, "run-now", "by-hand").returncode == 3  # of the job: schedd answers again
        after = {job["name"]: job for job in json.loads(schedctl("-c", file, "list", "--json").stdout)}
        assert not any(job["paused"] for job in after.values())
        assert after["long"]["status"] == "idle"
        assert not daemon.lines('event="run started"', "job=long")


def test_a_daemon_without_its_socket_is_an_error_too(file: Path, tmp_path: Path) -> None:
    directory = f"/tmp/sc-{os.getpid()}"
    with schedd(file, SCHEDD_SOCKET=f"{directory}/s.sock") as daemon:
        ended = schedctl("-c", file, "list")
        assert (ended.returncode, ended.stdout) == (3, "")
        assert f"is managed by schedd with pid {daemon.pid}" in ended.stderr
        assert schedctl("-c", file, "list", SCHEDD_SOCKET=f"{directory}/s.sock").returncode == 0
        assert daemon.stop() == 0
    Path(directory).rmdir()


def test_a_killed_daemon_leaves_the_file_to_answer(file: Path) -> None:
    with schedd(file) as daemon:
        daemon.signal(signal.SIGKILL)
        daemon.ends()
        ended = schedctl("-c", file, "list")
        assert ended.returncode == 0
        assert "answering from the file" in ended.stderr
        status = schedctl("-c", file, "status", "--exit-code")
        assert (status.returncode, status.stdout) == (3, "")


def test_a_failed_reload_is_shown_until_the_file_is_fixed(file: Path) -> None:
    good = file.read_text()
    with schedd(file) as daemon:
        file.write_text(good.replace("command", "comand"))
        ended = schedctl("-c", file, "reload")
        assert ended.returncode == 1
        assert 'unknown key "comand"' in ended.stderr
        assert 'unknown key "comand"' in schedctl("-c", file, "list").stderr
        assert 'unknown key "comand"' in schedctl("-c", file, "status").stdout
        assert schedctl("-c", file, "status", "--exit-code").returncode == 1
        file.write_text(good)
        assert schedctl("-c", file, "reload").stdout == "nothing changed: 6 jobs\n"
        eventually(lambda: schedctl("-c", file, "status", "--exit-code").returncode == 0)
        assert "comand" not in schedctl("-c", file, "list").stderr
        answer = json.loads(schedctl("-c", file, "status", "--json").stdout)
        assert (answer["pid"], answer["file"], answer["jobs"], answer["reload_error"]) == (
            daemon.pid,
            str(file),
            6,
            None,
        )


def test_with_no_file_named_the_only_daemon_answers_and_of_several_one_must_be_chosen(tmp_path: Path) -> None:
    runtime = Path(f"/tmp/sr-{os.getpid()}")
    runtime.mkdir(mode=0o700)
    where = {"XDG_RUNTIME_DIR": str(runtime), "TMPDIR": str(runtime)}
    first = write(tmp_path / "first.yaml", 'jobs: {one: {command: "true"}}')
    second = write(tmp_path / "second.yaml", 'jobs: {two: {command: "true"}}')
    (tmp_path / "elsewhere").mkdir()
    with schedd(first, **where):  # type: ignore[arg-type]
        with schedd(second, **where):  # type: ignore[arg-type]
            several = schedctl("list", cwd=tmp_path / "elsewhere", **where)
            assert several.returncode == 2
            assert f"  -c {first}\n" in several.stderr
            assert f"  -c {second}\n" in several.stderr
        only = schedctl("list", "--json", cwd=tmp_path / "elsewhere", **where)
        if only.returncode == 0:  # unless a schedd of somebody else's runs on this machine
            assert [job["name"] for job in json.loads(only.stdout)] == ["one"]
    shutil.rmtree(runtime)


@pytest.mark.parametrize("words", [("schedctl", "-c", "", "list"), ("schedd", "-c", ""), ("schedd", "")])
def test_an_empty_file_name_is_refused(file: Path, words: tuple[str, ...]) -> None:
    """As when a variable of a script is unset: neither the only daemon nor ./schedules.yaml is used instead."""
    ended = subprocess.run(
        [BIN / words[0], *words[1:]],
        cwd=file.parent,
        env=environment({"SCHEDD_CONFIG": str(file)}),
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert (ended.returncode, ended.stdout, "empty" in ended.stderr) == (2, "", True)


@pytest.mark.parametrize("command", ["schedctl -c s.yaml list", "schedctl check", "schedd s.yaml"])
def test_in_a_deleted_directory_the_error_says_so(tmp_path: Path, command: str) -> None:
    """As in a shell whose directory is the release before the last deployment."""
    gone = tmp_path / "gone"
    shell = f"mkdir {gone} && cd {gone} && rmdir {gone} && exec {BIN}/{command}"
    environ = environment({})
    environ.pop("PYTHONPATH", None)  # a relative one keeps Python itself from starting there
    ended = subprocess.run(["sh", "-c", shell], env=environ, capture_output=True, text=True, check=False)
    program = command.split(maxsplit=1)[0]
    assert ended.stderr == f"{program}: the current directory has been deleted; change to another one\n"
    assert ended.returncode == 1


def test_a_file_whose_name_is_not_utf8_is_served_and_shown_in_json(file: Path) -> None:
    bad = file.rename(file.with_name("bad\udcff.yaml"))
    shown = str(bad).replace("\udcff", r"\xff")
    with schedd(bad, "--log-format", "json") as daemon:
        assert json.loads(daemon.says("schedd started")[0])["file"] == shown
        assert json.loads(schedctl("-c", bad, "status", "--json").stdout)["file"] == shown
        assert json.loads(schedctl("-c", bad, "check", "--json").stdout)[0]["file"] == shown
