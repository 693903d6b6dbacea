"""How long a question about one job holds the event loop, when every job has as much history as is kept.

    python benchmarks/questions.py [--repeats 5]

A run that is due in the meantime starts later by as much.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from bench import Row, main
from history import filled

from scheduler.api.engine_service import EngineService
from scheduler.api.handlers import answer
from scheduler.api.service import Service
from scheduler.clock import SystemClock
from scheduler.engine.engine import Engine
from scheduler.launch.environment import Environment
from scheduler.launch.launchers import Launchers
from scheduler.launch.simulated import NoLog, Play, SimulatedLauncher
from scheduler.model.job import Job
from scheduler.model.target import ShellCommand
from scheduler.schedule import parse_schedule
from scheduler.wire import runs
from scheduler.wire.jobs import Show
from scheduler.wire.operations import HISTORY, SHOW, WHY, Operation
from scheduler.wire.times import Why

START = datetime(2026, 1, 1, tzinfo=UTC)

DAILY = parse_schedule("0 3 * * *", ZoneInfo("UTC"), job_name="daily")


JOBS = 10_000


def measure(options: argparse.Namespace) -> Iterator[Row]:
    yield from asyncio.run(_measure(options.repeats))


async def _measure(repeats: int) -> list[Row]:
    jobs = {f"job-{n}": Job(name=f"job-{n}", target=ShellCommand("true"), cwd="/", schedule=DAILY) for n in range(JOBS)}
    engine = Engine(SystemClock(), Launchers(SimulatedLauncher(lambda _: Play(0)), simulated=True), log=NoLog())
    engine.load(jobs, max_running=None)
    for name in jobs:
        for event in filled(name, START):
            engine.history.on_event(event)
    gc.collect()
    gc.freeze()
    service, name = EngineService(engine, Environment({})), f"job-{JOBS // 2}"
    third_day = START + timedelta(days=3, hours=3)
    return [
        Row(
            f"{operation.name} of one job among {JOBS} with full histories: time on the loop",
            "≤ 2 ms",
            await _on_loop(service, operation, ask, repeats),
        )
        for operation, ask in (
            (SHOW, Show(name)),
            (WHY, Why(job=name, at=third_day)),
            (HISTORY, runs.History(jobs=(name,))),
        )
    ]


async def _on_loop(service: Service, operation: Operation[Any, Any], ask: msgspec.Struct, repeats: int) -> str:
    seen = []
    for _ in range(repeats):
        begun = time.perf_counter()
        reply = answer(service, operation, ask)
        if isawaitable(reply):
            await reply
        seen.append(time.perf_counter() - begun)
    return f"{median(seen) * 1000:.2g} ms"


if __name__ == "__main__":
    main(measure, __doc__)
