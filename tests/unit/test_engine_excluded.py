"""Scheduled times that `except` removes: each is recorded as skipped when it passes, and none is missed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from scheduler.launch.simulated import Play
from scheduler.model.job import Job
from scheduler.model.run import RAN, Launch
from scheduler.model.target import ShellCommand
from scheduler.schedule import Limits, exclusions_of, parse_exclusion, parse_schedule, restrict
from tests.unit.stage import NOON, Stage, job

UTC_ZONE = ZoneInfo("UTC")


def limited(schedule: object, *excluded: object, **keys: Any) -> Job:
    """A job with these entries in `except`."""
    exclusions = exclusions_of([parse_exclusion(each, UTC_ZONE, job_name="") for each in excluded], UTC_ZONE)
    parsed = restrict(parse_schedule(schedule, UTC_ZONE, job_name="j"), Limits(exclusions=exclusions))
    return replace(job(schedule=None, **keys), schedule=parsed)


def test_an_excluded_time_is_recorded_when_it_passes_and_the_others_run() -> None:
    stage = Stage(limited("* * * * *", "2-3 12 * * *"))
    lines = stage.play(330.0)
    assert [line for line in lines if "started" in line or "skipped" in line] == [
        "12:01:00 started j 12:01:00",
        "12:02:00 skipped j 12:02:00 excluded",
        "12:03:00 skipped j 12:03:00 excluded",
        "12:04:00 started j 12:04:00",
        "12:05:00 started j 12:05:00",
    ]
    assert stage.engine.history.decided == {RAN: 3, "excluded": 2}
    (skip,) = [decision for decision in stage.engine.history.of("j").decisions if decision.reason is not None]
    assert skip.note == "`2-3 12 * * *`"


def test_excluded_times_after_a_suspend_are_one_record_and_nothing_of_them_is_late_or_coalesced() -> None:
    stage = Stage(limited("* * * * *", "1-58 12 * * *", start_deadline=300.0))

    async def script(stage: Stage) -> None:
        await stage.until(10)
        stage.clock.step(timedelta(minutes=59, seconds=20))
        await stage.until(20)

    stage.play(script)
    (skip,) = [decision for decision in stage.engine.history.of("j").decisions if decision.reason is not None]
    assert (skip.count, skip.first, skip.last) == (58, NOON + timedelta(minutes=1), NOON + timedelta(minutes=58))
    assert stage.engine.history.decided == {RAN: 1, "excluded": 58}


def test_decisions_survive_a_reload_and_a_changed_schedule_starts_anew() -> None:
    first = limited("* * * * *", "1-3 12 * * *")
    stage = Stage(first)

    async def script(stage: Stage) -> None:
        await stage.until(90)
        stage.engine.load({"j": first}, max_running=None)
        stage.engine.load({"j": limited("* * * * *", "2-4 12 * * *")}, max_running=None)
        await stage.until(270)

    stage.play(script)
    assert stage.engine.history.decided == {"excluded": 4}


def test_a_disabled_or_removed_job_records_nothing() -> None:
    stage = Stage(limited("* * * * *", "* * * * *", enabled=False))
    stage.play(180.0)
    assert stage.engine.history.decided == {}


def stepped(*jobs: Job, at: float, by: timedelta, until: float, **keys: Any) -> list[str]:
    """What starts and what is skipped when the wall clock is set once."""

    async def script(stage: Stage) -> None:
        await stage.until(at)
        stage.clock.step(by)
        await stage.until(until)

    stage = Stage(*jobs, **keys)
    stage.play(script)
    return [line for line in stage.lines if line.split()[1] in {"started", "skipped"}]


HALF_AN_HOUR_BACK: dict[str, Any] = {"at": 600.0, "by": timedelta(minutes=-30), "until": 3600.0}


def test_a_clock_that_is_set_back_repeats_neither_a_run_nor_a_decision_of_a_limited_job() -> None:
    assert stepped(limited("1,2 12 * * *", "2 12 * * *"), **HALF_AN_HOUR_BACK) == [
        "12:01:00 started j 12:01:00",
        "12:02:00 skipped j 12:02:00 excluded",
    ]


def test_an_interval_from_a_start_runs_once_although_its_time_comes_again() -> None:
    every = job(schedule="@every 2w from 2026-05-18T12:05")
    assert stepped(every, **HALF_AN_HOUR_BACK) == ["12:05:00 started j 12:05:00"]


def test_until_ends_a_wildcard_job_also_when_the_clock_comes_by_again() -> None:
    limits = Limits(last=NOON + timedelta(minutes=2))
    minutely = replace(
        job(schedule=None), schedule=restrict(parse_schedule("* * * * *", UTC_ZONE, job_name="j"), limits)
    )
    assert stepped(minutely, at=240.0, by=timedelta(minutes=-5), until=900.0) == [
        "12:01:00 started j 12:01:00",
        "12:02:00 started j 12:02:00",
        "12:00:00 started j 12:00:00",
        "12:01:00 started j 12:01:00",
        "12:02:00 started j 12:02:00",
    ]


def test_a_clock_that_is_set_past_from_starts_the_job_with_its_next_time() -> None:
    limits = Limits(first=NOON + timedelta(days=1))
    hourly = replace(job(schedule=None), schedule=restrict(parse_schedule("0 * * * *", UTC_ZONE, job_name="j"), limits))
    assert stepped(hourly, at=60.0, by=timedelta(days=1), until=3700.0) == [
        "12:01:00 started j 12:00:00",
        "13:00:00 started j 13:00:00",
    ]


def test_a_correction_of_a_day_records_excluded_times_again() -> None:
    lines = stepped(limited("0 * * * *", "0 13 * * *"), at=3700.0, by=timedelta(days=-1), until=3700.0 + 24 * 3600)
    assert [line.partition(" ")[2] for line in lines if "13:00:00" in line] == [
        "skipped j 13:00:00 excluded",
        "skipped j 13:00:00 excluded",
    ]


def test_a_condition_is_tested_for_each_run_that_a_set_clock_leaves() -> None:
    condition = ShellCommand("test -e leader")
    asked = []

    def play(launch: Launch) -> Play:
        asked.append(launch.job.target == condition)
        return Play()

    minutely = job(schedule="* * * * *", run_if=condition)
    fixed = job("fixed", "1 12 * * *", run_if=condition)
    lines = stepped(minutely, fixed, at=130.0, by=timedelta(minutes=-2), until=200.0, play=play)
    assert [line.split()[2] for line in lines if "started" in line].count("fixed") == 1
    assert sum(asked) == len([line for line in lines if "started" in line])
