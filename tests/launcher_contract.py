"""What the engine promises of every run, with any launcher. Checked on each launcher."""

from __future__ import annotations

import asyncio
from collections import Counter
from enum import StrEnum

from scheduler.engine.engine import Engine
from scheduler.engine.events import Event, RunFinished, RunStarted
from scheduler.engine.following import RunStream
from scheduler.model.job import Job


class Action(StrEnum):
    """What happens to a run after a while."""

    NOTHING = "nothing"
    STOP = "stop"
    KILL = "kill"
    SHUTDOWN = "shutdown"
    KILL_ALL = "kill all"


async def carry_out(engine: Engine, job: Job, action: Action, *, after: float, shutdown: float) -> str:
    """Run a job on request, do something to it `after` so many seconds, shut down, and return the id of the run."""
    stream = engine.run_now(job)
    following = asyncio.create_task(follow_to_the_end(stream))
    await asyncio.sleep(after)
    match action:
        case Action.STOP | Action.KILL:
            await engine.stop(engine.live(job.name), kill=action is Action.KILL)
        case Action.KILL_ALL:
            engine.runner.kill_all()
        case Action.NOTHING | Action.SHUTDOWN:
            pass
    if action is not Action.SHUTDOWN:
        async with asyncio.timeout(200):
            while engine.live():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    await engine.shut_down(shutdown)
    async with asyncio.timeout(1):
        await following
    return stream.run_id


async def follow_to_the_end(stream: RunStream) -> None:
    """Return when the stream of the run has ended."""
    async for _ in stream:
        pass
    assert stream.ended is not None


def check(engine: Engine, events: list[Event], run_id: str) -> None:
    """Each RunStarted has exactly one RunFinished; history has the run; nothing of it is live."""
    started = Counter(event.run.id for event in events if isinstance(event, RunStarted))
    finished = Counter(event.run.id for event in events if isinstance(event, RunFinished))
    assert started == finished == Counter({run_id: 1})
    assert engine.live() == ()
    last = engine.history.run(run_id)
    assert last is not None
    assert last.outcome is not None
    assert last.exit_code is not None
