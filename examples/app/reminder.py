"""The weekly reminder, one mail to the team: `python3 -m examples.app.reminder --to ADDRESS SUBJECT`."""

from __future__ import annotations

import argparse

from examples.app.database import claim, transaction
from examples.app.mail import compose, outbox


def remind(to: str, subject: str) -> None:
    """Mail `subject` and the number of orders to `to`, once per scheduled time. OSError if there is no mail server."""
    # The claim is committed only after the server has accepted the message, so a failure leaves nothing behind and the
    # retry sends it. The database is locked meanwhile, which is fine for one mail.
    with transaction() as db:
        if not claim(db, f"remind {to} {subject}"):
            print(f"already sent to {to} for this scheduled time")
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
