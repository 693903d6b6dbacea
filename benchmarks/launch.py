"""Launching and reading: a herd of children beside a C loop of posix_spawn, and output in each mode.

    python benchmarks/launch.py [--children 1000] [--lines 5000000] [--repeats 5]

Medians of interleaved repeats. A child counts as started when it has become its program: both loops wait for that.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import resource
import shutil
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from scheduler.launch.launcher import Stream
from scheduler.launch.local import LocalLauncher
from scheduler.launch.output import RunOutput, prefixed
from scheduler.launch.process import Processes
from scheduler.model import Job, Launch, OutputMode, ShellCommand, Trigger

C_LOOP = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
extern char **environ;
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}
int main(int argc, char **argv) {
    int children = atoi(argv[1]);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    double begun = now();
    for (int i = 0; i < children; i++) {
        int out[2], err[2];
        if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) return 1;
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        posix_spawn_file_actions_adddup2(&actions, err[1], 2);
        posix_spawn_file_actions_addchdir_np(&actions, "/");
        char *words[] = {"/bin/sh", "-c", ":", NULL};
        pid_t pid;
        if (posix_spawn(&pid, words[0], &actions, &attributes, words, environ)) return 1;
        posix_spawn_file_actions_destroy(&actions);
        close(out[1]);
        close(err[1]);
    }
    printf("%f\n", now() - begun);
    while (wait(NULL) > 0) {}
    return 0;
}
"""


class Sink:
    """A log that prefixes lines and writes them to a descriptor, as the daemon's does."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write_lines(self, job: str, run_id: str, stream: Stream, block: bytes) -> None:  # noqa: ARG002
        os.write(self._descriptor, prefixed(job, stream, block))

    def write_raw(self, block: bytes) -> None:
        os.write(self._descriptor, block)

    def full(self) -> asyncio.Future[None] | None:
        return None


def c_loop(folder: Path) -> Path | None:
    """The comparison, compiled; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source, program = folder / "loop.c", folder / "loop"
    source.write_text(C_LOOP)
    subprocess.run([compiler, "-O2", "-o", program, source], check=True)
    return program


async def herd(children: int, sink: Sink) -> tuple[float, float]:
    """Seconds until the last of so many has become its program, and until all have ended."""
    processes = Processes()
    with processes.in_charge():
        launcher = LocalLauncher(processes)
        begun = time.perf_counter()
        launched = 0.0

        async def one() -> None:
            nonlocal launched
            child = await launcher.launch(*attempt(":", OutputMode.LOG, sink))
            launched = time.perf_counter() - begun
            await child.ended

        await asyncio.gather(*(one() for _ in range(children)))
        return launched, time.perf_counter() - begun


async def output(lines: int, mode: OutputMode, sink: Sink) -> float:
    """Lines of 200 bytes a second, from a child through pipe, lines and prefix to /dev/null."""
    launcher = LocalLauncher(Processes())
    begun = time.perf_counter()
    child = await launcher.launch(*attempt(f"yes {'x' * 199} | head -n {lines}", mode, sink))
    ended = await child.ended
    assert ended.code == 0
    return lines / (time.perf_counter() - begun)


def attempt(command: str, mode: OutputMode, sink: Sink) -> tuple[Launch, RunOutput]:
    job = Job(name="job", target=ShellCommand(command), cwd="/")
    launch = Launch(job=job, run_id="abcd1234", attempt=1, trigger=Trigger.SCHEDULE, scheduled_at=datetime.now(UTC))
    return launch, RunOutput(job.name, launch.run_id, mode, sink)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=1000)
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    sink = Sink(os.open(os.devnull, os.O_WRONLY))
    ours: list[tuple[float, float]] = []
    theirs: list[float] = []
    rates: dict[OutputMode, list[float]] = {mode: [] for mode in OutputMode}
    with tempfile.TemporaryDirectory() as folder:
        loop = c_loop(Path(folder))
        for _ in range(options.repeats):
            if loop is not None:
                theirs.append(float(subprocess.check_output([loop, str(options.children)])))
            ours.append(asyncio.run(herd(options.children, sink)))
            for mode, rate in rates.items():
                rate.append(asyncio.run(output(options.lines, mode, sink)))
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, {options.repeats} repeats"
    )
    launched, ended = median(first for first, _ in ours), median(second for _, second in ours)
    print(
        f"{options.children} children at once: {launched:.2f} s until the last has started, {ended:.2f} s until all end"
    )
    if theirs:
        print(f"  a C loop of posix_spawn: {median(theirs):.2f} s; ratio {launched / median(theirs):.2f}")
    else:
        print("  a C loop of posix_spawn: not measured, there is no compiler")
    for mode, rate in rates.items():
        print(f"output {mode}: {median(rate) / 1e6:.2f} million lines of 200 bytes a second")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory of this process: {peak / 1024:.0f} MB")


if __name__ == "__main__":
    main()
