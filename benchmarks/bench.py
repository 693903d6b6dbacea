"""What the benchmarks share: files of jobs, programs watched from outside, and tables of medians.

Run them with a Python in which schedd is installed and nothing else: `pip install .` compiles its modules, as it does
for users, and structlog imports rich wherever it finds it.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import shutil
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple

NOT_MEASURED = "not measured"

FLOOR = "import asyncio, click, croniter, msgspec, structlog, yaml"

_CALM = 0.25
"""Seconds without CPU time after which a program is taken to have gone to sleep when it last had some."""

_MIXTURE = ("*/5 * * * *", "{m} * * * *", "{m} {h} * * *", "{m} {h} * * mon-fri", "{m} {h} 1 * *", "{m} */6 * * *")

STAMP = r"""
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv) {
    struct timespec now;
    char line[64];
    clock_gettime(CLOCK_REALTIME, &now);
    int file = open(argv[1], O_WRONLY | O_APPEND | O_CREAT, 0600);
    int length = snprintf(line, sizeof line, "%lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
    return argc != 2 || write(file, line, length) != length;
}
"""


class Row(NamedTuple):
    """A line of the table: what was measured, what is asked for, and what came out, for us and beside us."""

    figure: str
    goal: str
    schedd: str
    floor: str = ""
    peers: Mapping[str, str] = {}


Measure = Callable[[argparse.Namespace], Iterator[Row]]


# What is run.

SET_BY_SCHEDD = {
    "PYTHONUNBUFFERED": "1",
    "SCHED_JOB": "job-1000",
    "SCHED_RUN_ID": "abcd1234",
    "SCHED_SCHEDULED_AT": "2026-01-01T00:00:00Z",
    "SCHED_ATTEMPT": "1",
    "SCHED_TRIGGER": "schedule",
}
"""Variables that a job finds; a floor's command gets as many."""


def crontabs(jobs: int) -> list[str]:
    """Realistic schedules, spread over the day; the same in every run."""
    chance = random.Random(1)  # noqa: S311 - nothing secret
    return [_MIXTURE[n % len(_MIXTURE)].format(m=chance.randrange(60), h=chance.randrange(24)) for n in range(jobs)]


def mixed(schedules: Sequence[str]) -> str:
    """A file of ours with such jobs, some of which have more than a schedule and a command."""
    more = ("", "    timeout: 10m\n", "    timezone: Europe/Berlin\n", "    retry: 2\n    env: {LEVEL: info}\n")
    head = "defaults:\n  timezone: UTC\n  env: {APP_ENV: production}\njobs:\n"
    return head + "".join(
        f'  job-{number}:\n    schedule: "{schedule}"\n    command: "true"\n{more[number % len(more)]}'
        for number, schedule in enumerate(schedules)
    )


def schedd(folder: Path, text: str, *options: str) -> list[str]:
    """The command that serves such a file, which is written to the folder."""
    (folder / "schedules.yaml").write_text(text)
    return [sys.executable, "-m", "scheduler", str(folder / "schedules.yaml"), *options]


def schedctl(folder: Path, *words: str) -> list[str]:
    """The command that asks the schedd of that folder."""
    return [str(Path(sys.executable).with_name("schedctl")), "-c", str(folder / "schedules.yaml"), *words]


@contextmanager
def running(
    command: Sequence[str], folder: Path, stdout: IO[bytes] | int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """The program, until the block ends."""
    process = subprocess.Popen(command, cwd=folder, stdout=stdout, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder that goes away again, and in it the socket of a schedd that runs there."""
    with TemporaryDirectory(prefix="bench-") as name:
        os.environ["SCHEDD_SOCKET"] = f"{name}/socket"
        yield Path(name)


def compiled(folder: Path, name: str, source: str) -> str | None:
    """A program in C; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    (folder / f"{name}.c").write_text(source)
    subprocess.run([compiler, "-O2", "-o", folder / name, folder / f"{name}.c"], check=True)
    return str(folder / name)


def stamp(folder: Path) -> str:
    """A shell command whose first act is to append the time to the file `stamps` of the folder."""
    program = compiled(folder, "stamp", STAMP)
    return f"exec {program} {folder}/stamps" if program else f"exec date +%s.%N >> {folder}/stamps"


def stamps(folder: Path) -> list[float]:
    """When the commands that `stamp` made were run, in order."""
    file = folder / "stamps"
    return sorted(map(float, file.read_text().split())) if file.exists() else []


# What is seen of a program from outside.


def until_calm(process: subprocess.Popen[bytes], begun: float) -> float:
    """Seconds from `begun`, of time.perf_counter, until the program went to sleep for the first time."""
    used, last = -1, begun
    while time.perf_counter() - last < _CALM:
        if (seen := cpu_nanoseconds(process.pid)) != used:
            used, last = seen, time.perf_counter()
        time.sleep(0.002)
    assert process.poll() is None, "the program ended"
    return last - begun


def cpu_nanoseconds(pid: int) -> int:
    """CPU time of all live threads."""
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat"))


def wake_ups(pid: int) -> int:
    """How often its threads have gone to sleep by themselves."""
    statuses = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/status")]
    return sum(int(text.split("\nvoluntary_ctxt_switches:")[1].split()[0]) for text in statuses)


def megabytes(pid: int, line: str = "VmRSS") -> float:
    """Resident memory now, or at its peak (`VmHWM`)."""
    return int(Path(f"/proc/{pid}/status").read_text().split(f"\n{line}:")[1].split()[0]) / 1024


# Reporting.


def beside(theirs: Sequence[float], ours: Sequence[float], unit: str) -> str:
    """Their median, and how many times ours it is: the median of that over the repeats, which come in order.

    Some machines are twice as slow a minute later, so only what was measured in the same repeat can be compared.
    """
    if not theirs:
        return NOT_MEASURED
    ratio = median(their / our for their, our in zip(theirs, ours, strict=False))
    return f"{median(theirs):.3g} {unit} ({ratio:.2g}×)"


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that so large a part of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def machine() -> str:
    """Where and with what it was measured."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("schedd", "croniter", "msgspec", "PyYAML", "structlog"))
    model = next((x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")), ":unknown")
    caveat = "; rich is installed here, which structlog imports" if find_spec("rich") else ""
    return (
        f"Python {platform.python_version()}, which adds 100,000 squares in {_pace():.1f} ms,"
        f" Linux {platform.release()}, {os.cpu_count()} cores of {model.split(':', 1)[1].strip()},"
        f" load {os.getloadavg()[0]:.1f}; {packages}{caveat}"
    )


def _pace() -> float:
    """Milliseconds. Builds of one Python differ by half, and machines by twice, so results need it to be compared."""
    return min(timeit.repeat("sum(i * i for i in range(100_000))", number=1, repeat=20)) * 1000


def table(rows: Sequence[Row]) -> str:
    """In Markdown; `(2×)` is twice ours."""
    peers = list(dict.fromkeys(name for row in rows for name in row.peers))
    lines = [["figure", "goal", "schedd", "floor", *peers]]
    lines.append(["---"] * len(lines[0]))
    lines += [[row.figure, row.goal, row.schedd, row.floor, *(row.peers.get(p, "") for p in peers)] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def parser(text: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="interleaved; medians are shown (5)")
    parser.add_argument(
        "--peers", type=Path, metavar="DIR", help="virtual environments of the peers; made there where missing"
    )
    return parser


def main(measure: Measure, text: str | None) -> None:
    """One benchmark as a command."""
    options = parser(text).parse_args()
    print(machine())
    print(table(list(measure(options))), end="")
