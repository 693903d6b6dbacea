"""Bugs in the parts of the engine: what they cost, and that a dead loop is never taken for a healthy one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from scheduler.engine.engine import MOST_FAILURES
from scheduler.engine.events import Event
from scheduler.liveness import Liveness
from scheduler.model.run import Outcome
from scheduler.virtual_clock import VirtualClock
from tests.unit.stage import Stage, job


class FaultError(Exception):
    """Injected by a test."""


def failing(*_args: object, **_keys: object) -> None:
    raise FaultError


def times(count: int, real: Callable[..., object]) -> Callable[..., object]:
    """Fail so many times, then work."""
    left = iter(range(count))

    def call(*args: object, **keys: object) -> object:
        if next(left, None) is not None:
            raise FaultError
        return real(*args, **keys)

    return call


def bugs(stage: Stage) -> int:
    return sum("BUG" in line for line in stage.lines)


async def supervised(stage: Stage, seconds: float) -> Liveness:
    """Run the loop of the stage's engine once more, as the daemon does."""
    ended = asyncio.Event()
    liveness = Liveness(ended.set)
    liveness.start_loop(stage.engine.run())
    await asyncio.sleep(seconds)
    assert ended.is_set() is liveness.failed
    liveness.stop()
    return liveness


def test_a_fault_in_the_clocks_sleep_ends_the_loop_and_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    """C5"""

    async def script(stage: Stage) -> None:
        monkeypatch.setattr(stage.clock, "sleep_until", failing)
        assert (await supervised(stage, 1)).failed
        assert stage.engine.problem() == "the scheduling loop has ended because of an internal error; see the log"

    stage = Stage(job("j", None))
    stage.play(script)
    assert any("exits with 70" in line for line in stage.lines)


@pytest.mark.parametrize("where", ["now", "take", "tick"])
def test_a_fault_in_every_tick_ends_the_loop_and_the_daemon(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """C5: in the clock, in the timetable, in the engine itself."""

    async def script(stage: Stage) -> None:
        monkeypatch.setattr(
            {"now": stage.clock, "take": stage.engine.timetable, "tick": stage.engine}[where], where, failing
        )
        task = asyncio.create_task(supervised(stage, MOST_FAILURES + 2))
        stage.engine._wake.set()
        await asyncio.sleep(0.5)
        assert stage.engine.problem() == "the scheduling loop fails because of an internal error; see the log"
        assert (await task).failed
        monkeypatch.undo()
        assert stage.engine.problem() == "the scheduling loop has ended because of an internal error; see the log"

    Stage(job("j", None)).play(script)


@pytest.mark.parametrize("where", ["take", "set_back"])
def test_a_fault_in_one_tick_loses_no_scheduled_time(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """C5"""

    async def script(stage: Stage) -> None:
        timetable = stage.engine.timetable
        monkeypatch.setattr(timetable, where, times(2, getattr(timetable, where)))
        await stage.until(35)
        assert stage.engine.problem() is None

    stage = Stage(job(schedule="@every 10s"))
    stage.play(script)
    assert [line.split()[-1] for line in stage.lines if " started " in line] == ["12:00:10", "12:00:20", "12:00:30"]
    assert bugs(stage) == (2 if where == "take" else 0)


def test_a_schedule_that_fails_costs_only_its_own_job_and_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """C5"""

    async def script(stage: Stage) -> None:
        entry = stage.engine.timetable._entries["bad"]
        monkeypatch.setattr(entry, "schedule", object())
        await stage.until(13)
        assert stage.engine.problem() is not None

    stage = Stage(job("bad", "@every 10s"), job("good", "@every 10s"))
    stage.play(script)
    assert [line for line in stage.lines if " started " in line] == ["12:00:10 started good 12:00:10"]


@pytest.mark.parametrize("part", ["_overlap", "_capacity", "_lock"])
def test_a_fault_in_a_gate_costs_one_run_and_is_recorded(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """C5: in the runner."""

    async def script(stage: Stage) -> None:
        gate = getattr(stage.engine.runner, part)
        monkeypatch.setattr(gate, "enter", times(1, gate.enter))
        await stage.until(35)
        assert stage.engine.problem() is None

    stage = Stage(job("a", "@every 10s"), job("b", "@every 10s"))
    stage.play(script)
    outcomes = [line.split()[1:3] for line in stage.lines if line.split()[1] in ("succeeded", "not-started")]
    assert sorted(outcomes) == sorted([["not-started", "a"], *[["succeeded", "a"]] * 2, *[["succeeded", "b"]] * 3])
    (last, *_) = stage.engine.history.of("a").runs
    assert (last.outcome, last.attempts[0].exit.notes) == (Outcome.NOT_STARTED, ("internal error: see the log",))
    assert bugs(stage) == 1


def test_a_fault_in_a_listener_costs_nothing() -> None:
    """C5"""

    def listener(_event: Event) -> None:
        raise FaultError

    async def script(stage: Stage) -> None:
        with stage.engine.announce.with_listener(listener):
            await stage.until(25)
        assert stage.engine.problem() is None

    stage = Stage(job(schedule="@every 10s"))
    stage.play(script)
    assert [line.split()[1] for line in stage.lines if "BUG" not in line] == [*["started", "succeeded"] * 2, "stopping"]


def test_a_loop_that_does_not_wake_up_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """C5"""

    async def script(stage: Stage) -> None:
        async def oversleep(_moment: datetime | None, _wake: asyncio.Event) -> None:
            await asyncio.sleep(1000)

        await stage.until(11)
        monkeypatch.setattr(stage.clock, "sleep_until", oversleep)
        await stage.until(24)
        assert stage.engine.problem() is None
        await stage.until(36)
        assert stage.engine.problem() == "a scheduled time is 6s overdue"

    Stage(job(schedule="@every 10s")).play(script)


def test_a_suspend_does_not_count_as_a_late_loop() -> None:
    async def script(stage: Stage) -> None:
        await stage.until(1)
        VirtualClock.step(stage.clock, timedelta(hours=3))
        assert stage.engine.problem() is None

    Stage(job(schedule="@every 10s")).play(script)
