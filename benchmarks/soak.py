"""A soak: ten million scheduled times of 10,000 jobs on the virtual clock, ten thousand real runs under load.

    python benchmarks/soak.py [--times 10000000] [--jobs 10000] [--runs 10000]

Prints resident memory, descriptors and asyncio tasks at the start and after each tenth of the scheduled times, and at
the start, in the middle and at the end of the real runs. From the tenth on at which histories are full (the first,
unless --times is small) at most one byte may be added for each scheduled time, or 2 MB if that is more; in the second
half of the runs 2 MB; and not one descriptor or task. Exits 1 otherwise. The smallest object of Python has 16 bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from scheduler.clock import SystemClock
from scheduler.engine.engine import Engine
from scheduler.launch.launchers import Launchers
from scheduler.launch.local import LocalLauncher
from scheduler.launch.simulated import NoLog, Play, SimulatedLauncher
from scheduler.launch.spawner import Spawner
from scheduler.model.job import Job, Overlap, Retry
from scheduler.model.run import Launch
from scheduler.model.target import ShellCommand
from scheduler.schedule import parse_schedule
from scheduler.virtual_clock import VirtualClock

JOBS = 20
"""With real runs."""

ALLOWED = 2 * 1024 * 1024

FULL = 1.01
"""Histories that grow by less than this factor in a tenth are at their bounds."""


class Footprint(msgspec.Struct, frozen=True):
    """What the process holds at a moment."""

    rss: int
    descriptors: int
    tasks: int


def footprint(when: str) -> Footprint:
    """Measure and print, after malloc has returned what it keeps for later: how much that is, the peaks decide."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    now = Footprint(pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()))  # noqa: PTH208
    print(f"{when:>8}: {now.rss / 1e6:7.1f} MB  {now.descriptors:4} descriptors  {now.tasks:4} tasks", flush=True)
    return now


def flat(before: Footprint, end: Footprint, times: int = 0) -> bool:
    """Whether what was done in between, so many scheduled times, left nothing behind."""
    return (
        end.rss - before.rss <= max(ALLOWED, times)
        and end.descriptors <= before.descriptors
        and end.tasks <= before.tasks
    )


def jobs(count: int, **keys: object) -> dict[str, Job]:
    """Jobs that overlap, wait, fail and are tried again."""
    schedule = parse_schedule("@every 1s", ZoneInfo("UTC"), job_name="soak")
    made = {}
    for number in range(count):
        overlap = tuple(Overlap)[number % len(Overlap)]
        lock = f"shared-{number // JOBS}" if number % 5 == 0 else None
        job = Job(name=f"job{number}", target=ShellCommand("true"), cwd="/", schedule=schedule, overlap=overlap)
        made[job.name] = replace(job, **{"retry": Retry(number % 2, delay=1.0), "lock": lock, **keys})
    return made


def play(launch: Launch) -> Play:
    """Durations, failures and output of every kind, the same at each soak."""
    number = hash(launch.run_id) % 7
    return Play(seconds=0.3 * number, code=int(number == 6), stubborn=number == 5, says=b"x" * 500 * number)


async def on_virtual_clock(clock: VirtualClock, times: int, count: int) -> bool:
    engine = Engine(clock, Launchers(SimulatedLauncher(play), simulated=True), log=NoLog())
    engine.load(jobs(count), max_running=max(15, count * 3 // 4))
    footprint("start")
    ticking = asyncio.create_task(engine.run())
    measured, sizes = [], []
    for tenth in range(1, 11):
        await asyncio.sleep(times / count / 10)
        for name in engine.timetable.names():  # so that what is left was left behind
            engine.pause(name, until=None, note="")
        await asyncio.sleep(1)
        await engine.stop(engine.live())
        measured.append(footprint(f"{tenth}/10"))
        sizes.append(engine.history.size)
        for name in engine.timetable.names():
            engine.resume(name)
    ticking.cancel()
    print(f"          {engine.history.decided.total():,} scheduled times decided", flush=True)
    begin = next((number for number in range(9) if sizes[number + 1] <= sizes[number] * FULL), None)
    if begin is None:
        print("          histories still grow at the end: more --times are needed", flush=True)
        return False
    print(f"          histories are full from {begin + 1}/10 on: {sizes[begin] / 1e6:.1f} MB", flush=True)
    return flat(measured[begin], measured[-1], times * (9 - begin) // 10)


async def ten_thousand(runs: int) -> bool:
    processes = Spawner()
    engine = Engine(SystemClock(), Launchers(LocalLauncher(processes)), log=NoLog())
    command = ShellCommand("head -c 2000 /dev/urandom; echo; echo error >&2; exit $(( $$ % 2 ))")
    made = jobs(JOBS, target=command, schedule=None, retry=Retry(), overlap=Overlap.ALLOW, cwd=str(Path.cwd()))
    engine.load(made, max_running=None)
    busy = [await asyncio.create_subprocess_shell("while :; do :; done") for _ in range(2)]
    measured = []
    try:
        with processes.in_charge():
            footprint("start")
            for half in ("middle", "end"):
                for _ in range(runs // 2 // JOBS):
                    for job in made.values():
                        engine.run_now(job).close()
                    while engine.live():  # noqa: ASYNC110
                        await asyncio.sleep(0.005)
                measured.append(footprint(half))
    finally:
        for hog in busy:
            hog.kill()
            await hog.wait()
    return flat(*measured)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10_000_000)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=10_000)
    options = parser.parse_args()
    print(f"{options.times:,} scheduled times of {options.jobs:,} jobs on the virtual clock")
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    simulated = clock.run(on_virtual_clock(clock, options.times, options.jobs))
    print(f"{options.runs:,} real runs beside two busy loops")
    real = asyncio.run(ten_thousand(options.runs))
    print("flat" if simulated and real else "NOT FLAT")
    return 0 if simulated and real else 1


if __name__ == "__main__":
    sys.exit(main())
