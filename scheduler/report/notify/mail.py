"""Mails, through the server that schedd's own SMTP_URL names."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from functools import partial
from urllib.parse import SplitResult, unquote, urlsplit

from scheduler.model.recipient import MailRecipient
from scheduler.report.notify import wording
from scheduler.report.notify.notification import OUTPUT_TOLD, Notification
from scheduler.report.notify.sender import DeliveryError, SenderContext
from scheduler.report.notify.worker_thread import WorkerThread

FORM = "smtp+starttls://USER:PASSWORD@mail.example.com:587"
"""Or smtps://, encrypted from the start; smtp:// is not encrypted, and so cannot have a password."""


class MailSender:
    """Implements `Sender`."""

    def __init__(self, notifier: MailRecipient, context: SenderContext) -> None:
        self._notifier = notifier
        self._environ = context.environ
        self._lane = WorkerThread()

    async def send(self, notice: Notification) -> str:
        server = server_of(self._environ)
        return await self._lane.call(partial(self._mail, server, notice))

    def _mail(self, server: SplitResult, notice: Notification) -> str:
        """On the thread from the beginning: to find out how this host is called may take a while, too."""
        message = compose(notice, self._notifier.to, sender_of(self._environ, server))
        return _send(server, message, self._notifier.timeout)


def server_of(environ: Mapping[str, str]) -> SplitResult:
    """The server. DeliveryError, which never shows what is set, when it is not named or not understood."""
    if not environ.get("SMTP_URL"):
        raise DeliveryError(f"schedd's own environment has no SMTP_URL, like {FORM}")
    try:
        url = urlsplit(environ["SMTP_URL"])
        known = url.scheme in {"smtp", "smtp+starttls", "smtps"} and url.hostname and (url.port is None or url.port)
    except ValueError:
        known = False
    if not known:
        raise DeliveryError(f"SMTP_URL must look like {FORM}")
    if url.scheme == "smtp" and url.username and url.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise DeliveryError(
            "SMTP_URL has a password, which smtp:// would send for all to read; smtp+starttls:// does not"
        )
    return url


def sender_of(environ: Mapping[str, str], server: SplitResult) -> str:
    """MAIL_FROM, else the user's name at the server if it is an address, else schedd at this host."""
    user = unquote(server.username or "")
    return environ.get("MAIL_FROM") or (user if "@" in user else f"schedd@{socket.getfqdn()}")


def compose(notice: Notification, to: tuple[str, ...], sender: str) -> EmailMessage:
    """Plain text; no reply is expected, also not from a machine."""
    message = EmailMessage()
    try:
        message["From"] = sender
        message["To"] = ", ".join(to)
    except (ValueError, IndexError):
        raise DeliveryError("MAIL_FROM is not a mail address") from None
    message["Subject"] = f"[schedd] {wording.headline(notice)}"[:200]
    message["Date"] = formatdate(notice.at.timestamp())
    message["Message-ID"] = make_msgid()
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(wording.text(notice, longest=OUTPUT_TOLD))
    return message


def _send(url: SplitResult, message: EmailMessage, timeout: float) -> str:
    try:
        with _connected(url, timeout) as server:
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            refused = server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        raise _why(error) from None
    if refused:
        raise DeliveryError(f"the server refused {', '.join(refused)}")
    return f"accepted by {url.hostname}"


def _connected(url: SplitResult, timeout: float) -> smtplib.SMTP:
    host = url.hostname or ""
    if url.scheme == "smtps":
        return smtplib.SMTP_SSL(host, url.port or 465, timeout=timeout, context=ssl.create_default_context())
    server = smtplib.SMTP(host, url.port or (587 if url.scheme == "smtp+starttls" else 25), timeout=timeout)
    if url.scheme == "smtp+starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _why(error: smtplib.SMTPException | OSError) -> DeliveryError:
    """Without what the server said, which may quote what it was sent."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return DeliveryError(f"the server refused user and password ({error.smtp_code})")
        case smtplib.SMTPRecipientsRefused():
            return DeliveryError("the server refused every recipient")
        case smtplib.SMTPResponseException():
            return DeliveryError(f"the server answered {error.smtp_code}", again=error.smtp_code < 500)
        case smtplib.SMTPException():
            return DeliveryError(f"no mail was taken ({type(error).__name__})", again=True)
        case ssl.SSLError():
            return DeliveryError(f"no TLS connection: {error.reason}", again=True)
    return DeliveryError(error.strerror or type(error).__name__, again=True)
