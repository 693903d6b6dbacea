"""One run as a stream of events, for whoever asked for it and looks on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator

from scheduler.api.views import attempt_view
from scheduler.engine.live_run import LiveRun
from scheduler.launch.output import Chunk
from scheduler.model.run import Run
from scheduler.wire.runs import AttemptEnded, Event, Lost, Output


async def follow_firing(firing: LiveRun, moved: asyncio.Event) -> AsyncGenerator[Event, None]:
    """From the kept start of a run's output to its end: `Output`, `Lost`, and `AttemptEnded` between attempts.

    `moved` is the firing's observer.
    """
    run, output = firing.run, firing.output
    if run is None or output is None:
        return
    follower = output.follow(holding=True)
    attempts_told = len(run.attempts)
    chunk = asyncio.ensure_future(anext(follower, None))
    change = asyncio.ensure_future(moved.wait())
    try:
        while True:
            await asyncio.wait((chunk, change), return_when=asyncio.FIRST_COMPLETED)
            if chunk.done():
                read = chunk.result()
                if read is None:
                    return
                for event in told(run, read):
                    yield event
                chunk = asyncio.ensure_future(anext(follower, None))
            elif change.done():
                moved.clear()
                change = asyncio.ensure_future(moved.wait())
                attempts = firing.run.attempts if firing.run is not None else ()
                if firing.retry_at is not None and len(attempts) > attempts_told:
                    attempts_told = len(attempts)
                    yield AttemptEnded(run.id, run.job, attempt_view(attempts[-1]), firing.retry_at)
    finally:
        chunk.cancel()
        change.cancel()
        follower.close()


def told(run: Run, chunk: Chunk) -> Iterator[Event]:
    """One piece of output as events."""
    if chunk.missed:
        yield Lost(run.id, run.job, chunk.missed)
    if chunk.data:
        yield Output(run.id, run.job, chunk.stream.value, chunk.data, chunk.at)
