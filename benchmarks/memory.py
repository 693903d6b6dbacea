"""Resident memory when the histories of all jobs are at their bounds, the page's counts of the last day included.

    python benchmarks/memory.py

Each figure is of a process of its own that has imported the daemon and loaded a file of jobs, and then records
as many runs and skips of each job as are kept. The jobs print nothing: all output together has a bound of its own.
"""

from __future__ import annotations

# ruff: noqa: PLC0415 - what is imported, and when, is what is measured
import argparse
import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench import Row, crontabs, main, megabytes, mixed, workplace

GOALS = {1_000: 45, 2_000: 60, 10_000: 120}

START = datetime(2026, 3, 1, tzinfo=UTC)


def measure(_options: argparse.Namespace) -> Iterator[Row]:
    for jobs, goal in GOALS.items():
        with workplace() as folder:
            (folder / "schedules.yaml").write_text(mixed(crontabs(jobs)))
            command = [sys.executable, __file__, "--fill", str(folder / "schedules.yaml")]
            seen = subprocess.check_output(command, text=True).strip()
        yield Row(f"memory with histories at their bounds, {jobs:,} jobs", f"≤ {goal} MB", seen)


def fill(file: Path) -> None:
    """Print megabytes with full histories, and before them."""
    from scheduler.fast_start import NOT_FOR_THE_DAEMON, loaded, loading

    with loading(*NOT_FOR_THE_DAEMON):
        import asyncio

        import scheduler.daemon  # noqa: F401 - its memory counts
        from scheduler.config.load import load
        from scheduler.web.buckets import Buckets

        config = load(file)
    loaded()
    from history import filled

    from scheduler.clock import SystemClock
    from scheduler.engine.engine import Engine
    from scheduler.launch.launchers import Launchers
    from scheduler.launch.simulated import NoLog, Play, SimulatedLauncher

    async def record() -> None:
        buckets = Buckets()
        engine = Engine(
            SystemClock(), Launchers(SimulatedLauncher(lambda _launch: Play(1.0)), simulated=True), log=NoLog()
        )
        engine.load(config.jobs, max_running=None)
        gc.collect()
        before = megabytes(os.getpid())
        for name in config.jobs:
            for event in filled(name, START):
                engine.history.on_event(event)
                buckets.on_event(event)
        kept = [engine.history.of(name) for name in config.jobs]
        decisions, runs = (sum(len(getattr(each, what)) for each in kept) for what in ("decisions", "runs"))
        after = megabytes(os.getpid())
        print(f"{after:.0f} MB; {before:.0f} without; {decisions:,} decisions, {runs:,} runs kept")

    asyncio.run(record())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--fill"]:
        fill(Path(sys.argv[2]))
    else:
        main(measure, __doc__)
