"""What the engine promises of every run, whatever its launcher does. Checked on each launcher."""

from __future__ import annotations

import asyncio
from collections import Counter
from enum import StrEnum

from scheduler.engine.engine import Engine
from scheduler.engine.events import Event, RunFinished, RunStarted
from scheduler.engine.live_run import LiveRun, Phase
from scheduler.model.job import Job


class Action(StrEnum):
    """What happens to a run after a while."""

    NOTHING = "nothing"
    STOP = "stop"
    KILL = "kill"
    SHUTDOWN = "shutdown"
    KILL_ALL = "kill all"


async def carry_out(engine: Engine, job: Job, action: Action, *, after: float, shutdown: float) -> LiveRun:
    """Run a job on demand, do something to it `after` so many seconds, shut down, and return the run, which is over."""
    live_run = engine.run_now(job)
    following = asyncio.create_task(follow_to_the_end(live_run))
    await asyncio.sleep(after)
    match action:
        case Action.STOP | Action.KILL:
            await engine.runner.stop([live_run], kill=action is Action.KILL)
        case Action.KILL_ALL:
            engine.runner.kill_all()
        case Action.NOTHING | Action.SHUTDOWN:
            pass
    if action is not Action.SHUTDOWN:
        async with asyncio.timeout(200):
            while live_run.phase is not Phase.DONE:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    await engine.shut_down(shutdown)
    async with asyncio.timeout(1):
        await following
    return live_run


async def follow_to_the_end(live_run: LiveRun) -> None:
    """Return when the output of the run has ended, also when it never had any."""
    while live_run.output is None:
        if live_run.phase is Phase.DONE:
            return
        await asyncio.sleep(0.01)
    follower = live_run.output.follow()
    try:
        async for _ in follower:
            pass
    finally:
        follower.close()


def check(engine: Engine, events: list[Event], live_run: LiveRun) -> None:
    """Each RunStarted has exactly one RunFinished; history has the run; nothing of it is live."""
    started = Counter(event.run.id for event in events if isinstance(event, RunStarted))
    finished = Counter(event.run.id for event in events if isinstance(event, RunFinished))
    assert started == finished == Counter({live_run.run_id: 1})
    assert list(engine.runner.live_runs()) == []
    last = engine.history.of(live_run.job.name).last
    assert last is not None
    assert last.id == live_run.run_id
    assert last.outcome is not None
    assert last.exit_code is not None
