"""The application's data: one directory, one SQLite database, and a record of the work done for each scheduled time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

TABLES = (
    "CREATE TABLE IF NOT EXISTS done (task, scheduled_at, item, PRIMARY KEY (task, scheduled_at, item)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS rates (currency TEXT PRIMARY KEY, rate REAL NOT NULL, scheduled_at TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, cents INTEGER NOT NULL)",
)


def data_dir() -> Path:
    """The data directory: EXAMPLE_DATA, or var/example in the working directory. Created if it is missing."""
    path = Path(os.environ.get("EXAMPLE_DATA", "var/example"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def scheduled_at() -> str:
    """The scheduled time of this run, as text in UTC.

    All attempts of a run have the same one, and `schedctl run-now --as-of` repeats one. Work that is recorded under it
    is therefore done once, however often the process starts. Without schedd it is the current time.
    """
    given = os.environ.get("SCHED_SCHEDULED_AT")
    moment = datetime.fromisoformat(given) if given else datetime.now(UTC)
    return moment.astimezone(UTC).isoformat(timespec="seconds")


@contextmanager
def transaction() -> Iterator[sqlite3.Connection]:
    """A transaction: committed at the end of the block, rolled back by any exception in it.

    It begins as IMMEDIATE, so that two processes take turns instead of failing when both want to write.
    """
    db = sqlite3.connect(data_dir() / "example.db", timeout=30, isolation_level=None)
    try:
        db.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            db.execute(table)
        yield db
        db.execute("COMMIT")
    finally:
        db.close()


def claim(db: sqlite3.Connection, task: str, item: str = "") -> bool:
    """Record that `task` (for `item`, if there are several) is done for this scheduled time; False if it already was.

    Call it in the transaction that does the work, so that both are kept or neither is. Records expire after 30 days.
    """
    db.execute("DELETE FROM done WHERE task = ? AND scheduled_at < date(?, '-30 days')", (task, scheduled_at()))
    return db.execute("INSERT OR IGNORE INTO done VALUES (?, ?, ?)", (task, scheduled_at(), item)).rowcount == 1


def release(db: sqlite3.Connection, task: str, item: str = "") -> None:
    """Undo a claim that is already committed."""
    db.execute("DELETE FROM done WHERE task = ? AND scheduled_at = ? AND item = ?", (task, scheduled_at(), item))
