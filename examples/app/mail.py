"""Outgoing mail: to the server in APP_SMTP_URL, or into a maildir when APP_SMTP_URL is not set."""

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
"""Seconds to wait for each reply of the server."""


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
    """A function that sends one message, over one connection for the whole block. OSError if there is no server."""
    address = os.environ.get("APP_SMTP_URL")
    if not address:
        yield _maildir().add
        return
    url = urlsplit(address)
    if url.scheme not in {"smtp", "smtp+starttls", "smtps"} or not url.hostname:
        # The message does not repeat the address, which may contain a password.
        raise ValueError("APP_SMTP_URL must look like smtp+starttls://user:password@mail.example.com:587")
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
    # Maildir itself would fail in one of two processes that create it at the same moment.
    for folder in ("cur", "new", "tmp"):
        (path / folder).mkdir(parents=True, exist_ok=True)
    return mailbox.Maildir(path, create=False)
