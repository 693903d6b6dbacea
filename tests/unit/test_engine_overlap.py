"""What happens at a scheduled time when the job is still running."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.launch.simulated import Play
from scheduler.model.job import Job, Overlap
from scheduler.model.run import Decision, RunRequest
from tests.unit.stage import Stage, job, lines

THREE_SECONDS_EVERY_SECOND = {
    Overlap.SKIP: """
        12:00:01 started j 12:00:01
        12:00:02 skipped j 12:00:02 overlap
        12:00:03 skipped j 12:00:03 overlap
        12:00:04 skipped j 12:00:04 overlap
        12:00:04 succeeded j 12:00:01
        12:00:05 started j 12:00:05
        12:00:05.5 stopping
        12:00:06 skipped j 12:00:06 shutdown
        12:00:07 skipped j 12:00:07 shutdown
        12:00:08 skipped j 12:00:08 shutdown
        12:00:08 succeeded j 12:00:05
    """,
    Overlap.ALLOW: """
        12:00:01 started j 12:00:01
        12:00:02 started j 12:00:02
        12:00:03 started j 12:00:03
        12:00:04 succeeded j 12:00:01
        12:00:04 started j 12:00:04
        12:00:05 succeeded j 12:00:02
        12:00:05 started j 12:00:05
        12:00:05.5 stopping
        12:00:06 skipped j 12:00:06 shutdown
        12:00:06 succeeded j 12:00:03
        12:00:07 skipped j 12:00:07 shutdown
        12:00:07 succeeded j 12:00:04
        12:00:08 skipped j 12:00:08 shutdown
        12:00:08 succeeded j 12:00:05
    """,
    Overlap.QUEUE: """
        12:00:01 started j 12:00:01
        12:00:03 skipped j 12:00:02 coalesced
        12:00:04 succeeded j 12:00:01
        12:00:04 skipped j 12:00:03 coalesced
        12:00:04 started j 12:00:04
        12:00:05.5 stopping
        12:00:05.5 skipped j 12:00:05 shutdown
        12:00:06 skipped j 12:00:06 shutdown
        12:00:07 skipped j 12:00:07 shutdown
        12:00:07 succeeded j 12:00:04
    """,
    Overlap.REPLACE: """
        12:00:01 started j 12:00:01
        12:00:02 stopped j 12:00:01
        12:00:02 started j 12:00:02
        12:00:03 stopped j 12:00:02
        12:00:03 started j 12:00:03
        12:00:04 stopped j 12:00:03
        12:00:04 started j 12:00:04
        12:00:05 stopped j 12:00:04
        12:00:05 started j 12:00:05
        12:00:05.5 stopping
        12:00:06 skipped j 12:00:06 shutdown
        12:00:07 skipped j 12:00:07 shutdown
        12:00:08 skipped j 12:00:08 shutdown
        12:00:08 succeeded j 12:00:05
    """,
}


@pytest.mark.parametrize("overlap", Overlap)
def test_a_three_second_job_due_every_second_does_what_its_overlap_policy_promises(overlap: Overlap) -> None:
    stage = Stage(job(overlap=overlap), play=lambda _: Play(3.0))
    assert stage.play(5.5) == lines(THREE_SECONDS_EVERY_SECOND[overlap])


def test_a_minutely_job_that_takes_almost_a_minute_skips_no_run_when_it_queues() -> None:
    """T9"""
    stage = Stage(job(schedule="* * * * *", overlap=Overlap.QUEUE), play=lambda _: Play(59.95))
    stage.play(10 * 60 + 30)
    assert [line.split()[3] for line in stage.lines if "started" in line] == [f"12:{n:02d}:00" for n in range(1, 11)]


def test_a_queued_run_waits_for_its_lock_until_the_start_deadline_after_its_turn() -> None:
    async def script(stage: Stage) -> None:
        await stage.until(30)
        stage.engine.run_now(stage.jobs["other"])
        await stage.until(49)

    stage = Stage(
        job(schedule="@every 20s", overlap=Overlap.QUEUE, lock="l", start_deadline=5.0),
        job("other", None, lock="l"),
        play=lambda launch: Play(25.0 if launch.job.name == "j" else 3.0),
    )
    assert stage.play(script)[:5] == lines("""
        12:00:20 started j 12:00:20
        12:00:45 succeeded j 12:00:20
        12:00:45 started other 12:00:30 by manual
        12:00:48 succeeded other 12:00:30
        12:00:48 started j 12:00:40
    """)


def test_a_stubborn_run_is_replaced_once_kill_has_ended_it() -> None:
    stage = Stage(
        job(schedule="@every 5s", overlap=Overlap.REPLACE, stop_grace=2.0), play=lambda _: Play(None, stubborn=True)
    )
    assert stage.play(12.5, shutdown_timeout=3.0)[:3] == lines("""
        12:00:05 started j 12:00:05
        12:00:12 stopped j 12:00:05
        12:00:12 started j 12:00:10
    """)


def hourly(**keys: Any) -> Job:
    return job(schedule="@hourly", **keys)


async def manual_job(stage: Stage, name: str = "j", *, force: bool = False) -> None:
    stage.engine.run_now(stage.jobs[name], RunRequest(force=force))


def test_a_manual_run_obeys_overlap_and_force_ignores_it() -> None:
    async def script(stage: Stage) -> None:
        await manual_job(stage)
        await stage.until(1)
        refused = stage.engine.run_now(stage.jobs["j"])
        assert isinstance(refused.ended, Decision)
        assert refused.ended.reason == "overlap"
        await manual_job(stage, force=True)
        await stage.until(20)

    stage = Stage(hourly(), play=lambda _: Play(10.0))
    assert stage.play(script) == lines("""
        12:00:00 started j 12:00:00 by manual
        12:00:01 started j 12:00:01 by manual
        12:00:10 succeeded j 12:00:00
        12:00:11 succeeded j 12:00:01
        12:00:20 stopping
    """)


def test_manual_runs_wait_behind_each_other_and_none_replaces_another() -> None:
    """B12"""

    async def script(stage: Stage) -> None:
        await manual_job(stage)
        for second in (1, 2, 3):
            await stage.until(second)
            waiting = stage.engine.run_now(stage.jobs["j"])
            assert stage.gate_of(waiting) == "overlap"
        await stage.until(59)

    stage = Stage(job(schedule="@every 20s", overlap=Overlap.QUEUE), play=lambda _: Play(15.0))
    stage.play(script)
    assert stage.lines == lines("""
        12:00:00 started j 12:00:00 by manual
        12:00:15 succeeded j 12:00:00
        12:00:15 started j 12:00:01 by manual
        12:00:30 succeeded j 12:00:01
        12:00:30 started j 12:00:02 by manual
        12:00:40 skipped j 12:00:20 coalesced
        12:00:45 succeeded j 12:00:02
        12:00:45 started j 12:00:03 by manual
        12:00:59 stopping
        12:00:59 skipped j 12:00:40 shutdown
        12:01:00 skipped j 12:01:00 shutdown
        12:01:00 succeeded j 12:00:03
    """)
