"""What it costs a run that leaves nothing behind that schedd looks for what runs leave behind: adoption and search.

    python benchmarks/family.py [--repeats 5]

The own CPU time of a started and ended `true`, against the same without the search and without being a subreaper:
alone, and beside 100 runs that last.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from statistics import median

from bench import Row, main

from scheduler.launch import spawner
from scheduler.launch.family import Family
from scheduler.launch.local import LocalLauncher
from scheduler.launch.output import RunOutput
from scheduler.launch.procfs import Seen
from scheduler.launch.simulated import NoLog
from scheduler.model.job import Job, OutputMode
from scheduler.model.run import Launch, Trigger
from scheduler.model.target import Argv

RUNS = 600
BESIDE = 100


class _Blind(Family):
    """Neither adopts nor looks."""

    def disown_children(self) -> None:
        ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)

    def left_by(self, leader: int, run_id: str) -> list[Seen]:  # noqa: ARG002 - of a Family
        return []


def _launch(name: str, command: Iterable[str]) -> Launch:
    job = Job(name=name, target=Argv(tuple(command)), cwd="/")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Launch(job=job, run_id=f"{name}-run", attempt=1, trigger=Trigger.MANUAL, scheduled_at=at, extra_env={})


async def _cost(family: type[Family], beside: int) -> float:
    """Seconds of own CPU time of a run."""
    spawner.Family = family  # type: ignore[misc]
    children = spawner.Spawner()
    launcher = LocalLauncher(children)

    def start(name: str, command: Iterable[str]):  # type: ignore[no-untyped-def]
        launch = _launch(name, command)
        return launcher.launch(launch, RunOutput(name, launch.run_id, OutputMode.LOG, NoLog()))

    with children.in_charge():
        others = [start(f"other-{number}", ("/bin/sleep", "600")) for number in range(beside)]
        began = time.process_time()
        for number in range(RUNS):
            await start(f"job-{number}", ("/bin/true",)).ended
        cost = (time.process_time() - began) / RUNS
        for other in others:
            other.kill()
        await asyncio.gather(*(other.ended for other in others))
    return cost


def measure(options: argparse.Namespace) -> Iterator[Row]:
    for beside in (0, BESIDE):
        pairs = [
            (asyncio.run(_cost(Family, beside)), asyncio.run(_cost(_Blind, beside))) for _ in range(options.repeats)
        ]
        with_it, without = (median(side) for side in zip(*pairs, strict=True))
        ratio = median(seen / blind for seen, blind in pairs)
        where = f"beside {beside} others" if beside else "alone"
        yield Row(
            f"own CPU of launching `true` {where}, against no search for what it leaves",
            "≤ 1.1×",
            f"{with_it * 1e6:.0f} µs ({ratio:.2f}×)",
            f"{without * 1e6:.0f} µs",
        )


if __name__ == "__main__":
    main(measure, __doc__)
