"""One job a second: from the second to the first instruction of its command, quiet and under load.

    python benchmarks/lateness.py [--peers DIR]

Under load 10,000 other jobs are in the file and 50 run. All quiet programs are watched at the same time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import peers
from bench import (
    NOT_MEASURED,
    Row,
    crontabs,
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
BY_THE_MINUTE = "by the minute only"

_LONG = '  long-{number}:\n    schedule: "@reboot"\n    command: "exec sleep 600"\n    on_shutdown: stop\n'


def measure(options: argparse.Namespace) -> Iterator[Row]:
    seen: dict[str, list[float]] = {}
    with workplace() as folder:
        found = peers.installed(options.peers)
        own = {name: folder / name for name in ("schedd", *(peer.name for peer in found if peer.seconds))}
        for place in own.values():
            place.mkdir()
        with ExitStack() as programs:
            programs.enter_context(running(schedd(own["schedd"], _each_second(own["schedd"])), own["schedd"]))
            for peer in found:
                if peer.seconds:
                    command = peer.command(own[peer.name], [(peers.SECONDLY, stamp(own[peer.name]))])
                    programs.enter_context(running(command, own[peer.name]))
            time.sleep(SECONDS + 3)
        seen = {name: _late(place) for name, place in own.items()}
    with workplace() as folder:
        loaded = mixed(crontabs(10_000)) + "".join(_LONG.format(number=number) for number in range(50))
        with running(schedd(folder, loaded + _each_second(folder).removeprefix("jobs:\n")), folder) as process:
            until_calm(process, time.perf_counter())
            time.sleep(SECONDS)
        busy = _late(folder)
    by_the_minute = {peer.name for peer in found if not peer.seconds}
    for part, name in ((0.5, "median"), (0.99, "p99")):
        shown = {who: f"{percentile(late, part) * 1e3:.2f} ms" for who, late in seen.items()}
        others = {who: shown.get(who, BY_THE_MINUTE if who in by_the_minute else NOT_MEASURED) for who in peers.NAMES}
        yield Row(f"one job a second, late, {name}", "≤ supercronic", shown["schedd"], "", others)
    ratio = percentile(busy, 0.99) / percentile(seen["schedd"], 0.99)
    figure = "p99 with 10,000 more jobs loaded and 50 running"
    yield Row(figure, "≤ 2 × quiet", f"{percentile(busy, 0.99) * 1e3:.2f} ms ({ratio:.2g} × quiet)")


def _each_second(folder: Path) -> str:
    return f'jobs:\n  each-second:\n    schedule: "@every 1s"\n    command: {stamp(folder)}\n'


def _late(folder: Path) -> list[float]:
    return [moment % 1 for moment in stamps(folder)]


if __name__ == "__main__":
    main(measure, __doc__)
