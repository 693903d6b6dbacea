"""Show what the tasks have done so far: `python3 -m examples.app.show [rate|order|mail|done|reject]...`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from examples.app.database import data_dir, transaction


def main() -> None:
    """Print the rows in the database, the mails and the files; only some kinds of them when arguments name these."""
    kinds = sys.argv[1:]
    for kind, text in rows():
        if not kinds or kind in kinds:
            print(f"{kind:6} {text}")


def rows() -> Iterator[tuple[str, str]]:
    """Each item with its kind."""
    with transaction() as db:
        for currency, rate, at in db.execute("SELECT currency, rate, scheduled_at FROM rates ORDER BY currency"):
            yield "rate", f"1 EUR = {rate} {currency}, polled for {at}"
        for number, customer, cents in db.execute("SELECT id, customer, cents FROM orders ORDER BY id"):
            yield "order", f"{number} {customer} {cents / 100:.2f} EUR"
    for kind, pattern in (("mail", "mail/new/*"), ("done", "done/*"), ("reject", "rejects/*")):
        for path in sorted(data_dir().glob(pattern)):
            yield kind, str(path)


if __name__ == "__main__":
    main()
