"""Chains: `@after JOB` runs when JOB has succeeded, and locks with several slots."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.launch.simulated import Play
from scheduler.model.job import Job
from scheduler.model.run import Launch, Trigger
from tests.unit.stage import NOON, Stage, job, lines

CHAIN = [job("extract", "@every 10m"), job("load", "@after extract"), job("report", "@after load")]


def test_each_job_of_a_chain_runs_after_the_one_before_with_its_scheduled_time() -> None:
    seen: list[Launch] = []

    def play(launch: Launch) -> Play:
        seen.append(launch)
        return Play(5.0)

    stage = Stage(*CHAIN, play=play)
    assert stage.play(620.0) == lines("""
        12:10:00 started extract 12:10:00
        12:10:05 succeeded extract 12:10:00
        12:10:05 started load 12:10:00 by after
        12:10:10 succeeded load 12:10:00
        12:10:10 started report 12:10:00 by after
        12:10:15 succeeded report 12:10:00
        12:10:20 stopping
    """)
    assert [launch.trigger for launch in seen] == [Trigger.SCHEDULE, Trigger.AFTER, Trigger.AFTER]
    assert list(stage.engine.history.of("report").decisions)[-1].first == NOON + timedelta(minutes=10)


def test_a_step_that_takes_longer_than_the_start_deadline_does_not_make_the_next_one_late() -> None:
    extract = job("extract", "@every 10m", start_deadline=60.0)
    load = job("load", "@after extract", start_deadline=60.0)
    stage = Stage(extract, load, play=lambda _launch: Play(300.0))
    assert stage.play(1140.0)[:3] == lines("""
        12:10:00 started extract 12:10:00
        12:15:00 succeeded extract 12:10:00
        12:15:00 started load 12:10:00 by after
    """)


def test_nothing_runs_after_a_job_that_failed_or_was_stopped() -> None:
    stage = Stage(*CHAIN, play=lambda _: Play(1.0, code=1))
    stage.play(610.0)
    assert not [line for line in stage.lines if "load" in line]


def test_a_manual_run_starts_the_chain_too() -> None:
    async def script(stage: Stage) -> None:
        stage.engine.run_now(stage.jobs["extract"])
        await stage.until(5)

    stage = Stage(*CHAIN, play=lambda _: Play(1.0))
    stage.play(script)
    assert "12:00:01 started load 12:00:00 by after" in stage.lines


def test_a_paused_job_of_a_chain_is_skipped_and_a_disabled_one_does_not_exist() -> None:
    async def script(stage: Stage) -> None:
        stage.engine.pause("load", until=None, note="")
        await stage.until(605)
        stage.engine.load({**stage.jobs, "load": job("load", "@after extract", enabled=False)}, max_running=None)
        await stage.until(1210)

    stage = Stage(*CHAIN, play=lambda _: Play(1.0))
    stage.play(script)
    assert [line for line in stage.lines if "load" in line] == ["12:10:01 skipped load 12:10:00 paused"]


def test_the_next_job_of_a_chain_is_recorded_as_skipped_during_a_shutdown() -> None:
    stage = Stage(*CHAIN, play=lambda _: Play(5.0))
    stage.play(602.0)
    assert stage.lines[-3:] == lines("""
        12:10:02 stopping
        12:10:05 succeeded extract 12:10:00
        12:10:05 skipped load 12:10:00 shutdown
    """)


def test_a_job_of_a_chain_that_is_still_running_is_skipped() -> None:
    stage = Stage(
        job("extract", "@every 10s"),
        job("load", "@after extract"),
        play=lambda launch: Play(1.0 if launch.job.name == "extract" else 15.0),
    )
    stage.play(32.0)
    assert "12:00:21 skipped load 12:00:20 overlap" in stage.lines


@pytest.mark.parametrize(("slots", "most"), [(None, 1), (1, 1), (3, 3)])
def test_as_many_runs_hold_a_lock_as_it_has_slots(slots: int | None, most: int) -> None:
    def locked(name: str) -> Job:
        return job(name, "@every 10s", lock="imports", lock_slots=slots)

    async def script(stage: Stage) -> None:
        await stage.until(10.5)
        assert sum(state.run is not None for state in stage.engine.live()) == most

    Stage(*map(locked, "abcde"), play=lambda _: Play(2.0)).play(script)
