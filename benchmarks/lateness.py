"""One job a second: from the second to the first instruction of its command, quiet and under load.

    python benchmarks/lateness.py [--repeats 5] [--peers DIR]

The floor is a bare Python loop around the same system calls, in the same environment, that is awake when the second
comes. Under load 10,000 other jobs are in the file, none of which is due, and 50 run.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import peers
from bench import (
    NOT_MEASURED,
    SET_BY_SCHEDD,
    Row,
    main,
    mixed,
    percentile,
    running,
    schedd,
    stamp,
    stamps,
    until_calm,
    workplace,
)

SECONDS = 60
"""That each program is watched in a repeat. In two, the 99th percentile is no longer the one worst start."""

BY_THE_MINUTE = "by the minute only"

_BARE = """
import os, sys, time
environment = dict(os.environ)
null, here = os.open(os.devnull, os.O_RDONLY), os.open(".", os.O_PATH)
while True:
    second = time.time() // 1 + 1
    time.sleep(max(0, second - time.time() - 0.0001))
    while time.time() < second:
        pass
    (out, out_end), (err, err_end) = os.pipe(), os.pipe()
    os.chdir(".")
    ends = [(os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate((null, out_end, err_end))]
    words = ("/bin/sh", "-c", sys.argv[1])
    pid = os.posix_spawn("/bin/sh", words, environment, file_actions=ends, setsid=True, setsigmask=())
    os.fchdir(here)
    os.waitpid(pid, 0)
    for descriptor in (out, out_end, err, err_end):
        os.close(descriptor)
"""

_LONG = '  long-{number}:\n    schedule: "@reboot"\n    command: "exec sleep 600"\n    on_shutdown: stop\n'


def measure(options: argparse.Namespace) -> Iterator[Row]:
    found = peers.installed(options.peers)
    seen: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(options.repeats):
        with workplace() as folder:
            environment = [f"{name}={value}" for name, value in SET_BY_SCHEDD.items()]
            seen["floor"] += _late(["env", *environment, sys.executable, "-c", _BARE, stamp(folder)], folder)
        with workplace() as folder:
            seen["schedd"] += _late(schedd(folder, "jobs:\n" + _each_second(folder)), folder)
        for peer in found:
            if peer.seconds:
                with workplace() as folder:
                    seen[peer.name] += _late(peer.command(folder, [(peers.SECONDLY, stamp(folder))]), folder)
        with workplace() as folder:
            loaded = mixed(["0 0 1 1 *"] * 10_000) + "".join(_LONG.format(number=number) for number in range(50))
            seen["busy"] += _late(schedd(folder, loaded + _each_second(folder)), folder)
    by_the_minute = {peer.name for peer in found if not peer.seconds}
    for part, name in ((0.5, "median"), (0.99, "p99")):
        shown = {who: f"{percentile(late, part) * 1e3:.2f} ms" for who, late in seen.items()}
        others = {who: shown.get(who, BY_THE_MINUTE if who in by_the_minute else NOT_MEASURED) for who in peers.NAMES}
        yield Row(f"one job a second, late, {name}", "≤ supercronic", shown["schedd"], shown["floor"], others)
    ratio = percentile(seen["busy"], 0.99) / percentile(seen["schedd"], 0.99)
    figure = "p99 with 10,000 more jobs loaded and 50 running"
    yield Row(figure, "≤ 2 × quiet", f"{shown['busy']} ({ratio:.2g} × quiet)")


def _each_second(folder: Path) -> str:
    return f'  each-second:\n    schedule: "@every 1s"\n    command: {stamp(folder)}\n'


def _late(command: Sequence[str], folder: Path) -> list[float]:
    with running(command, folder) as process:
        until_calm(process, time.perf_counter())
        (folder / "stamps").unlink(missing_ok=True)
        time.sleep(SECONDS)
    return [moment % 1 for moment in stamps(folder)]


if __name__ == "__main__":
    main(measure, __doc__)
