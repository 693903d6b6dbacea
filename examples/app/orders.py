"""Import uploads: CSV files of orders go from inbox/ into the database and then to done/."""

from __future__ import annotations

import csv
import io
import sqlite3
import time
from pathlib import Path

from examples.app.database import claim, data_dir, transaction

COLUMNS = ("id", "customer", "amount")
SETTLED = 2.0
"""Seconds without a change after which an upload counts as complete."""

UPSERT = """
INSERT INTO orders VALUES (?, ?, ?)
ON CONFLICT (id) DO UPDATE SET customer = excluded.customer, cents = excluded.cents
"""


def import_orders() -> None:
    """Import every complete upload. Rows that are not valid go to rejects/ with the reason."""
    with transaction() as db:
        if not claim(db, "import orders"):
            print("nothing to do: already imported for this scheduled time")
            return
        taken = _take_uploads()
        reports = [f"{path.name}: {_import(db, path)}" for path in taken]
    # Move after the commit: a crash before it leaves the files in taken/ for the next run, a crash after it only means
    # that the same orders are upserted again.
    for path in taken:
        path.replace(_folder("done") / path.name)
    print("\n".join(reports) or "the inbox is empty")


def _take_uploads() -> list[Path]:
    """Move complete uploads out of the inbox; also return what an earlier run took and did not finish.

    A file that is renamed from `.part` appears when it is complete; any other file is taken once it has not changed for
    SETTLED seconds. Files are moved before they are read, so that a new upload of the same name cannot replace them.
    """
    taken = _folder("taken")
    before = time.time() - SETTLED
    for path in _folder("inbox").glob("*.csv"):
        if path.is_file() and path.stat().st_mtime <= before:
            path.replace(taken / f"{path.stem}-{time.time_ns()}.csv")
    return sorted(taken.glob("*.csv"))


def _import(db: sqlite3.Connection, path: Path) -> str:
    orders, rejects = _parse(path.read_text(encoding="utf-8-sig", errors="replace"))
    db.executemany(UPSERT, orders)
    if rejects:
        target = _folder("rejects") / path.name
        with target.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("line", "reason", "row"), *rejects])
    return f"orders imported: {len(orders)}, rows rejected: {len(rejects)}"


def _parse(text: str) -> tuple[list[tuple[int, str, int]], list[tuple[int, str, str]]]:
    """The orders, and for each invalid row its line number, the reason and the row."""
    orders: list[tuple[int, str, int]] = []
    rejects: list[tuple[int, str, str]] = []
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        if tuple(next(reader, ())) != COLUMNS:
            return [], [(1, f"the first line must be {','.join(COLUMNS)}", text.partition("\n")[0])]
        for row in filter(None, reader):
            try:
                orders.append(_order(row))
            except ValueError as error:
                rejects.append((reader.line_num, str(error), ",".join(row)))
    except csv.Error as error:
        rejects.append((reader.line_num, f"the rest of the file was not read: {error}", ""))
    return orders, rejects


def _order(row: list[str]) -> tuple[int, str, int]:
    """Parse a row. ValueError if it is not valid."""
    if len(row) != len(COLUMNS):
        raise ValueError(f"{len(row)} fields instead of {len(COLUMNS)}")
    number, customer, amount = (field.strip() for field in row)
    if not (number.isascii() and number.isdecimal() and len(number) <= 18):
        raise ValueError(f"id is not a number: {number!r}")
    if not customer or "\N{REPLACEMENT CHARACTER}" in customer:
        raise ValueError("customer is empty" if not customer else "customer is not UTF-8")
    euros, point, cents = amount.partition(".")
    if not (amount.isascii() and euros.isdecimal() and len(euros) <= 12 and (cents.isdecimal() or not point)):
        raise ValueError(f"amount is not like 12.50: {amount!r}")
    if len(cents) > 2:
        raise ValueError(f"amount has fractions of a cent: {amount!r}")
    return int(number), customer, int(euros) * 100 + int(cents.ljust(2, "0"))


def _folder(name: str) -> Path:
    path = data_dir() / name
    path.mkdir(exist_ok=True)
    return path
