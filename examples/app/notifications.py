"""Bulk notifications: one message to each user of a group, by mail or on the console."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import nullcontext
from email.message import EmailMessage
from pathlib import Path

from examples.app.database import claim, release, transaction
from examples.app.mail import compose, outbox

USERS = Path(__file__).parent / "data" / "users.csv"


def notify_group(group: str, *, subject: str, channel: str = "mail") -> None:
    """Send `subject` to everybody in `group`, at most once per scheduled time. `channel` is `mail` or `console`.

    An address that fails does not stop the others. At the end a RuntimeError names those that failed, so that the run
    is retried.
    """
    with USERS.open(encoding="utf-8", newline="") as file:
        users = [user for user in csv.DictReader(file) if user["group"] == group]
    if not users:
        raise ValueError(f"the group {group!r} has no members")
    sent, failures = 0, []
    with outbox() if channel == "mail" else nullcontext(_print) as send:
        for user in users:
            try:
                sent += _notify(user, subject, send)
            except OSError as error:
                failures.append(f"{user['email']}: {error}")
    print(f"{sent} of {len(users)} {group} notified: {subject}")
    if failures:
        raise RuntimeError(f"not notified: {'; '.join(failures)}")


def _notify(user: dict[str, str], subject: str, send: Callable[[EmailMessage], object]) -> bool:
    # Claim before sending and release when sending fails: a retry then serves the rest, and a crash in between loses
    # one message. The other order could send a second copy.
    task = f"notify {user['group']}: {subject}"
    with transaction() as db:
        if not claim(db, task, user["email"]):
            return False
    try:
        send(compose(user["email"], subject, f"Hello {user['name']},\n\n{subject}.\n\nYour example shop\n"))
    except Exception:
        with transaction() as db:
            release(db, task, user["email"])
        raise
    return True


def _print(message: EmailMessage) -> None:
    print(f"to {message['To']}: {message['Subject']}")
