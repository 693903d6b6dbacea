"""From process start to the first sleep, and the memory held then, with 10, 1,000 and 10,000 jobs.

    python benchmarks/ready.py [--repeats 5] [--peers DIR]

The floor is an interpreter that imports what schedd depends on and goes to sleep. A row shows the floor of each file:
the same interpreter after it has asked libyaml, through PyYAML, for the events of the file, and kept none of them.
Other rows show the part of these imports that no start of schedd can do without; this part with PyYAML's fastest
loader, which makes plain dictionaries of the file and checks nothing; and both with the modules of schedd, of which
nothing is called.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import peers
from bench import (
    FLOOR,
    Row,
    beside,
    cpu_nanoseconds,
    crontabs,
    main,
    megabytes,
    mixed,
    running,
    schedd,
    until_calm,
    workplace,
)

EVENTS = """
parser = yaml.CSafeLoader(open("schedules.yaml").read())
while parser.get_event() is not None:
    pass
"""

LEAST = """
import gc, sys, time
gc.disable()
sys.modules["ssl"] = None
import asyncio, click, msgspec, structlog, yaml
"""
"""What no start of schedd can do without: its dependencies but for croniter and TLS, and no garbage collection."""

READ = "yaml.load(open('schedules.yaml'), yaml.CSafeLoader)"

MODULES = f"""
import gc, sys
gc.disable()
sys.modules["ssl"] = None
from scheduler.fast_start import patterns_compiled_late
with patterns_compiled_late():
    import scheduler.cli.schedd, scheduler.daemon, time, yaml
{READ}"""

SLEEP = "\ntime.sleep(99)"

GOALS = {10: ("0.18", "30"), 1000: ("0.35", "33"), 10_000: ("1.6", "55")}


class Seen(NamedTuple):
    """One start: seconds, of which the program was on a CPU for `busy`, and resident megabytes."""

    seconds: float
    busy: float
    size: float


def measure(options: argparse.Namespace) -> Iterator[Row]:
    for jobs, (seconds, size) in GOALS.items():
        seen = _starts(jobs, options.repeats, peers.installed(options.peers))
        yield _row(f"ready, {jobs:,} jobs", f"≤ {seconds} s", seen, "seconds", "s")
        yield _row("… of which on a CPU", "", seen, "busy", "s")
        floor = {**seen, "floor": seen["events"]}
        yield _row("… beside the events of the file", "", floor, "busy", "s")
        least = {**seen, "floor": seen["least"]}
        yield _row("… beside the imports that every start needs", "", least, "busy", "s")
        plain = {**seen, "floor": seen["plain"]}
        yield _row("… beside them and PyYAML's dictionaries of the file", "", plain, "busy", "s")
        modules = {**seen, "floor": seen["modules"]}
        yield _row("… beside these and schedd's modules, of which nothing is called", "", modules, "busy", "s")
        yield _row(f"resident memory, {jobs:,} jobs", f"≤ {size} MB", seen, "size", "MB")
        yield _row("… beside the imports that every start needs", "", least, "size", "MB")
        yield _row("… beside them, the dictionaries and schedd's modules", "", modules, "size", "MB")


def _starts(jobs: int, repeats: int, found: Sequence[peers.Peer]) -> dict[str, list[Seen]]:
    seen: dict[str, list[Seen]] = defaultdict(list)
    schedules = crontabs(jobs)
    for _ in range(repeats):
        with workplace() as folder:
            seen["schedd"].append(_start(schedd(folder, mixed(schedules)), folder))
            for name, code in (("floor", ""), ("events", f"import gc; gc.disable(){EVENTS}")):
                seen[name].append(_start([sys.executable, "-c", f"{FLOOR}, time\n{code}{SLEEP}"], folder))
            for name, code in (("least", LEAST), ("plain", LEAST + READ), ("modules", MODULES)):
                seen[name].append(_start([sys.executable, "-c", code + SLEEP], folder))
            for peer in found:
                if jobs <= peer.most_jobs:
                    command = peer.command(folder, [(schedule, "true") for schedule in schedules])
                    seen[peer.name].append(_start(command, folder))
    return seen


def _start(command: Sequence[str], folder: Path) -> Seen:
    while not 1 < time.time() % 60 < 50:  # keep clear of the minute, at which jobs run
        time.sleep(0.5)
    begun = time.perf_counter()
    with running(command, folder) as process:
        seconds = until_calm(process, begun)
        return Seen(seconds, cpu_nanoseconds(process.pid) / 1e9, megabytes(process.pid))


def _row(figure: str, goal: str, seen: Mapping[str, Sequence[Seen]], which: str, unit: str) -> Row:
    values = {name: [getattr(start, which) for start in starts] for name, starts in seen.items()}
    ours = values["schedd"]
    shown = {name: beside(values.get(name, ()), ours, unit) for name in ("floor", *peers.NAMES)}
    return Row(figure, goal, f"{median(ours):.3g} {unit}", shown.pop("floor"), shown)


if __name__ == "__main__":
    main(measure, __doc__)
