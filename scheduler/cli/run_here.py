"""A job run in this very process, where no schedd serves its file."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from typing import cast

from scheduler.api.file_service import FileService
from scheduler.api.operations import answer
from scheduler.cli.run_printer import RunPrinter
from scheduler.wire.operations import RUN_NOW
from scheduler.wire.runs import Event, RunNow


def run_here(service: FileService, ask: RunNow, watcher: RunPrinter) -> None:
    """Run the job to its end. Ctrl-C and TERM stop it: TERM, grace, KILL; a second one kills it at once."""
    asyncio.run(_watch(service, ask, watcher))


async def _watch(service: FileService, ask: RunNow, watcher: RunPrinter) -> None:
    events = cast("AsyncGenerator[Event, None]", answer(service, RUN_NOW, ask))
    loop = asyncio.get_running_loop()
    stops: list[asyncio.Task[object]] = []

    def interrupted() -> None:
        stops.append(loop.create_task(service.stop(ask.job, kill=bool(stops))))

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupted)
    try:
        async for event in events:
            watcher.see(event)
    finally:
        await events.aclose()
        await asyncio.gather(*stops)
