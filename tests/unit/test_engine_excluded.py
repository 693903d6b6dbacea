"""Scheduled times that `except` removes: each is recorded as skipped when it passes, and none is missed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from scheduler.model.job import Job
from scheduler.model.run import RAN
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
