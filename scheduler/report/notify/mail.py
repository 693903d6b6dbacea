"""Sends notifications by mail, through the server in schedd's SMTP_URL."""

from __future__ import annotations

import contextlib
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
from scheduler.report.notify.exchange import Exchange
from scheduler.report.notify.notification import OUTPUT_INCLUDED, Notification
from scheduler.report.notify.sender import DeliveryError, SenderContext
from scheduler.report.notify.worker_thread import WorkerThread
from scheduler.server_url import mail_url_problem

FORM = "smtp+starttls://USER:PASSWORD@mail.example.com:587"
"""Or smtps:// (TLS from the start); smtp:// is not encrypted, so it must not have a password."""


class MailSender:
    """Implements `Sender`."""

    def __init__(self, recipient: MailRecipient, context: SenderContext) -> None:
        self._recipient = recipient
        self._environ = context.environ
        self._thread = WorkerThread()

    async def send(self, notification: Notification) -> str:
        server = server_of(self._environ)
        exchange = Exchange()
        return await self._thread.call(partial(self._mail, server, notification, exchange), exchange.abort)

    def _mail(self, server: SplitResult, notification: Notification, exchange: Exchange) -> str:
        """Entirely on the thread: finding this host's name may take a while, too."""
        message = compose(notification, self._recipient.to, sender_of(self._environ, server))
        return _send(server, message, self._recipient.timeout, exchange)


def server_of(environ: Mapping[str, str]) -> SplitResult:
    """The mail server. DeliveryError, which never shows the value, when SMTP_URL is not set or not valid."""
    if not environ.get("SMTP_URL"):
        raise DeliveryError(f"SMTP_URL is not set in schedd's environment; example: {FORM}")
    if problem := mail_url_problem(environ["SMTP_URL"]):
        raise DeliveryError(f"SMTP_URL {problem}; example: {FORM}")
    return urlsplit(environ["SMTP_URL"])


def sender_of(environ: Mapping[str, str], server: SplitResult) -> str:
    """MAIL_FROM, else the user name for the server if it is an address, else schedd at this host."""
    user = unquote(server.username or "")
    return environ.get("MAIL_FROM") or (user if "@" in user else f"schedd@{socket.getfqdn()}")


def compose(notification: Notification, to: tuple[str, ...], sender: str) -> EmailMessage:
    """Plain text, marked so that vacation responders do not answer."""
    message = EmailMessage()
    try:
        message["From"] = sender
        message["To"] = ", ".join(to)
    except (ValueError, IndexError):
        raise DeliveryError("MAIL_FROM is not a valid mail address") from None
    message["Subject"] = f"[schedd] {wording.headline(notification)}"[:200]
    message["Date"] = formatdate(notification.at.timestamp())
    message["Message-ID"] = make_msgid()
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(wording.text(notification, longest=OUTPUT_INCLUDED))
    return message


def _send(url: SplitResult, message: EmailMessage, timeout: float, exchange: Exchange) -> str:
    try:
        with contextlib.closing(exchange), _connected(url, timeout, exchange) as server:
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            refused = server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        raise _delivery_error(error, url) from None
    if refused:
        raise DeliveryError(f"the mail server refused {', '.join(refused)}")
    return f"accepted by {url.hostname}"


class _Smtp(smtplib.SMTP):
    """An SMTP client whose connection belongs to an exchange."""

    def __init__(self, exchange: Exchange, host: str, port: int, timeout: float) -> None:
        self._exchange = exchange
        super().__init__(host, port, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._exchange.connect((host, port), timeout)


class _SecureSmtp(smtplib.SMTP_SSL, _Smtp):
    """The same with TLS from the start, on top of that connection."""

    def __init__(self, exchange: Exchange, host: str, port: int, timeout: float) -> None:
        self._exchange = exchange
        smtplib.SMTP_SSL.__init__(self, host, port, timeout=timeout, context=ssl.create_default_context())


def _address(url: SplitResult) -> tuple[str, int]:
    return url.hostname or "", url.port or {"smtps": 465, "smtp+starttls": 587}.get(url.scheme, 25)


def _connected(url: SplitResult, timeout: float, exchange: Exchange) -> smtplib.SMTP:
    host, port = _address(url)
    if url.scheme == "smtps":
        return _SecureSmtp(exchange, host, port, timeout)
    server = _Smtp(exchange, host, port, timeout)
    if url.scheme == "smtp+starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _delivery_error(error: smtplib.SMTPException | OSError, url: SplitResult) -> DeliveryError:
    """Without the server's text, which may quote what it was sent."""
    host, port = _address(url)
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    match error:
        case smtplib.SMTPAuthenticationError():
            return DeliveryError(f"the mail server refused the user or password of SMTP_URL ({error.smtp_code})")
        case smtplib.SMTPRecipientsRefused():
            return DeliveryError("the mail server refused every address")
        case smtplib.SMTPResponseException():
            return DeliveryError(f"the mail server answered {error.smtp_code}", again=error.smtp_code < 500)
        case smtplib.SMTPNotSupportedError():
            what = "STARTTLS, which smtp+starttls:// needs" if "STARTTLS" in str(error) else "what the mail needs"
            what = "a user and password (SMTP AUTH); delete them from SMTP_URL" if "AUTH" in str(error) else what
            return DeliveryError(f"the mail server {where} does not support {what}")
        case smtplib.SMTPServerDisconnected():
            return DeliveryError(f"the mail server {where} closed the connection", again=True)
        case smtplib.SMTPException():
            return DeliveryError(f"the mail server {where} did not accept the mail", again=True)
        case socket.gaierror():
            return DeliveryError(f"the host name {host} cannot be resolved: {error.strerror}", again=True)
        case TimeoutError():
            return DeliveryError(f"{where}: no connection in time", again=True)
        case ssl.SSLError():
            return DeliveryError(f"{where}: no TLS connection: {error.reason}", again=True)
    return DeliveryError(f"{where}: {error.strerror or type(error).__name__}", again=True)
