"""A schedd whose wall clock is set while it runs: a real process, real sleeps, real children."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.system.programs import Schedd, schedd, write

SETTABLE = Path(__file__).with_name("schedd_on_a_settable_clock.py")
HOUR = 3600


@contextmanager
def settable(tmp_path: Path, jobs: str) -> Iterator[tuple[Schedd, Path]]:
    """A schedd, and the file whose number of seconds its clock is ahead."""
    offset = tmp_path / "offset"
    offset.write_text("0")
    file = write(tmp_path / "schedules.yaml", jobs)
    with schedd(file, program=(sys.executable, str(SETTABLE)), CLOCK_OFFSET=str(offset)) as running:
        yield running, offset


def set_clock(offset: Path, seconds: float) -> None:
    new = offset.with_suffix(".new")
    new.write_text(str(seconds))
    new.rename(offset)


def test_set_forward_it_coalesces_what_it_missed_into_one_run_and_says_by_how_much(tmp_path: Path) -> None:
    """T8"""
    with settable(tmp_path, 'jobs: {tick: {schedule: "@every 1s", command: "true"}}') as (running, offset):
        running.says("run finished", times=2)
        set_clock(offset, 6 * HOUR)
        (jump,) = running.says('event="clock jumped"')
        assert 6 * HOUR - 5 < float(jump.partition("by=")[2].rstrip("s")) < 6 * HOUR + 5
        (coalesced,) = running.says("run skipped", "reason=coalesced")
        assert 'count="more than 1000"' in coalesced
        count = len(running.lines("run finished"))
        running.says("run finished", times=count + 3)
        assert running.stop() == 0


def test_set_back_an_hour_it_neither_freezes_nor_runs_a_scheduled_time_twice(tmp_path: Path) -> None:
    """T7"""
    with settable(tmp_path, 'jobs: {tick: {schedule: "@every 1s", command: "true"}}') as (running, offset):
        running.says("run finished", "job=tick", times=2)
        set_clock(offset, -HOUR)
        running.says('event="clock jumped"', "by=-3")
        count = len(running.lines("run finished", "job=tick"))
        running.says("run finished", "job=tick", times=count + 3)
        scheduled_times = [
            line.partition("scheduled_at=")[2].split()[0] for line in running.lines("run started", "job=tick")
        ]
        assert len(scheduled_times) == len(set(scheduled_times))
        assert running.stop() == 0


def test_set_back_a_day_everything_goes_on(tmp_path: Path) -> None:
    """T7"""
    with settable(tmp_path, 'jobs: {tick: {schedule: "@every 1s", command: "true"}}') as (running, offset):
        running.says("run finished", times=2)
        set_clock(offset, -24 * HOUR)
        running.says('event="clock jumped"', "by=-86")
        count = len(running.lines("run finished"))
        running.says("run finished", times=count + 3)
        assert running.stop() == 0
