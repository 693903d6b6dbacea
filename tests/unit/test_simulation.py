"""A simulation counts what the real engine does on the virtual clock."""

from __future__ import annotations

import gc
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.engine.simulation import PARTS, JobLoad, Simulation, simulate
from scheduler.model.job import Job, OnShutdown, Overlap, Retry
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
    assert steady.busy == 11 * 90 + 36  # the twelfth is under way at the end
    assert (slow.runs, slow.skipped) == (60, {"overlap": 60})
    assert (never.runs, never.busy) == (0, 0.0)
    assert (result.runs, result.skipped) == (72, {"overlap": 60})


def test_peak_concurrency_and_busy_minutes_are_reported() -> None:
    jobs = [job(f"hourly{number}", "@hourly") for number in range(7)] + [job("quarter", "15 * * * *")]
    result = simulated(*jobs, hours=3.01, takes=60.0)
    assert (result.most_at_once, result.most_at_once_at) == (7, NOON + timedelta(hours=1))
    assert [(minute.at, minute.starts) for minute in result.busy_minutes] == [
        (NOON + timedelta(hours=hour), 7) for hour in (1, 2, 3)
    ]


def test_capacity_and_timeouts_show() -> None:
    jobs = [job(name, "@hourly", start_deadline=30.0, timeout=20.0) for name in "abc"]
    result = simulated(*jobs, hours=1.1, takes=60.0, max_running=1)
    assert result.runs == 2
    assert result.skipped == {"capacity": 1}
    assert sum(load.timed_out for load in result.jobs) == 2


def test_at_the_start_what_is_due_at_the_start_runs() -> None:
    boot = load_of(simulated(job("boot", "@reboot"), hours=1, takes=1.0), "boot")
    assert (boot.runs, boot.load) == (1, [1.0] + [0.0] * (PARTS - 1))


def test_a_day_from_one_midnight_to_the_next_has_all_its_hours() -> None:
    assert simulated(job("hourly", "@hourly"), hours=24, takes=1.0).runs == 24


@pytest.mark.parametrize("keys", [{"overlap": Overlap.QUEUE}, {"on_shutdown": OnShutdown.WAIT}, {"stop_grace": 0.0}])
def test_runs_at_the_end_of_a_simulation_count_for_nothing_after_it(
    keys: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    result = simulated(job("long", "@hourly", timeout=7_200.3, **keys), hours=3, takes=9_000.0)
    long = load_of(result, "long")
    assert (long.busy, long.timed_out) == (7_200.0, 0)
    assert "shutdown" not in result.skipped
    gc.collect()
    assert caplog.messages == []  # asyncio says there what was left behind


def test_back_off_does_not_count_as_running() -> None:
    retrying = job("again", "@hourly", timeout=60.0, retry=Retry(times=1, delay=600.0))
    again = load_of(simulated(retrying, hours=1.9, takes=90.0), "again")
    assert (again.runs, again.timed_out, again.busy) == (1, 2, 120.0)


def test_a_run_is_load_in_each_part_that_it_touches() -> None:
    load = load_of(simulated(job("long", "@hourly"), hours=24, takes=40 * 60.0), "long").load
    assert load[:7] == [0, 0, 0, 0, 900, 900, 600]


@given(takes=st.floats(0.001, 20_000), hours=st.floats(0.01, 60), overlap=st.sampled_from(Overlap))
@settings(max_examples=50)
def test_the_parts_hold_the_whole_load(takes: float, hours: float, overlap: Overlap) -> None:
    long = load_of(simulated(job("j", "*/20 * * * *", overlap=overlap), hours=hours, takes=takes), "j")
    assert sum(long.load) == pytest.approx(long.busy, abs=0.1)
    assert long.busy <= long.runs * takes + 0.1


def test_a_month_of_scheduled_times_keeps_no_more_than_a_day() -> None:
    result = simulated(job("queued", "*/30 * * * *", overlap=Overlap.QUEUE), hours=24 * 30, takes=1.0)
    assert (result.runs, len(result.jobs[0].load)) == (48 * 30, PARTS)
    assert len(result.busy_minutes) <= 5
