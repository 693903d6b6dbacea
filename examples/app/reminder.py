"""The weekly reminder, one mail to the team: `python3 -m examples.app.reminder --to ADDRESS SUBJECT`."""

from __future__ import annotations

import argparse

from examples.app.database import claim, transaction
from examples.app.mail import compose, outbox


def remind(to: str, subject: str) -> None:
    """Mail `subject` to `to`, once per slot, with what the week brought. OSError when the server is not there."""
    # The claim is committed only after the server has taken the message, so a failure leaves nothing behind and the
    # retry sends it. Fine for one mail: the database is locked meanwhile.
    with transaction() as db:
        if not claim(db, f"remind {to} {subject}"):
            print(f"{to} was already reminded")
            return
        count, cents = db.execute("SELECT count(*), coalesce(sum(cents), 0) FROM orders").fetchone()
        with outbox() as send:
            send(
                compose(to, subject, f"Reminder: {subject}.\n\nOn the books: {count} orders, {cents / 100:.2f} EUR.\n")
            )
    print(f"{to} reminded: {subject}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="examples.app.reminder", description=__doc__)
    parser.add_argument("--to", required=True, metavar="ADDRESS")
    parser.add_argument("subject", metavar="SUBJECT")
    arguments = parser.parse_args()
    remind(arguments.to, arguments.subject)


if __name__ == "__main__":
    main()
