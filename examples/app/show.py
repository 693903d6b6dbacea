"""Show what the tasks have done so far: `python3 -m examples.app.show`."""

from __future__ import annotations

from examples.app.database import data_dir, transaction


def main() -> None:
    """Print the rows in the database, the mails and the files."""
    with transaction() as db:
        for currency, rate, at in db.execute("SELECT currency, rate, scheduled_at FROM rates ORDER BY currency"):
            print(f"rate   1 EUR = {rate} {currency}, polled for {at}")
        for number, customer, cents in db.execute("SELECT id, customer, cents FROM orders ORDER BY id"):
            print(f"order  {number} {customer} {cents / 100:.2f} EUR")
    for label, pattern in (("mail", "mail/new/*"), ("done", "done/*"), ("reject", "rejects/*")):
        for path in sorted(data_dir().glob(pattern)):
            print(f"{label:6} {path}")


if __name__ == "__main__":
    main()
