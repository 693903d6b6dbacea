"""How late a run that is due starts while 10,000 jobs with full histories are asked about, or reloaded.

    python benchmarks/delays.py

schedd serves in this process while another process asks. What counts is CPU time of schedd's thread, which other
programs on the machine do not change: the longest between two looks of a task that is due every half millisecond, as a
run is, and the longest of one turn of the event loop. The peak memory of schedctl is beside it.
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

RELOAD = "reload, one job changed"

COMMANDS = {
    "list --json": ("list", "--json"),
    "list": ("list",),
    "history --json": ("history", "--json"),
    "history -n 20000 --json": ("history", "-n", "20000", "--json"),
    "next --json -n 10000": ("next", "-n", "10000", "--json"),
    "metrics": ("metrics",),
    "status": ("status",),
    "pause --all": ("pause", "--all"),
    "resume --all": ("resume", "--all"),
    RELOAD: ("reload",),
}

PATHS = (
    "/metrics",
    "/api/v1/jobs",
    "/api/v1/history?limit=20000",
    "/api/v1/next?count=10000",
    "/",
    "/schedule",
)

JOBS = 10_000

FETCH = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=120)
connection.request("GET", sys.argv[2], headers={"accept-encoding": "gzip"})
answer = connection.getresponse()
answer.read()
sys.exit(answer.status != 200)
"""

WATCH = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
sys.exit(code)
"""


class MeasuredLoop(asyncio.SelectorEventLoop):
    """An event loop that knows the CPU time of its longest turn."""

    longest = 0.0

    def _run_once(self) -> None:
        begun = time.thread_time()
        super()._run_once()  # type: ignore[misc]
        self.longest = max(self.longest, time.thread_time() - begun)


def measure(_options: argparse.Namespace) -> Iterator[Row]:
    with workplace() as folder, asyncio.Runner(loop_factory=MeasuredLoop) as runner:
        yield from runner.run(_measure(folder, JOBS))


async def _measure(folder: Path, jobs: int) -> list[Row]:
    from scheduler.fast_start import NOT_FOR_THE_DAEMON, loading

    file = folder / "schedules.yaml"
    file.write_text(mixed(crontabs(jobs)))
    with loading(*NOT_FOR_THE_DAEMON):
        from history import filled
        from msgspec.structs import replace

        from scheduler.clock import SystemClock
        from scheduler.config.load import load
        from scheduler.config.web_form import listening_on
        from scheduler.daemon import Daemon
        from scheduler.report.log import Log, LogFormat
        from scheduler.report.stdout import Stdout

        config = load(file)
    config = replace(config, web=listening_on(config.web, "127.0.0.1:0", config.path))
    clock = SystemClock()
    sink = os.open(os.devnull, os.O_WRONLY)
    stdout = Stdout(sink, asyncio.get_running_loop())
    log = Log(stdout, clock, form=LogFormat.KV, level="info", fd=sink, environ={})
    daemon = Daemon(load, config, None, clock, log)
    serving = asyncio.create_task(daemon.serve(watch=False, heartbeat=None, paused=True))
    await asyncio.sleep(5)
    for number, name in enumerate(config.jobs):
        for event in filled(name, datetime.now(UTC) - timedelta(days=5)):
            daemon._engine.announce(event)
        if number % 100 == 0:
            await asyncio.sleep(0)
    await asyncio.sleep(2)
    schedctl = (str(Path(sys.executable).with_name("schedctl")), "-c", str(file))
    rows = []
    for what, words in COMMANDS.items():
        if what == RELOAD:
            file.write_text(file.read_text().replace('command: "true"', 'command: "false"', 1))
            await asyncio.sleep(0.1)
        found = await _asked(sys.executable, "-c", WATCH, *schedctl, *words)
        rows.append(_row(what, "≤ 20 ms" if what == RELOAD else "≤ 5 ms; schedctl ≤ 60 MB", *found))
    port = daemon._web._web.address.port
    for path in PATHS:
        found = await _asked(sys.executable, "-c", FETCH, str(port), path)
        rows.append(_row(f"GET {path}, gzip accepted", "≤ 5 ms", *found))
    serving.cancel()
    await asyncio.wait({serving})
    return rows


def _row(what: str, goal: str, delay: float, turn: float, output: str, seconds: float) -> Row:
    memory = f"; schedctl {float(output):.0f} MB" if output else ""
    found = f"{delay * 1000:.1f} ms, longest turn {turn * 1000:.1f} ms{memory}; {seconds:.1f} s"
    return Row(f"{what} with {JOBS:,} jobs, full histories: longest delay of a run", goal, found)


async def _asked(*command: str) -> tuple[float, float, str, float]:
    """CPU seconds between two looks, those of a turn, the output, and seconds that it took."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, MeasuredLoop)
    begun = loop.time()
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    ended = asyncio.ensure_future(child.communicate())
    longest = 0.0
    gc.collect()
    await asyncio.sleep(0.001)
    loop.longest = 0.0
    before = time.thread_time()
    while not ended.done():
        await asyncio.sleep(0.0005)
        now = time.thread_time()
        longest, before = max(longest, now - before), now
    output, _ = await ended
    assert child.returncode == 0, command
    return longest, loop.longest, output.decode(), loop.time() - begun


if __name__ == "__main__":
    main(measure, __doc__)
