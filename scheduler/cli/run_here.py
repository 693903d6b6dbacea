"""Run a job in this process, for a file without a running schedd."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from typing import cast

from scheduler.api.file_service import FileService
from scheduler.api.handlers import answer
from scheduler.cli.run_printer import RunPrinter
from scheduler.wire.operations import RUN_NOW
from scheduler.wire.runs import Event, RunNow


def run_here(service: FileService, ask: RunNow, printer: RunPrinter) -> None:
    """Run the job to its end. Ctrl-C and SIGTERM stop it with SIGTERM, stop_grace, SIGKILL; a second one kills it."""
    asyncio.run(_follow(service, ask, printer))


async def _follow(service: FileService, ask: RunNow, printer: RunPrinter) -> None:
    events = cast("AsyncGenerator[Event, None]", answer(service, RUN_NOW, ask))
    loop = asyncio.get_running_loop()
    stops: list[asyncio.Task[object]] = []

    def interrupted() -> None:
        stops.append(loop.create_task(service.stop(ask.job, kill=bool(stops), by=None)))

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupted)
    try:
        async for event in events:
            printer.see(event)
    finally:
        await events.aclose()
        await asyncio.gather(*stops)
