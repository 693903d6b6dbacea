"""Run as PID 1 of a PID namespace: plays a container's init that starts RUNS children while orphans keep coming.

Prints one line of JSON: how many exit codes were wrong, and how many zombies were left.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.process.workshop import Workshop, until_the_end

AT_ONCE = 20


async def main(runs: int) -> dict[str, int]:
    wrong = 0
    numbers = iter(range(runs))

    async def work() -> None:
        nonlocal wrong
        for number in numbers:
            # Every tenth leaves a child that dies after its parent: as PID 1 it is ours to reap.
            orphan = "(sleep 0.01; exit 9) >/dev/null 2>&1 & " if number % 10 == 0 else ""
            ended = await workshop.run(f"{orphan}exit {number % 256}")
            wrong += ended.code != number % 256

    with until_the_end:
        workshop = Workshop()
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        await asyncio.sleep(0.5)
        own = sum(state == "Z" for state in _states())
    return {"pid": os.getpid(), "wrong": wrong, "zombies": own}


def _states() -> list[str]:
    """Of our children: /proc may be that of the namespace outside, where we have another number."""
    pids = [pid for task in Path("/proc/self/task").glob("*/children") for pid in task.read_text().split()]
    return [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in pids]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(int(sys.argv[1])))))
