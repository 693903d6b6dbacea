"""The shutdown: which runs may finish, which are ended when, and within which timeout."""

from __future__ import annotations

import asyncio

from scheduler.engine.events import RunStopping
from scheduler.launch.simulated import Play
from scheduler.model.job import OnShutdown, Overlap, Retry
from scheduler.model.run import Decision, Launch
from tests.unit.stage import Stage, job, lines


def test_a_run_may_continue_until_stop_grace_before_the_end_of_the_shutdown_timeout() -> None:
    """S1"""
    jobs = [job("short", "@every 10s"), job("long", "@every 10s"), job("deaf", "@every 10s")]

    def play(launch: Launch) -> Play:
        return {"short": Play(5.0), "long": Play(None), "deaf": Play(None, stubborn=True)}[launch.job.name]

    stage = Stage(*jobs, play=play)
    stage.play(11.0)
    assert [line for line in stage.lines if "skipped" not in line][3:] == lines("""
        12:00:11 stopping
        12:00:15 succeeded short 12:00:10
        12:00:26 stopped long 12:00:10
        12:00:35 stopped deaf 12:00:10
    """)
    assert stage.clock.steady() == 35.0
    stopping = [event for event in stage.events if isinstance(event, RunStopping)]
    assert {(each.run.job, each.after, each.grace) for each in stopping} == {("long", 16.0, 10.0), ("deaf", 16.0, 10.0)}


def test_even_a_short_grace_leaves_time_between_term_and_kill() -> None:
    jobs = [job("polite", "@every 10s", stop_grace=1.0), job("deaf", "@every 10s", stop_grace=1.0)]
    stage = Stage(*jobs, play=lambda launch: Play(None, stubborn=launch.job.name == "deaf"))
    stage.play(11.0, shutdown_timeout=4.0)
    assert [line for line in stage.lines if "skipped" not in line][3:] == lines("""
        12:00:13 stopped polite 12:00:10
        12:00:14 stopped deaf 12:00:10
    """)


def test_on_shutdown_stop_ends_a_run_at_once() -> None:
    stage = Stage(job(schedule="@every 10s", on_shutdown=OnShutdown.STOP), play=lambda _: Play(None))
    stage.play(11.0)
    assert stage.lines[1:] == lines("""
        12:00:11 stopping
        12:00:11 stopped j 12:00:10
    """)


def test_runs_that_wait_for_a_retry_a_queue_a_lock_or_capacity_end_at_once_as_shutdown() -> None:
    """S1"""
    jobs = [
        job("retrying", "@every 10s", retry=Retry(3, delay=60.0)),
        job("queued", "@every 5s", overlap=Overlap.QUEUE),
        job("holder", "@every 10s", lock="l"),
        job("locked", "@every 10s", lock="l"),
    ]
    stage = Stage(*jobs, play=lambda launch: Play(0.5, code=1) if launch.job.name == "retrying" else Play(12.0))
    stage.play(11.0, shutdown_timeout=5.0)
    at = [line for line in stage.lines if line.startswith("12:00:11")]
    assert sorted(at) == sorted(
        lines("""
        12:00:11 stopping
        12:00:11 stopped retrying 12:00:10
        12:00:11 skipped queued 12:00:10 shutdown
        12:00:11 skipped locked 12:00:10 shutdown
        12:00:11 stopped queued 12:00:05
        12:00:11 stopped holder 12:00:10
    """)
    )


def test_a_run_that_fails_while_schedd_drains_was_stopped_and_is_not_tried_again() -> None:
    """S3"""
    stage = Stage(job(schedule="@every 10s", retry=Retry(5, delay=0.1)), play=lambda _: Play(3.0, code=143))
    stage.play(11.0)
    assert [line for line in stage.lines if "skipped" not in line][1:] == lines("""
        12:00:11 stopping
        12:00:13 stopped j 12:00:10
    """)


def test_a_run_that_the_platform_ends_just_before_schedd_is_not_a_failure() -> None:
    """S3: everybody gets TERM at once, and the child's reaches us first."""
    stage = Stage(job(schedule="@every 10s", retry=Retry(5, delay=0.1)), play=lambda _: Play(1.0, code=143))
    stage.play(11.4)
    assert stage.lines[1:] == lines("""
        12:00:11.4 stopping
        12:00:12 stopped j 12:00:10
    """)


def test_a_death_by_a_strangers_term_is_a_failure_a_second_later() -> None:
    stage = Stage(job(schedule="@every 10s"), play=lambda _: Play(1.0, code=143))
    stage.play(12.5)
    assert stage.lines[1] == "12:00:12 failed j 12:00:10"


def test_a_shutdown_timeout_shorter_than_stop_grace_is_kept() -> None:
    """S1"""
    stage = Stage(job(schedule="@every 10s", stop_grace=60.0), play=lambda _: Play(None, stubborn=True))
    stage.play(11.0, shutdown_timeout=4.0)
    assert stage.clock.steady() == 14.0


def test_after_the_first_sigterm_no_scheduled_run_starts() -> None:
    """D1: the old schedd is quiet from its first TERM."""
    stage = Stage(
        job("every-second"),
        job("long", "@every 10s"),
        play=lambda launch: Play(8.0 if launch.job.name == "long" else 0.0),
    )
    stage.play(12.5)
    stopping = stage.lines.index("12:00:12.5 stopping")
    after = stage.lines[stopping + 1 :]
    assert not [line for line in after if "started" in line]
    assert sum("skipped every-second" in line and "shutdown" in line for line in after) == 6


def test_a_second_and_third_sigint_send_sigterm_and_sigkill_to_what_is_left() -> None:
    """S4"""

    async def script(stage: Stage) -> None:
        await stage.until(11)
        loop = asyncio.get_running_loop()
        loop.call_later(2, stage.engine.runner.end_all)
        loop.call_later(3, stage.engine.runner.kill_all)

    jobs = [job("polite", "@every 10s"), job("deaf", "@every 10s")]
    stage = Stage(*jobs, play=lambda launch: Play(None, stubborn=launch.job.name == "deaf"))
    stage.play(script)
    assert [line for line in stage.lines if "skipped" not in line][3:] == lines("""
        12:00:13 stopped polite 12:00:10
        12:00:14 stopped deaf 12:00:10
    """)


def test_a_manual_run_is_refused_while_schedd_shuts_down() -> None:
    async def script(stage: Stage) -> None:
        await stage.until(1)

        async def later() -> None:
            await asyncio.sleep(1)
            refused = stage.engine.run_now(stage.jobs["j"])
            assert isinstance(refused.ended, Decision)
            assert refused.ended.reason == "shutdown"

        stage.engine.run_now(stage.jobs["j"])
        stage.later = asyncio.create_task(later())  # type: ignore[attr-defined]

    Stage(job(schedule=None, overlap=Overlap.ALLOW), play=lambda _: Play(5.0)).play(script)
