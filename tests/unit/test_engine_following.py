"""A run as a stream of values, from any moment on."""

from __future__ import annotations

import asyncio

import pytest

from scheduler.engine.events import AttemptFinished, RunWaiting
from scheduler.engine.following import RunStream, Value
from scheduler.launch.output import Chunk
from scheduler.launch.simulated import Play
from scheduler.model.job import Overlap, Retry
from scheduler.model.run import Decision, Launch, Outcome, Reason, Run
from tests.unit.stage import Stage, job


async def values(stream: RunStream) -> list[Value]:
    return [value async for value in stream]


def words(found: list[Value]) -> list[str]:
    """Each value in a word or two."""
    shown = []
    for value in found:
        match value:
            case Run(outcome=None):
                shown.append("started")
            case Run(outcome=Outcome() as outcome):
                shown.append(outcome.value)
            case RunWaiting(gate=gate):
                shown.append(f"waits for {gate.value}")
            case AttemptFinished(attempt=attempt):
                shown.append(f"attempt {attempt.number}")
            case Decision(reason=reason):
                shown.append(f"skipped {reason}")
            case Chunk(data=data):
                shown.append(data.decode())
    return shown


def test_a_request_is_followed_from_the_gates_over_its_attempts_to_its_end() -> None:
    async def script(stage: Stage) -> None:
        first = stage.engine.run_now(stage.jobs["a"])
        second = stage.engine.run_now(stage.jobs["b"])
        assert words(await values(first)) == ["started", "out", "succeeded"]
        assert words(await values(second)) == ["waits for lock", "started", "1", "attempt 1", "2", "succeeded"]

    def play(launch: Launch) -> Play:
        if launch.job.name == "a":
            return Play(5.0, says=b"out")
        return Play(1.0, code=2 - launch.attempt, says=str(launch.attempt).encode())

    Stage(job("a", None, lock="db"), job("b", None, lock="db", retry=Retry(1, 1.0)), play=play).play(script)


def test_a_slow_reader_gets_output_and_attempts_in_the_order_in_which_they_happened() -> None:
    async def script(stage: Stage) -> None:
        stream = stage.engine.run_now(stage.jobs["b"])
        await stage.until(20)
        assert words(await values(stream)) == ["started", "1", "attempt 1", "2", "attempt 2", "3", "failed"]

    play = lambda launch: Play(1.0, code=1, says=str(launch.attempt).encode())  # noqa: E731
    Stage(job("b", None, retry=Retry(2, 1.0)), play=play).play(script)


@pytest.mark.parametrize("moment", [0.0, 0.5, 3.0])
def test_a_run_can_be_followed_from_its_launch_in_its_middle_and_after_its_end(moment: float) -> None:
    async def script(stage: Stage) -> None:
        run_id = stage.engine.run_now(stage.jobs["a"]).run_id
        await asyncio.sleep(moment)
        stream = stage.engine.following.of(run_id)
        assert stream is not None
        assert words(await values(stream))[-2:] == ["out", "succeeded"]

    Stage(job("a", None), play=lambda _: Play(1.0, says=b"out")).play(script)


def test_a_run_that_is_neither_live_nor_kept_cannot_be_followed() -> None:
    async def script(stage: Stage) -> None:
        assert stage.engine.following.of("unknown") is None

    Stage(job("a", None), play=lambda _: Play()).play(script)


def test_a_follower_of_a_waiting_run_gets_the_reason_of_its_skip() -> None:
    async def script(stage: Stage) -> None:
        await stage.until(10.5)  # `b` was due at 10 and waits for the lock
        (waiting,) = stage.engine.live("b")
        stream = stage.engine.following.of(waiting.run_id)
        assert stream is not None
        assert words(await values(stream)) == ["waits for lock", "skipped lock"]

    jobs = [job("a", "@every 5s", lock="db"), job("b", "@every 10s", lock="db", start_deadline=3.0)]
    Stage(*jobs, play=lambda _: Play(60.0)).play(script)


def test_a_refused_request_is_a_stream_of_its_decision_alone() -> None:
    async def script(stage: Stage) -> None:
        stage.engine.run_now(stage.jobs["a"])
        await asyncio.sleep(1)
        (decision,) = await values(stage.engine.run_now(stage.jobs["a"]))
        assert isinstance(decision, Decision)
        assert decision.reason is Reason.OVERLAP

    stage = Stage(job("a", None, overlap=Overlap.SKIP), play=lambda _: Play(5.0))
    stage.play(script)
    assert not stage.engine.history.decided["overlap"]  # no id was given out


def test_many_can_follow_one_run_and_leave_as_they_like() -> None:
    async def script(stage: Stage) -> None:
        first = stage.engine.run_now(stage.jobs["a"], holding=True)
        others = [stage.engine.following.of(first.run_id) for _ in range(3)]
        await asyncio.sleep(0.5)
        first.close()
        first.close()
        for other in others:
            assert other is not None
            assert words(await values(other)) == ["started", "out", "succeeded"]
            other.close()
        assert await values(first) == []

    Stage(job("a", None), play=lambda _: Play(1.0, says=b"out")).play(script)
