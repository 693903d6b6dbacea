"""The steps of the pipeline: `pipeline.py extract|transform|load`. Each replaces its own result when it is repeated."""

import csv
import os
import sqlite3
import sys
from collections import Counter
from pathlib import Path

DATA = Path(os.environ.get("DATA", "var"))
RUN = os.environ["SCHED_SCHEDULED_AT"]
"""The scheduled time of the first step, which is that of all steps."""


def extract() -> None:
    """Fetch the sales. Here they are made up; in earnest this is a query or a download."""
    rows = [("pears", 3), ("figs", 2), ("pears", 4)]
    with _result("extract").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    print(f"{len(rows)} sales")


def transform() -> None:
    """Sum up what was sold."""
    with _result("extract").open(newline="") as file:
        sums = Counter[str]()
        for name, count in csv.reader(file):
            sums[name] += int(count)
    with _result("transform").open("w", newline="") as file:
        csv.writer(file).writerows(sorted(sums.items()))
    print(f"{len(sums)} products")


def load() -> None:
    """Replace the rows of this scheduled time."""
    with _result("transform").open(newline="") as file:
        rows = [(RUN, name, int(count)) for name, count in csv.reader(file)]
    with sqlite3.connect(DATA / "sales.db") as db:
        db.execute("CREATE TABLE IF NOT EXISTS sales (at TEXT, product TEXT, count INTEGER, PRIMARY KEY (at, product))")
        db.executemany("REPLACE INTO sales VALUES (?, ?, ?)", rows)
    db.close()
    print(f"{len(rows)} rows for {RUN}")


def _result(step: str) -> Path:
    DATA.mkdir(exist_ok=True)
    return DATA / f"{step}-{RUN.replace(':', '')}.csv"


if __name__ == "__main__":
    {"extract": extract, "transform": transform, "load": load}[sys.argv[1]]()
