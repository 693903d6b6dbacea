"""What a schedd costs whose 10,000 jobs are not due: wake-ups a minute and CPU an hour.

python benchmarks/idle.py
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

from bench import Row, cpu_nanoseconds, main, mixed, running, schedd, until_calm, wake_ups, workplace

JOBS = 10_000
SECONDS = 60


def measure(_options: argparse.Namespace) -> Iterator[Row]:
    with workplace() as folder:
        text = mixed(["0 0 1 1 *"] * JOBS)
        with running(schedd(folder, text), folder) as process:
            until_calm(process, time.perf_counter())
            woken, used = wake_ups(process.pid), cpu_nanoseconds(process.pid)
            time.sleep(SECONDS)
            woken, used = wake_ups(process.pid) - woken, cpu_nanoseconds(process.pid) - used
    yield Row(f"idle with {JOBS:,} jobs, wake-ups a minute", "≤ 2", f"{woken * 60 / SECONDS:.2g}")
    yield Row(f"idle with {JOBS:,} jobs, CPU an hour", "≤ 0.2 s", f"{used / 1e9 * 3600 / SECONDS:.2g} s")


if __name__ == "__main__":
    main(measure, __doc__)
