"""`schedd --watch`: the file is edited in every way that editors and platforms know."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.programs import Schedd, eventually, schedd, write


def schedule(word: str) -> str:
    return f'jobs: {{say: {{schedule: "@every 1s", command: echo {word}}}}}\n'


def in_place(file: Path, text: str) -> None:
    file.write_text(text)


def renamed_over(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(text)
    new.rename(file)


def deleted_and_made_again(file: Path, text: str) -> None:
    file.unlink()
    time.sleep(0.3)
    file.write_text(text)


def with_a_backup(file: Path, text: str) -> None:
    file.rename(file.with_suffix(".yaml~"))
    file.write_text(text)


def in_two_halves(file: Path, text: str) -> None:
    with file.open("w") as opened:
        opened.write(text[:20])
        opened.flush()
        time.sleep(0.5)
        opened.write(text[20:])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "schedules.yaml", schedule("one"))


@pytest.fixture
def running(file: Path) -> Iterator[Schedd]:
    with schedd(file, "--watch") as started:
        started.says("[say] one")
        yield started
        began = time.monotonic()
        assert started.stop() == 0
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("edit", [in_place, renamed_over, deleted_and_made_again, with_a_backup, in_two_halves])
def test_an_edit_is_taken_over(file: Path, running: Schedd, edit: Callable[[Path, str], None]) -> None:
    """R4"""
    for word in ("two", "three"):
        edit(file, schedule(word))
        running.says(f"[say] {word}")


def test_a_config_map_that_is_swapped_is_taken_over(tmp_path: Path) -> None:
    """R4"""

    def release(number: int, word: str) -> None:
        (tmp_path / f"..{number}").mkdir()
        (tmp_path / f"..{number}" / "schedules.yaml").write_text(schedule(word))
        (tmp_path / "..tmp").symlink_to(f"..{number}")
        (tmp_path / "..tmp").rename(tmp_path / "..data")

    release(1, "one")
    (tmp_path / "schedules.yaml").symlink_to("..data/schedules.yaml")
    with schedd(tmp_path / "schedules.yaml", "--watch") as running:
        running.says("[say] one")
        for number, word in enumerate(("two", "three"), start=2):
            release(number, word)
            running.says(f"[say] {word}")


def test_an_invalid_file_changes_nothing_until_it_is_fixed(file: Path, running: Schedd) -> None:
    """R3"""
    file.write_text("jobs: [oops\n")
    running.says('event="reload failed"')
    count = len(running.lines("[say] one"))
    running.says("[say] one", times=count + 2)
    file.write_text(schedule("two"))
    running.says("[say] two")


def test_other_files_beside_it_do_not_matter(file: Path, running: Schedd) -> None:
    for number in range(10):
        (file.parent / f"other{number}").write_text("something")
    count = len(running.lines("run started"))
    eventually(lambda: len(running.lines("run started")) >= count + 2)
    assert len(running.lines('event="configuration changed"')) == 1


def test_a_new_file_in_an_included_directory_is_taken_over(tmp_path: Path) -> None:
    more = tmp_path / "schedules.d"
    more.mkdir()
    file = write(tmp_path / "schedules.yaml", "include: [schedules.d]\n" + schedule("one"))
    with schedd(file, "--watch") as running:
        running.says("[say] one")
        (more / "more.yaml").write_text(schedule("two").replace("say", "also"))
        running.says("[also] two")


def test_without_inotify_it_polls_and_logs_a_warning(file: Path) -> None:
    """R4: no inotify instance is left, as on a busy node."""
    program = (sys.executable, str(Path(__file__).with_name("schedd_without_inotify.py")))
    with schedd(file, "--watch", program=program) as running:
        running.says("file watch failed", "Too many open files")
        renamed_over(file, schedule("two"))
        running.says("[say] two")
        assert len(running.lines("file watch failed")) == 1
        assert running.stop() == 0
