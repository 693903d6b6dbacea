"""`run_if`: a command decides whether a run starts; nothing of it is left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scheduler.api.run_result import in_words
from scheduler.engine.condition_gate import AT_ONCE, FirstLine
from scheduler.launch.launcher import LaunchError, Output, Stream
from scheduler.launch.simulated import Play, SimulatedChild, SimulatedLauncher
from scheduler.model.job import Overlap, Retry
from scheduler.model.run import RAN, Decision, Launch
from scheduler.model.target import ShellCommand
from tests.unit.stage import Stage, job

CONDITION = ShellCommand("test -e leader")


def plays(condition: Play | LaunchError, run: Play | None = None) -> Callable[[Launch], Play]:
    """What the commands of a stage do, by whether they are the condition."""

    def play(launch: Launch) -> Play:
        if launch.job.target != CONDITION:
            return run or Play(0.5)
        if isinstance(condition, LaunchError):
            raise condition
        return condition

    return play


def played(condition: Play | LaunchError, seconds: float = 61.0, **keys: Any) -> tuple[Stage, list[Decision]]:
    stage = Stage(job(schedule="* * * * *", run_if=CONDITION, **keys), play=plays(condition))
    stage.play(seconds)
    return stage, list(stage.engine.history.of("j").decisions)


def test_a_condition_that_holds_lets_the_run_start() -> None:
    stage, (decision,) = played(Play(0.25))
    assert decision.reason is None
    assert "12:01:00.25 started j 12:01:00" in stage.lines


@pytest.mark.parametrize(
    ("condition", "note", "broken"),
    [
        (Play(code=1, says=b"  \nnot the leader\nmore\n"), "not the leader", False),
        (Play(code=3), "run_if exited with 3", False),
        (Play(code=127, says=b"sh: 1: tset: not found\n"), "sh: 1: tset: not found", True),
        (Play(60.0), "run_if took longer than 10s", True),
        (LaunchError("no such file: /bin/nothing"), "run_if could not be started: no such file: /bin/nothing", True),
    ],
)
def test_a_condition_that_does_not_hold_skips_the_run_with_its_first_line(
    condition: Play | LaunchError, note: str, broken: bool
) -> None:
    _, (decision,) = played(condition, 75.0)
    assert (decision.word, decision.note, decision.broken) == ("condition", note, broken)


def test_a_condition_is_asked_at_each_scheduled_time_and_before_lock_and_capacity() -> None:
    _, (decision,) = played(Play(code=1), 181.0, lock="a")
    assert (decision.word, decision.count) == ("condition", 3)


def test_overlap_is_decided_before_the_condition() -> None:
    asked = []

    def play(launch: Launch) -> Play:
        asked.append(launch.job.target == CONDITION)
        return Play(0.0 if asked[-1] else 90.0)

    stage = Stage(job(schedule="* * * * *", run_if=CONDITION, overlap=Overlap.SKIP), play=play)
    stage.play(130.0)
    assert stage.engine.history.decided == {RAN: 1, "overlap": 1}
    assert asked == [True, False]


def test_a_run_that_is_stopped_or_shut_down_meanwhile_ends_its_condition() -> None:
    async def stop(stage: Stage) -> None:
        await stage.until(61)
        await stage.engine.runner.stop(list(stage.engine.runner.live_runs()))
        await stage.until(62)

    stage = Stage(job(schedule="* * * * *", run_if=CONDITION), play=lambda _: Play(None))
    stage.play(stop)
    assert stage.engine.history.decided == {"stopped": 1}
    stage = Stage(job(schedule="* * * * *", run_if=CONDITION), play=lambda _: Play(None))
    stage.play(61.0)
    assert stage.engine.history.decided == {"shutdown": 1}
    assert not [line for line in stage.lines if "BUG" in line]


def test_only_the_first_line_of_any_output_is_kept() -> None:
    line = FirstLine()
    for piece in (b"\n \n", b"dis", b"k is", b" full\nsecond", b"x" * 10_000):
        line.write(Stream.STDERR, piece)
    assert line.text == "disk is full"
    line = FirstLine()
    line.write(Stream.STDOUT, b"\x1b[31m" + b"y" * 10_000)
    assert len(line.text) < 250
    assert "\x1b" not in line.text


def test_skips_for_different_causes_are_different_records() -> None:
    answers = iter([b"maintenance", b"maintenance", b"not the leader"])

    def play(launch: Launch) -> Play:
        return Play(code=1, says=next(answers, b"")) if launch.job.target == CONDITION else Play()

    stage = Stage(job(schedule="* * * * *", run_if=CONDITION), play=play)
    stage.play(181.0)
    decisions = stage.engine.history.of("j").decisions
    assert [(each.note, each.count) for each in decisions] == [("maintenance", 2), ("not the leader", 1)]


def test_a_condition_is_tested_once_for_all_attempts_of_a_run() -> None:
    asked = []

    def play(launch: Launch) -> Play:
        asked.append("run_if" if launch.job.target == CONDITION else f"attempt {launch.attempt}")
        return Play(code=0 if asked[-1] == "run_if" else 1)

    Stage(job(schedule="@hourly", run_if=CONDITION, retry=Retry(times=1, delay=1.0)), play=play).play(3700.0)
    assert asked == ["run_if", "attempt 1", "attempt 2"]


def test_a_request_is_refused_with_what_the_condition_prints() -> None:
    async def script(stage: Stage) -> None:
        stream = stage.engine.run_now(stage.jobs["j"])
        await stage.until(5)
        assert isinstance(stream.ended, Decision)
        assert in_words(stage.engine, stream.ended) == "its run_if did not allow it: not the leader"

    Stage(job(schedule=None, run_if=CONDITION), play=plays(Play(code=1, says=b"not the leader"))).play(script)


def test_only_so_many_conditions_run_at_once_and_each_run_gets_its_turn() -> None:
    live: list[int] = [0]

    class Counting(SimulatedLauncher):
        def launch(self, launch: Launch, output: Output) -> SimulatedChild:
            child = super().launch(launch, output)
            if launch.job.target == CONDITION:
                live.append(live[-1] + 1)
                child.ended.add_done_callback(lambda _: live.append(live[-1] - 1))
            return child

    jobs = [job(f"j{n}", schedule="1 12 * * *", run_if=CONDITION) for n in range(3 * AT_ONCE)]
    stage = Stage(*jobs, launcher=Counting(lambda launch: Play(1.0 if launch.job.target == CONDITION else 0.0)))
    stage.play(90.0)
    assert max(live) == AT_ONCE
    assert stage.engine.history.decided == {RAN: 3 * AT_ONCE}
