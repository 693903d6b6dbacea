"""A simulation counts what the real engine does on a clock that does not wait."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.cli.simulate import strip
from scheduler.control.simulation import COLUMNS, JobLoad, Simulation, simulate
from scheduler.model import Job, Overlap
from tests.unit.stage import NOON, job


def simulated(*jobs: Job, hours: float, takes: float, max_running: int | None = None) -> Simulation:
    return simulate(
        {each.name: each for each in jobs},
        lambda _name: (takes, "given"),
        max_running=max_running,
        start=NOON,
        end=NOON + timedelta(hours=hours),
    )


def load_of(result: Simulation, name: str) -> JobLoad:
    return next(load for load in result.jobs if load.name == name)


def test_runs_skips_and_busy_time_are_counted_by_job() -> None:
    jobs = [job("steady", "*/10 * * * *"), job("slow", "* * * * *"), job("never", None)]
    result = simulated(*jobs, hours=2.01, takes=90.0)
    steady, slow, never = (load_of(result, name) for name in ("steady", "slow", "never"))
    assert (steady.runs, steady.skipped) == (12, {})
    assert steady.busy == 11 * 90  # the twelfth is under way at the end
    assert (slow.runs, slow.skipped) == (60, {"overlap": 60})
    assert (never.runs, never.busy) == (0, 0.0)
    assert (result.runs, result.skipped) == (72, {"overlap": 60})


def test_what_runs_at_once_and_where_it_is_crowded_is_named() -> None:
    jobs = [job(f"hourly{number}", "@hourly") for number in range(7)] + [job("quarter", "15 * * * *")]
    result = simulated(*jobs, hours=3.01, takes=60.0)
    assert (result.most_at_once, result.most_at_once_at) == (7, NOON + timedelta(hours=1))
    assert [(minute.at, minute.starts) for minute in result.crowded] == [
        (NOON + timedelta(hours=hour), 7) for hour in (1, 2, 3)
    ]


def test_capacity_and_timeouts_show() -> None:
    jobs = [job(name, "@hourly", start_deadline=30.0, timeout=20.0) for name in "abc"]
    result = simulated(*jobs, hours=1.1, takes=60.0, max_running=1)
    assert result.runs == 2
    assert result.skipped == {"capacity": 1}
    assert sum(load.timed_out for load in result.jobs) == 2


def test_at_the_start_what_is_due_at_the_start_runs() -> None:
    result = simulated(job("boot", "@reboot"), hours=1, takes=1.0)
    assert load_of(result, "boot").starts == [1] + [0] * (COLUMNS - 1)


def test_a_year_of_slots_keeps_no_more_than_a_day() -> None:
    result = simulated(job("queued", "*/30 * * * *", overlap=Overlap.QUEUE), hours=24 * 30, takes=1.0)
    assert sum(load_of(result, "queued").starts) == result.runs == 48 * 30
    assert len(result.crowded) <= 5


@pytest.mark.parametrize(("starts", "shades"), [([0, 1, 2, 4], " ░▒█"), ([0, 0], "  "), ([3, 3], "██")])
def test_the_load_is_drawn_in_shades(starts: list[int], shades: str) -> None:
    assert strip(starts) == shades
