"""Waiting times of a person: `schedctl list`, `schedctl run-now` of `true`, and the end of schedd after SIGTERM.

    python benchmarks/commands.py [--repeats 5]

The floor of a command is an interpreter that imports click and msgspec. At SIGTERM 100 children run, which end at once.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from bench import Row, beside, crontabs, main, mixed, running, schedctl, schedd, until_calm, workplace

CHILDREN = 100

_LONG = '  long-{number}: {{schedule: "@reboot", command: "exec sleep 600", on_shutdown: stop}}\n'


def measure(options: argparse.Namespace) -> Iterator[Row]:
    seen: dict[str, list[float]] = defaultdict(list)
    with workplace() as folder, running(schedd(folder, mixed(crontabs(10))), folder) as process:
        until_calm(process, time.perf_counter())
        for _ in range(options.repeats * 3):
            seen["list"].append(_wall(schedctl(folder, "list"), folder))
            seen["run-now"].append(_wall(schedctl(folder, "run-now", "job-0"), folder))
            seen["floor"].append(_wall([sys.executable, "-c", "import click, msgspec"], folder))
    for _ in range(options.repeats):
        with workplace() as folder:
            seen["SIGTERM"].append(_end(folder))
    for command, goal in (("list", 0.12), ("run-now", 0.15)):
        figure = f"schedctl {command}, until it exits"
        yield Row(figure, f"≤ {goal} s", f"{median(seen[command]):.3g} s", beside(seen["floor"], seen[command], "s"))
    figure = f"SIGTERM with {CHILDREN} running children, until schedd exits"
    yield Row(figure, "≤ 0.3 s", f"{median(seen['SIGTERM']):.3g} s")


def _wall(command: Sequence[str], folder: Path) -> float:
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def _end(folder: Path) -> float:
    text = "jobs:\n" + "".join(_LONG.format(number=number) for number in range(CHILDREN))
    with running(schedd(folder, text), folder) as process:
        until_calm(process, time.perf_counter())
        begun = time.perf_counter()
        process.terminate()
        assert process.wait() == 0
        return time.perf_counter() - begun


if __name__ == "__main__":
    main(measure, __doc__)
