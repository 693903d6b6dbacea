"""`schedctl edit` with editors that are one-line scripts, in a pipe and on a terminal."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.programs import eventually, schedctl, schedd, write
from tests.system.test_schedctl_terminal import OnTerminal

GOOD = 'jobs: {a: {schedule: "@daily", command: "true"}}\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "schedules.yaml"
    file.write_text(GOOD)
    file.chmod(0o640)
    return file


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory in which edited copies are."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    monkeypatch.setenv("TMPDIR", str(directory))
    yield directory


def schedules(file: Path) -> list[str]:
    return [job["schedule"] for job in json.loads(schedctl("-c", file, "list", "--json").stdout)]


def test_a_change_is_checked_written_and_applied(file: Path, copies: Path) -> None:
    with schedd(file):
        ended = schedctl("-c", file, "edit", EDITOR="sed -i s/@daily/@hourly/")
        assert ended.returncode == 0, ended.stderr
        assert "1 job, no problems" in ended.stdout
        assert "    schedule: @daily → @hourly\n" in ended.stdout
        assert "0 added, 1 changed, 0 removed, 0 unchanged\n" in ended.stdout
        assert schedules(file) == ["@hourly"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert list(copies.glob("schedctl-edit-*")) == []
    assert [path.name for path in file.parent.glob(".*")] == []


def test_an_invalid_change_leaves_the_file_and_keeps_the_copy(file: Path, copies: Path) -> None:
    ended = schedctl("-c", file, "edit", EDITOR="sed -i s/@daily/@dialy/")
    assert ended.returncode == 1
    assert f"{file}:1:" in ended.stdout
    assert "unknown alias @dialy" in ended.stdout
    assert file.read_text() == GOOD
    (copy,) = copies.glob("*/schedules.yaml")
    assert "@dialy" in copy.read_text()
    assert str(copy) in ended.stderr


def test_relative_paths_are_checked_next_to_the_file(file: Path, copies: Path) -> None:
    (file.parent / "more.yaml").write_text('jobs: {b: {schedule: "@hourly", command: "true"}}\n')
    ended = schedctl("-c", file, "edit", EDITOR="sed -i '1i include: more.yaml'")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "2 jobs" in ended.stdout
    assert "no schedd is running: the change applies when it is started" in ended.stdout


def test_a_link_stays_a_link(file: Path, copies: Path) -> None:
    link = file.parent / "link.yaml"
    link.symlink_to("schedules.yaml")
    assert schedctl("-c", link, "edit", EDITOR="sed -i s/@daily/@hourly/").returncode == 0
    assert link.is_symlink()
    assert "@hourly" in file.read_text()


@pytest.mark.parametrize(
    ("editor", "code", "says"),
    [
        ("true", 0, "no changes"),
        ("no-such-editor", 1, "schedctl: the editor no-such-editor failed, and "),
        ("sh -c 'exit 3'", 1, "schedctl: the editor sh -c 'exit 3' failed, and "),
    ],
)
def test_without_a_change_nothing_is_left_behind(file: Path, copies: Path, editor: str, code: int, says: str) -> None:
    ended = schedctl("-c", file, "edit", EDITOR=editor)
    assert (ended.returncode, says in ended.stdout + ended.stderr) == (code, True)
    assert file.read_text() == GOOD
    assert list(copies.glob("schedctl-edit-*")) == []


def test_a_concurrent_change_is_not_overwritten(file: Path, copies: Path) -> None:
    script = write(file.parent / "both.sh", f"echo '# mine' >> $1\necho '# theirs' >> {file}")
    ended = schedctl("-c", file, "edit", EDITOR=f"sh {script}")
    assert ended.returncode == 5
    assert "was changed by another program meanwhile; your copy is" in ended.stderr
    assert file.read_text() == GOOD + "# theirs\n"


def test_without_a_file_init_is_named(tmp_path: Path) -> None:
    ended = schedctl("-c", tmp_path / "none.yaml", "edit", EDITOR="true")
    assert (ended.returncode, "to create one: schedctl init" in ended.stderr) == (2, True)


@pytest.mark.parametrize(("answer", "code", "after"), [(b"y\r", 0, "@hourly"), (b"n\r", 1, "@daily")])
def test_on_a_terminal_the_change_is_shown_and_confirmed(
    file: Path, copies: Path, answer: bytes, code: int, after: str
) -> None:
    with schedd(file):
        editing = OnTerminal(
            "-c", file, "edit", columns=120, EDITOR="sed -i s/@daily/@hourly/", TMPDIR=os.environ["TMPDIR"]
        )
        eventually(lambda: b"Apply? [Y/n]" in editing.written)
        assert b"1 to change" in editing.written
        editing.type(answer)
        drawn = editing.ended()
        assert editing.process.returncode == code, drawn
        assert schedules(file) == [after]
        assert after in file.read_text()
        assert len(list(copies.glob("schedctl-edit-*"))) == code


def test_on_a_terminal_an_error_can_be_edited_again(file: Path, copies: Path) -> None:
    script = write(
        file.parent / "twice.sh", "grep -q @dialy $1 && sed -i s/@dialy/@weekly/ $1 || sed -i s/@daily/@dialy/ $1"
    )
    editing = OnTerminal("-c", file, "edit", columns=120, EDITOR=f"sh {script}", TMPDIR=os.environ["TMPDIR"])
    eventually(lambda: b"Edit again? [Y/n]" in editing.written)
    editing.type(b"\r")
    editing.ended()
    assert editing.process.returncode == 0
    assert "@weekly" in file.read_text()
