"""`schedctl export`, used by a person who leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.system.programs import schedctl

SCHEDULES = """
jobs:
  backup: {schedule: "30 2 * * *", command: dump --all, lock: db, user: root}
  poll: {schedule: "*/5 * * * *", command: poll, user: root, overlap: skip}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "schedules.yaml"
    path.write_text(SCHEDULES)
    return path


def test_files_go_to_a_directory_and_losses_to_standard_error(file: Path, tmp_path: Path) -> None:
    done = schedctl("-c", file, "export", "systemd", "-o", tmp_path / "units")
    assert (done.returncode, done.stdout) == (0, "")
    assert sorted(path.name for path in (tmp_path / "units").iterdir()) == [
        "backup.service",
        "backup.timer",
        "poll.service",
        "poll.timer",
    ]
    assert "backup: lock: approximated\n  flock(1)" in done.stderr
    assert done.stderr.endswith("exported 4 files: 1 approximated, 0 lost\n")
    (tmp_path / "units" / "backup.service").unlink()
    again = schedctl("-c", file, "export", "systemd", "-o", tmp_path / "units")
    refusal = f"{tmp_path / 'units' / 'backup.timer'} already exists; nothing was written; to overwrite it: --force"
    assert (again.returncode, again.stderr) == (5, f"schedctl: {refusal}\n")
    assert not (tmp_path / "units" / "backup.service").exists()
    assert schedctl("-c", file, "export", "systemd", "-o", tmp_path / "units", "--force").returncode == 0


def test_one_job_as_json(file: Path) -> None:
    done = schedctl("-c", file, "export", "kubernetes", "backup", "--image", "app:1", "--json")
    document = json.loads(done.stdout)
    assert [each["name"] for each in document["files"]] == ["backup.yaml"]
    assert {(each["job"], each["key"], each["degree"]) for each in document["losses"]} >= {("backup", "lock", "lost")}


def test_strict_fails_when_anything_was_lost(file: Path) -> None:
    lost = schedctl("-c", file, "export", "kubernetes", "--image", "app:1", "--strict")
    assert (lost.returncode, "lost" in lost.stderr) == (1, True)
    kept = schedctl("-c", file, "export", "systemd", "--strict")
    assert kept.returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("kubernetes",), 2, "--image is required"),
        (("kubernetes", "--image", "a b"), 2, "not the name of an image"),
        (("kubernetes", "--image", "a", "--namespace", "A_b"), 2, "--namespace"),
        (("systemd", "--image", "a"), 2, "--image is for kubernetes only"),
        (("crontab", "--user"), 2, "--user is for systemd only"),
        (("crontab", "--timezone", "Mars/Phobos"), 2, "unknown time zone"),
        (("crontab", "--dialect", "busybox"), 2, "user column"),
        (("systemd", "backupp"), 4, "did you mean"),
        (("launchd",), 2, "launchd"),
        (("crontab", "-o", "/proc/none/x"), 1, "cannot create"),
    ],
)
def test_what_cannot_be_done_is_one_message(file: Path, words: tuple[str, ...], code: int, message: str) -> None:
    done = schedctl("-c", file, "export", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_what_was_exported_can_be_imported(file: Path, tmp_path: Path) -> None:
    schedctl("-c", file, "export", "crontab", "-o", tmp_path, "--timezone", "UTC")
    done = schedctl("import", tmp_path / "crontab", "-o", tmp_path / "again.yaml")
    assert done.stderr == (
        "2 jobs have the key `user`: only a schedd that runs as root can start jobs as other users\n"
        f"imported 2 jobs from {tmp_path}/crontab (format: crontab): 0 noted, 0 refused\n"
    )
    assert schedctl("check", tmp_path / "again.yaml").returncode == 0


def test_escape_sequences_of_a_command_and_of_a_value_are_printed_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text('jobs:\n  a: {schedule: "@daily", command: "printf \'\\e[31mred\'", env: {C: "\\e[1m"}}\n')
    done = schedctl("-c", file, "export", "crontab")
    assert "export C='\x1b[1m'" in done.stdout
    assert "printf '\x1b[31mred'" in done.stdout
    assert schedctl("-c", file, "env", "a", "C").stdout == "\x1b[1m\n"
