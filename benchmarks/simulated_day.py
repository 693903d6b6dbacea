"""How long a simulated day takes: 1,440 minutely slots of ten jobs through the real engine, launch excluded.

    python benchmarks/simulated_day.py [--jobs 10] [--days 1] [--repeats 5]

Prints the median over the repeats, and what one firing costs schedd itself.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from scheduler.clock import VirtualClock
from scheduler.engine.engine import Engine
from scheduler.launch.simulated import NoLog, Play, SimulatedLauncher
from scheduler.model import Job, ShellCommand, Verdict
from scheduler.schedule import parse_schedule


def simulate(jobs: int, days: int) -> tuple[float, int]:
    """Seconds of CPU it took, and the decisions made."""
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    schedule = parse_schedule("* * * * *", ZoneInfo("UTC"), job_name="job")
    definitions = {
        name: Job(name=name, target=ShellCommand("true"), cwd="/", schedule=schedule)
        for name in (f"job{number}" for number in range(jobs))
    }

    async def main() -> Engine:
        engine = Engine(clock, SimulatedLauncher(lambda _launch: Play(1.0)), log=NoLog())
        engine.load(definitions, max_running=None)
        ticking = asyncio.create_task(engine.run())
        await asyncio.sleep(days * 86_400 + 30)
        ticking.cancel()
        return engine

    began = time.process_time()
    engine = clock.run(main())
    seconds = time.process_time() - began
    assert set(engine.history.decided) == {Verdict.RAN}
    return seconds, engine.history.decided.total()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    runs = [simulate(options.jobs, options.days) for _ in range(options.repeats)]
    seconds, decisions = statistics.median(taken for taken, _ in runs), runs[0][1]
    print(f"{decisions:,} slots decided and run in {seconds:.2f} s: {seconds / decisions * 1e6:.0f} µs a slot")


if __name__ == "__main__":
    main()
