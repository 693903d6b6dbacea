"""Outgoing mail: to the server that SMTP_URL names, or into a maildir when it is not set."""

from __future__ import annotations

import mailbox
import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from examples.app.database import data_dir

TIMEOUT = 10
"""Seconds for each answer of the server."""


def compose(to: str, subject: str, text: str) -> EmailMessage:
    """A plain-text message from MAIL_FROM, dated now."""
    message = EmailMessage()
    message["From"] = os.environ.get("MAIL_FROM", "shop@example.com")
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain="example.com")
    message.set_content(text)
    return message


@contextmanager
def outbox() -> Iterator[Callable[[EmailMessage], object]]:
    """A function that sends one message. One connection serves the whole block; no server is an OSError at once."""
    address = os.environ.get("SMTP_URL")
    if not address:
        yield _maildir().add
        return
    url = urlsplit(address)
    if url.scheme not in {"smtp", "smtp+starttls", "smtps"} or not url.hostname:
        # The address itself is not shown: it may hold the password.
        raise ValueError("SMTP_URL must look like smtp+starttls://user:password@mail.example.com:587")
    tls = ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(url.hostname, url.port or 0, timeout=TIMEOUT, context=tls)
        if url.scheme == "smtps"
        else smtplib.SMTP(url.hostname, url.port or 0, timeout=TIMEOUT)
    ) as server:
        if url.scheme == "smtp+starttls":
            server.starttls(context=tls)
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        yield server.send_message


def _maildir() -> mailbox.Maildir:
    path = data_dir() / "mail"
    # Not left to Maildir: two processes that start together would both try, and one would fail.
    for folder in ("cur", "new", "tmp"):
        (path / folder).mkdir(parents=True, exist_ok=True)
    return mailbox.Maildir(path, create=False)
