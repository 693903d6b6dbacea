"""How late a run that is due starts while 10,000 jobs with full histories are asked about, or reloaded.

    python benchmarks/delays.py

schedd serves in this process while another process asks. A task looks at the clock every half millisecond: what counts
is the longest CPU time that its thread took between two looks, which other programs on the machine do not change. The
peak memory of schedctl is beside it.
"""

from __future__ import annotations

# ruff: noqa: PLC0415 - what is imported, and when, is part of what is measured
import argparse
import asyncio
import gc
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import Row, crontabs, main, mixed, workplace

ASKED = {
    "list --json": ("list", "--json"),
    "list": ("list",),
    "history --json": ("history", "--json"),
    "history -n 20000 --json": ("history", "-n", "20000", "--json"),
    "next --json -n 10000": ("next", "-n", "10000", "--json"),
    "metrics": ("metrics",),
    "reload, one job changed": ("reload",),
}


JOBS = 10_000


def measure(_options: argparse.Namespace) -> Iterator[Row]:
    with workplace() as folder:
        yield from asyncio.run(_measure(folder, JOBS))


async def _measure(folder: Path, jobs: int) -> list[Row]:
    from scheduler.fast_start import NOT_FOR_THE_DAEMON, loading

    file = folder / "schedules.yaml"
    file.write_text(mixed(crontabs(jobs)))
    with loading(*NOT_FOR_THE_DAEMON):
        from history import filled

        from scheduler.clock import SystemClock
        from scheduler.config.load import load
        from scheduler.daemon import Daemon
        from scheduler.report.log import Log, LogFormat
        from scheduler.report.stdout import Stdout

        config = load(file)
    clock = SystemClock()
    sink = os.open(os.devnull, os.O_WRONLY)
    stdout = Stdout(sink, asyncio.get_running_loop())
    log = Log(stdout, clock, form=LogFormat.KV, level="info", fd=sink, environ={})
    daemon = Daemon(load, config, None, clock, log)
    serving = asyncio.create_task(daemon.serve(watch=False, heartbeat=None, paused=True))
    await asyncio.sleep(5)
    for number, name in enumerate(config.jobs):
        for event in filled(name, datetime.now(UTC) - timedelta(days=5)):
            daemon._engine.history.on_event(event)
        if number % 100 == 0:
            await asyncio.sleep(0)
    await asyncio.sleep(2)
    rows = []
    for what, words in ASKED.items():
        if words == ("reload",):
            file.write_text(file.read_text().replace('command: "true"', 'command: "false"', 1))
            await asyncio.sleep(0.1)
        longest, peak, seconds = await _asked(folder, words)
        goal = "≤ 20 ms" if words == ("reload",) else "≤ 5 ms; schedctl ≤ 60 MB"
        found = f"{longest * 1000:.1f} ms; schedctl {peak:.0f} MB, {seconds:.1f} s"
        rows.append(Row(f"{what} with {jobs:,} jobs, full histories: longest delay of a run", goal, found))
    serving.cancel()
    await asyncio.wait({serving})
    return rows


async def _asked(folder: Path, words: tuple[str, ...]) -> tuple[float, float, float]:
    loop = asyncio.get_running_loop()
    schedctl = str(Path(sys.executable).with_name("schedctl"))
    script = (
        "import resource, subprocess, sys\n"
        "code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)\n"
        "sys.exit(code)"
    )
    command = [sys.executable, "-c", script, schedctl, "-c", str(folder / "schedules.yaml"), *words]
    begun = loop.time()
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    ended = asyncio.ensure_future(child.communicate())
    longest = 0.0
    gc.collect()
    before = time.thread_time()
    while not ended.done():
        await asyncio.sleep(0.0005)
        now = time.thread_time()
        longest, before = max(longest, now - before), now
    output, _ = await ended
    assert child.returncode == 0, words
    return longest, float(output), loop.time() - begun


if __name__ == "__main__":
    main(measure, __doc__)
