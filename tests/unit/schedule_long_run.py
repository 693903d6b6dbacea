# ruff: noqa: T201 - a command that prints what it finds
"""Compare the product with the oracle for as long as wanted, on new random cases at each run.

python tests/unit/schedule_long_run.py --minutes 10
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
    parser.add_argument("--seed", type=int, default=time.time_ns())
    options = parser.parse_args()
    print(f"seed {options.seed}")
    rng = random.Random(options.seed)  # noqa: S311 - a seed to come back to
    end = time.monotonic() + options.minutes * 60
    cases = wrong = 0
    while time.monotonic() < end:
        case = random_case(rng)
        cases += 1
        if found := disagreement(case):
            wrong += 1
            print(found)
    print(f"{cases} cases, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
