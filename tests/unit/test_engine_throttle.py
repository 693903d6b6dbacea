"""What is due at one instant starts a few at a time, and other work continues meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter

from scheduler.engine.events import RunSkipped, RunStarted
from scheduler.engine.live_run import Phase
from scheduler.engine.throttle import FEW, Throttle
from scheduler.launch.simulated import Play
from scheduler.model.run import Launch, Reason
from tests.unit.stage import Stage, job


def test_many_runs_at_once_start_in_order_without_waiting() -> None:
    turn = 0
    started: list[tuple[str, int]] = []

    async def bystander() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    def play(launch: Launch) -> Play:
        started.append((launch.job.name, turn))
        return Play(1.0)

    async def script(stage: Stage) -> None:
        watching = asyncio.create_task(bystander())
        for each in stage.jobs.values():
            stage.engine.run_now(each)
        for _ in range(20):
            await asyncio.sleep(0)
        watching.cancel()

    names = [f"j{number}" for number in range(3 * FEW + 1)]
    Stage(*(job(name, None) for name in names), play=play).play(script)
    assert [name for name, _ in started] == names
    assert list(Counter(turn for _, turn in started).values()) == [FEW, FEW, FEW, 1]


def test_all_runs_of_a_tick_start_before_the_first_of_them_is_announced() -> None:
    told_at_start: list[int] = []

    def play(_: Launch) -> Play:
        told_at_start.append(sum(isinstance(event, RunStarted) for event in stage.events))
        return Play(1.0)

    async def script(stage: Stage) -> None:
        for each in stage.jobs.values():
            stage.engine.run_now(each)
        await stage.until(0.5)

    stage = Stage(*(job(f"j{number}", None) for number in range(FEW)), play=play)
    stage.play(script)
    assert told_at_start == [0] * FEW
    assert sum(isinstance(event, RunStarted) for event in stage.events) == FEW


def test_runs_that_waited_for_capacity_start_a_few_at_a_time() -> None:
    at_once: list[int] = []

    async def script(stage: Stage) -> None:
        for each in stage.jobs.values():
            stage.engine.run_now(each)
        await stage.until(0.5)
        stage.engine.runner.set_max_running(None)
        running = 1
        for _ in range(20):
            await asyncio.sleep(0)
            now = sum(live_run.phase is Phase.RUNNING for live_run in stage.engine.runner.live_runs())
            at_once.append(now - running)
            running = now

    names = [f"j{number}" for number in range(2 * FEW + 1)]
    Stage(*(job(name, None) for name in names), play=lambda _: Play(1.0), max_running=1).play(script)
    assert [count for count in at_once if count] == [FEW, FEW]


def test_a_run_that_is_stopped_before_its_turn_is_never_launched() -> None:
    launched: list[str] = []

    def play(launch: Launch) -> Play:
        launched.append(launch.job.name)
        return Play(1.0)

    async def script(stage: Stage) -> None:
        await stage.until(10)
        await asyncio.sleep(0)
        await stage.engine.runner.stop(list(stage.engine.runner.live_runs(f"j{FEW}")))

    names = [f"j{number}" for number in range(FEW + 1)]
    stage = Stage(*(job(name, "@every 10s") for name in names), play=play)
    stage.play(script)
    skipped = [event.decision for event in stage.events if isinstance(event, RunSkipped)]
    assert [(decision.job, decision.reason) for decision in skipped] == [(f"j{FEW}", Reason.STOPPED)]
    assert launched == names[:FEW]


def test_a_few_need_not_wait_for_a_turn() -> None:
    async def story() -> None:
        turns = Throttle()
        for _ in range(3):
            for _ in range(FEW):
                assert turns.take() is None
            await asyncio.sleep(0)

    asyncio.run(story())
