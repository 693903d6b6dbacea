"""Bulk notifications: one message to each user of a group, by mail or on the console."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import nullcontext
from email.message import EmailMessage
from pathlib import Path

from examples.app.database import claim, give_back, transaction
from examples.app.mail import compose, outbox

USERS = Path(__file__).parent / "data" / "users.csv"


def notify_group(group: str, *, subject: str, channel: str = "mail") -> None:
    """Send `subject` to everybody in `group`, each at most once per slot. `channel` is `mail` or `console`.

    Who cannot be reached keeps nobody else from their message; RuntimeError at the end names them, for the retry.
    """
    with USERS.open(encoding="utf-8", newline="") as file:
        users = [user for user in csv.DictReader(file) if user["group"] == group]
    if not users:
        raise ValueError(f"nobody is in the group {group!r}")
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
    # Claimed before it is sent and given back when sending fails: a retry serves those who are left, and a crash in
    # between costs one message. The other order would send somebody a second copy.
    task = f"notify {user['group']}: {subject}"
    with transaction() as db:
        if not claim(db, task, user["email"]):
            return False
    try:
        send(compose(user["email"], subject, f"Hello {user['name']},\n\n{subject}.\n\nYour example shop\n"))
    except Exception:
        with transaction() as db:
            give_back(db, task, user["email"])
        raise
    return True


def _print(message: EmailMessage) -> None:
    print(f"to {message['To']}: {message['Subject']}")
