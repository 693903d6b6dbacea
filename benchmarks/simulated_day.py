"""How long a simulated day takes: 1,440 minutely runs of ten jobs through the real engine, launch excluded.

python benchmarks/simulated_day.py [--repeats 5]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bench import Row, main

from scheduler.engine import simulation
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


def empty_tasks(jobs: int, days: int) -> float:
    """Seconds of CPU for as many tasks that only sleep for a second."""
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))

    async def live() -> None:
        for _ in range(days * 1440):
            await asyncio.sleep(60)
            for _ in range(jobs):
                tasks.add(task := asyncio.create_task(asyncio.sleep(1.0)))
                task.add_done_callback(tasks.discard)
        await asyncio.sleep(30)

    tasks: set[asyncio.Task[None]] = set()
    began = time.process_time()
    clock.run(live())
    return time.process_time() - began


def counted(jobs: int, days: int) -> float:
    """Seconds of CPU that `schedctl simulate` spends on the same, its counts included."""
    schedule = parse_schedule("* * * * *", ZoneInfo("UTC"), job_name="job")
    definitions = {
        name: Job(name=name, target=ShellCommand("true"), cwd="/", schedule=schedule)
        for name in (f"job{number}" for number in range(jobs))
    }
    start = datetime(2026, 1, 1, tzinfo=UTC)
    began = time.process_time()
    simulation.simulate(
        definitions, lambda _name: (1.0, "given"), max_running=None, start=start, end=start + timedelta(days=days)
    )
    return time.process_time() - began


def measure(options: argparse.Namespace) -> Iterator[Row]:
    repeats = [(*simulate(10, 1), empty_tasks(10, 1), counted(10, 1)) for _ in range(options.repeats)]
    times = repeats[0][1]
    run, floor, day = (statistics.median(each[part] for each in repeats) / times * 1e6 for part in (0, 2, 3))
    beside = statistics.median(each[0] / each[2] for each in repeats)
    beside_day = statistics.median(each[3] / each[2] for each in repeats)
    figure = "own CPU of a run, launch excluded, beside an empty asyncio task with a timer"
    yield Row(figure, "≤ 60 µs", f"{run:.0f} µs", f"{floor:.1f} µs ({1 / beside:.2g}×)")
    yield Row("a simulated scheduled time", "≤ 60 µs", f"{day:.0f} µs", f"{floor:.1f} µs ({1 / beside_day:.2g}×)")
    yield Row("1,440,000 simulated scheduled times, from that", "≤ 90 s", f"{day * 1.44:.0f} s")


if __name__ == "__main__":
    main(measure, __doc__)
