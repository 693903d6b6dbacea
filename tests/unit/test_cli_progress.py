"""The share of the work that is done, from which `check`, `next` and `simulate` estimate how long it still takes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from scheduler.api import scheduled_times
from scheduler.cli import times
from scheduler.cli.answer_source import FileAlone
from scheduler.config import lint
from scheduler.config.load import load
from scheduler.wire.times import Next


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a hundred jobs, and as many in each of two included ones."""

    def jobs(name: str) -> str:
        return "jobs:\n" + "".join(
            f'  {name}{n}: {{schedule: "{n % 60} * * * *", command: "true"}}\n' for n in range(100)
        )

    (tmp_path / "more").mkdir()
    (tmp_path / "more/b.yaml").write_text(jobs("b"))
    (tmp_path / "more/c.yaml").write_text(jobs("c"))
    main = tmp_path / "schedules.yaml"
    main.write_text(f"include: [more]\n{jobs('a')}")
    return main


def rises(shares: list[float]) -> bool:
    return all(before <= after for before, after in pairwise(shares)) and shares[0] > 0 and 0.9 < shares[-1] <= 1


def test_the_share_of_a_file_that_has_been_read_rises_to_its_end(file: Path) -> None:
    loaded: list[float] = []
    assert len(load(file, loaded.append).jobs) == len(loaded) == 300
    assert rises(loaded[:100])
    assert rises(loaded[100:])
    checked: list[float] = []
    lint.check(file, now=times.now(), on_progress=checked.append)
    assert checked == loaded


@pytest.mark.parametrize("until", [None, timedelta(days=1)])
def test_the_share_of_the_times_that_have_been_computed_rises_to_the_last(file: Path, until: timedelta | None) -> None:
    end = None if until is None else times.now() + until
    shares: list[float] = []
    ask = Next(count=5_000 if until is None else 100_000, until=end)
    service = FileAlone(str(file), trusted=False).service()
    found = list(asyncio.run(scheduled_times.next_times(service, ask, shares.append)))
    assert len(found) == (5_000 if until is None else 24 * 300)
    assert rises(shares)
