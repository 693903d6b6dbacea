"""How long a simulated day takes: 1,440 minutely runs of ten jobs through the real engine, launch excluded.

python benchmarks/simulated_day.py [--repeats 5]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bench import Row, main

from scheduler.engine.engine import Engine
from scheduler.launch.launchers import Launchers
from scheduler.launch.simulated import NoLog, Play, SimulatedLauncher
from scheduler.model.job import Job
from scheduler.model.run import RAN
from scheduler.model.target import ShellCommand
from scheduler.schedule import parse_schedule
from scheduler.virtual_clock import VirtualClock


def simulate(jobs: int, days: int) -> tuple[float, int]:
    """Seconds of CPU it took, and the decisions made."""
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    schedule = parse_schedule("* * * * *", ZoneInfo("UTC"), job_name="job")
    definitions = {
        name: Job(name=name, target=ShellCommand("true"), cwd="/", schedule=schedule)
        for name in (f"job{number}" for number in range(jobs))
    }

    async def live() -> Engine:
        engine = Engine(clock, Launchers(SimulatedLauncher(lambda _launch: Play(1.0)), simulated=True), log=NoLog())
        engine.load(definitions, max_running=None)
        ticking = asyncio.create_task(engine.run())
        await asyncio.sleep(days * 86_400 + 30)
        ticking.cancel()
        return engine

    began = time.process_time()
    engine = clock.run(live())
    seconds = time.process_time() - began
    assert set(engine.history.decided) == {RAN}
    return seconds, engine.history.decided.total()


def measure(options: argparse.Namespace) -> Iterator[Row]:
    runs = [simulate(10, 1) for _ in range(options.repeats)]
    seconds, runs_made = statistics.median(taken for taken, _ in runs), runs[0][1]
    yield Row("own CPU of a run, launch excluded", "≤ 60 µs", f"{seconds / runs_made * 1e6:.0f} µs")
    yield Row("1,440,000 simulated runs, from that", "≤ 90 s", f"{seconds / runs_made * 1_440_000:.0f} s")


if __name__ == "__main__":
    main(measure, __doc__)
