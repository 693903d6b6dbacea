# ruff: noqa: T201 - a command that prints what it finds
"""Compare the product with the oracle on many random cases, new ones at each run.

The cases are cron expressions with `L`, `L-n`, `LW`, `W` and `#`, intervals with a start, and `from`, `until` and
`except`, in 26 time zones, most of them near a DST change.

python tests/unit/schedule_long_run.py --minutes 10
python tests/unit/schedule_long_run.py --cases 100000
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.unit.schedule_agreement import disagreement
from tests.unit.schedule_cases import random_case


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--cases", type=int, help="compare this many cases, however long it takes")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    options = parser.parse_args()
    print(f"seed {options.seed}")
    rng = random.Random(options.seed)  # noqa: S311 - a seed to come back to
    end = time.monotonic() + options.minutes * 60
    cases = wrong = 0
    while cases < options.cases if options.cases else time.monotonic() < end:
        case = random_case(rng)
        cases += 1
        if found := disagreement(case):
            wrong += 1
            print(found, flush=True)
    print(f"{cases} cases, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
