"""Attempts, back-off, and what cuts them short."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scheduler.launch.simulated import Play
from scheduler.model.job import Retry
from scheduler.model.run import Launch, Outcome
from tests.unit.stage import Stage, job, lines


def fails_until(attempt: int) -> Callable[[Launch], Play]:
    return lambda launch: Play(1.0, code=0 if launch.attempt >= attempt else 7)


def test_a_failed_attempt_is_tried_again_after_growing_delays() -> None:
    stage = Stage(job(schedule="@every 10m", retry=Retry(3, delay=10.0, factor=2.0)), play=fails_until(3))
    assert stage.play(660.0) == lines("""
        12:10:00 started j 12:10:00
        12:10:01 attempt 1 failed j, again in 10s
        12:10:12 attempt 2 failed j, again in 20s
        12:10:33 succeeded j 12:10:00
        12:11:00 stopping
    """)
    run = stage.engine.history.of("j").last
    assert run is not None
    assert [attempt.exit.code for attempt in run.attempts] == [7, 7, 0]
    assert (run.duration, run.exit_code) == (33.0, 0)


def test_when_every_attempt_fails_the_last_one_speaks_for_the_run() -> None:
    stage = Stage(
        job(schedule="@every 10m", retry=Retry(1, delay=1.0)), play=lambda launch: Play(1.0, code=launch.attempt)
    )
    stage.play(660.0)
    run = stage.engine.history.of("j").last
    assert run is not None
    assert (run.outcome, run.exit_code, len(run.attempts)) == (Outcome.FAILED, 2, 2)


@pytest.mark.parametrize(
    ("retry", "delays"),
    [
        (Retry(4), [10, 20, 40, 80]),
        (Retry(3, delay=1.0, factor=1.0), [1, 1, 1]),
        (Retry(3, delay=60.0, factor=10.0, max_delay=300.0), [60, 300, 300]),
        (Retry(2000, delay=1.0, factor=2.0), [1, 2]),
    ],
)
def test_delays_grow_by_the_factor_up_to_the_longest(retry: Retry, delays: list[int]) -> None:
    assert [retry.delay_before(attempt) for attempt in range(2, 2 + len(delays))] == delays
    assert retry.delay_before(2000) <= retry.max_delay


def test_timeout_is_per_attempt_and_a_timed_out_attempt_is_tried_again() -> None:
    def play(launch: Launch) -> Play:
        return Play(60.0 if launch.attempt == 1 else 1.0)

    stage = Stage(job(schedule="@every 10m", timeout=5.0, retry=Retry(1, delay=2.0)), play=play)
    assert stage.play(615.0) == lines("""
        12:10:00 started j 12:10:00
        12:10:05 attempt 1 timed-out j, again in 2s
        12:10:08 succeeded j 12:10:00
        12:10:15 stopping
    """)


def test_a_run_that_exits_in_time_has_not_timed_out_although_its_output_is_held() -> None:
    stage = Stage(job(schedule="@every 10m", timeout=5.0, retry=Retry(2)), play=lambda _: Play(4.9, held=3.0))
    assert stage.play(620.0) == lines("""
        12:10:00 started j 12:10:00
        12:10:07.9 succeeded j 12:10:00
        12:10:20 stopping
    """)


def test_stop_ends_what_holds_the_output_of_one_that_has_exited() -> None:
    async def script(stage: Stage) -> None:
        stage.engine.run_now(stage.jobs["j"])
        await stage.until(2)
        await stage.engine.stop(stage.engine.live("j"))

    stage = Stage(job(schedule=None, timeout=5.0), play=lambda _: Play(1.0, held=60.0))
    assert stage.play(script)[1] == "12:00:02 stopped j 12:00:00"


def test_a_run_that_ignores_term_ends_with_its_grace() -> None:
    stage = Stage(job(schedule="@every 10m", timeout=5.0, stop_grace=3.0), play=lambda _: Play(None, stubborn=True))
    stage.play(620.0)
    assert stage.lines[1] == "12:10:08 timed-out j 12:10:00"
    run = stage.engine.history.of("j").last
    assert run is not None
    assert (run.exit_code, run.attempts[0].exit.signal) == (124, 9)


def test_success_codes_are_successes() -> None:
    stage = Stage(job(schedule="@every 10m", success_codes=frozenset({0, 3})), play=lambda _: Play(1.0, code=3))
    stage.play(620.0)
    assert stage.lines[1] == "12:10:01 succeeded j 12:10:00"


def test_stop_ends_the_attempt_the_back_off_and_the_waiting_run_and_leaves_the_next_scheduled_time() -> None:
    async def script(stage: Stage) -> None:
        await stage.until(13)
        await stage.engine.runner.stop(list(stage.engine.runner.live_runs("j")))
        assert not list(stage.engine.runner.live_runs("j"))
        await stage.until(21.5)

    stage = Stage(job(schedule="@every 10s", retry=Retry(1, delay=60.0)), play=lambda _: Play(1.0, code=1))
    assert stage.play(script) == lines("""
        12:00:10 started j 12:00:10
        12:00:11 attempt 1 failed j, again in 60s
        12:00:13 stopped j 12:00:10
        12:00:20 started j 12:00:20
        12:00:21 attempt 1 failed j, again in 60s
        12:00:21.5 stopping
        12:00:21.5 stopped j 12:00:20
    """)


def test_stop_with_kill_does_not_wait_for_the_grace() -> None:
    async def script(stage: Stage) -> None:
        stage.engine.run_now(stage.jobs["j"])
        await stage.until(1)
        await stage.engine.stop(stage.engine.live("j"), kill=True)
        assert stage.clock.steady() == 1.0

    stage = Stage(job(schedule=None, stop_grace=60.0), play=lambda _: Play(None, stubborn=True))
    assert stage.play(script)[1] == "12:00:01 stopped j 12:00:00"
