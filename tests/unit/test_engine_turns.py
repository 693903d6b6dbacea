"""What is due at one instant starts one by one, and everybody else gets a turn meanwhile."""

from __future__ import annotations

import asyncio

from scheduler.engine.events import SlotSkipped
from scheduler.engine.turns import Turns
from scheduler.launch.simulated import Play
from scheduler.model import Launch, Verdict
from tests.unit.stage import Stage, job


def test_a_herd_starts_in_order_and_keeps_nobody_waiting() -> None:
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
        await stage.until(9.999)
        watching = asyncio.create_task(bystander())
        for name in ("a", "b", "c", "d"):
            stage.engine.run_now(stage.jobs[name])
        for _ in range(20):
            await asyncio.sleep(0)
        watching.cancel()

    Stage(*(job(name, None) for name in "abcd"), play=play).play(script)
    assert [name for name, _ in started] == ["a", "b", "c", "d"]
    turns = [at for _, at in started]
    assert turns == sorted(set(turns)), "two started in one turn"


def test_what_is_stopped_before_its_turn_is_never_launched() -> None:
    launched: list[str] = []

    def play(launch: Launch) -> Play:
        launched.append(launch.job.name)
        return Play(1.0)

    async def script(stage: Stage) -> None:
        await stage.until(10)
        await asyncio.sleep(0)
        await stage.engine.runner.stop(list(stage.engine.runner.firings("c")))

    stage = Stage(*(job(name, "@every 10s") for name in "abc"), play=play)
    stage.play(script)
    skipped = [event.decision for event in stage.events if isinstance(event, SlotSkipped)]
    assert [(decision.job, decision.verdict) for decision in skipped] == [("c", Verdict.STOPPED)]
    assert launched == ["a", "b"]


def test_a_turn_that_nobody_else_wants_is_not_waited_for() -> None:
    async def story() -> None:
        turns = Turns()
        for _ in range(3):
            turn = turns.take()
            try:
                turn.send(None)
            except StopIteration:
                pass
            else:
                raise AssertionError("it waits")
            await asyncio.sleep(0)

    asyncio.run(story())
