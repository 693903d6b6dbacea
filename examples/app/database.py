"""The application's data: one directory, one SQLite database, and the record of what was done for which slot."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

TABLES = (
    "CREATE TABLE IF NOT EXISTS done (task TEXT, slot TEXT, item TEXT, PRIMARY KEY (task, slot, item)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS rates (currency TEXT PRIMARY KEY, rate REAL NOT NULL, slot TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, cents INTEGER NOT NULL)",
)


def data_dir() -> Path:
    """Where everything lies: EXAMPLE_DATA, or var/example below the working directory."""
    path = Path(os.environ.get("EXAMPLE_DATA", "var/example"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def slot() -> str:
    """The instant this run is for, in UTC.

    It names the run, not the moment: retries have the same slot, and `schedctl run-now --as-of` repeats one. What is
    recorded under it is therefore done once, however often the process starts. Without schedd it is now.
    """
    given = os.environ.get("SCHED_SCHEDULED_AT")
    moment = datetime.fromisoformat(given) if given else datetime.now(UTC)
    return moment.astimezone(UTC).isoformat(timespec="seconds")


@contextmanager
def transaction() -> Iterator[sqlite3.Connection]:
    """All or nothing: committed at the end of the block, rolled back by any exception in it.

    It begins IMMEDIATE, so that two processes take turns here instead of failing when both come to write.
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
    """Record that this slot's `task` (for `item`, if there are several) is done; False when it was done before.

    Called in the transaction that does the work: both are kept, or neither. Slots are forgotten after 30 days.
    """
    db.execute("DELETE FROM done WHERE task = ? AND slot < strftime('%Y-%m-%d', ?, '-30 days')", (task, slot()))
    return db.execute("INSERT OR IGNORE INTO done VALUES (?, ?, ?)", (task, slot(), item)).rowcount == 1


def give_back(db: sqlite3.Connection, task: str, item: str = "") -> None:
    """Undo a claim that was already committed."""
    db.execute("DELETE FROM done WHERE task = ? AND slot = ? AND item = ?", (task, slot(), item))
