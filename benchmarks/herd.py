"""Jobs that are due at one instant: from that instant until the last command runs, and whether all of them did.

    python benchmarks/herd.py [--repeats 5] [--peers DIR]

The floor is a C loop of posix_spawn with the same command, pipes, session and environment.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import peers
from bench import (
    SET_BY_SCHEDD,
    Row,
    beside,
    compiled,
    main,
    running,
    schedd,
    stamp,
    stamps,
    until_calm,
    workplace,
)

HERDS = (1000, 5000)
PATIENCE = 10.0
"""Seconds without a new one after which the rest is given up."""


_C_LOOP = r"""
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
int main(int argc, char **argv) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    struct timespec begun;
    clock_gettime(CLOCK_REALTIME, &begun);
    printf("%lld.%09ld\n", (long long)begun.tv_sec, begun.tv_nsec);
    for (int i = 0; i < atoi(argv[1]); i++) {
        int out[2], err[2];
        if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) return 1;
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        posix_spawn_file_actions_adddup2(&actions, err[1], 2);
        posix_spawn_file_actions_addchdir_np(&actions, "/");
        char *words[] = {"/bin/sh", "-c", argv[2], NULL};
        pid_t pid;
        if (posix_spawn(&pid, words[0], &actions, &attributes, words, environ)) return 1;
        posix_spawn_file_actions_destroy(&actions);
        close(out[1]);
        close(err[1]);
    }
    while (wait(NULL) > 0) {}
    return 0;
}
"""


def measure(options: argparse.Namespace) -> Iterator[Row]:
    found = peers.installed(options.peers)
    for jobs in HERDS:
        seen: dict[str, list[tuple[float, int]]] = defaultdict(list)
        for _ in range(options.repeats):
            with workplace() as folder:
                floor = _floor(folder, jobs)
            if floor is not None:
                seen["floor"].append(floor)
            with workplace() as folder:
                moment = _soon(jobs)
                seen["schedd"].append(_stampede(schedd(folder, _file(folder, jobs, moment)), folder, jobs, moment))
            for peer in found:
                if jobs > peer.most_jobs:
                    continue
                with workplace() as folder:
                    moment = _soon(jobs) if peer.seconds else _full_minute()
                    command = peer.command(folder, [(peer.at(moment), stamp(folder))] * jobs)
                    seen[peer.name].append(_stampede(command, folder, jobs, moment))
        ours = [seconds for seconds, _ in seen["schedd"]]
        shown = {name: _beside(seen[name], jobs, ours) for name in ("floor", *peers.NAMES)}
        goal = "≤ 1.25 × the C loop, ahead of supercronic"
        figure = f"{jobs:,} jobs at one instant, last one runs after"
        yield Row(figure, goal, f"{median(ours):.3g} s{_lost(seen['schedd'], jobs)}", shown.pop("floor"), shown)


def _floor(folder: Path, jobs: int) -> tuple[float, int] | None:
    loop = compiled(folder, "loop", _C_LOOP)
    if loop is None:
        return None
    environment = os.environ | SET_BY_SCHEDD
    begun = float(subprocess.check_output([loop, str(jobs), stamp(folder)], env=environment))
    return stamps(folder)[-1] - begun, len(stamps(folder))


def _soon(jobs: int) -> float:
    """The instant: far enough away for every program to have read its file."""
    return float(int(time.time()) + 4 + jobs // 500)


def _full_minute() -> float:
    """The next one that leaves the slower programs the time to read their file."""
    return (time.time() + 15) // 60 * 60 + 60


def _stampede(command: Sequence[str], folder: Path, jobs: int, moment: float) -> tuple[float, int]:
    """Seconds until the last one ran, and how many did."""
    with running(command, folder) as process:
        until_calm(process, time.perf_counter())
        assert time.time() < moment, "it was not ready in time"
        time.sleep(moment - time.time())
        seen, calm_since = 0, moment
        while seen < jobs and time.time() < calm_since + PATIENCE:
            time.sleep(0.5)
            if (now := len(stamps(folder))) > seen:
                seen, calm_since = now, time.time()
    ran = stamps(folder)
    return (ran[-1] - moment if ran else PATIENCE), len(ran)


def _file(folder: Path, jobs: int, moment: float) -> str:
    schedule = datetime.fromtimestamp(moment, UTC).isoformat()
    command = stamp(folder)
    body = "".join(f'  job-{n}: {{schedule: "@at {schedule}", command: "{command}"}}\n' for n in range(jobs))
    return f"jobs:\n{body}"


def _beside(seen: Sequence[tuple[float, int]], jobs: int, ours: Sequence[float]) -> str:
    return beside([seconds for seconds, _ in seen], ours, "s") + _lost(seen, jobs)


def _lost(seen: Sequence[tuple[float, int]], jobs: int) -> str:
    never = max((jobs - ran for _, ran in seen), default=0)
    return f", {never:,} never" if never else ""


if __name__ == "__main__":
    main(measure, __doc__)
