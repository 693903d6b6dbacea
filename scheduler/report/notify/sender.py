"""Common parts of all senders: their protocol, their errors, and values from variables and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, assert_never
from urllib.parse import urlsplit

import msgspec

from scheduler.launch.envfile import read_small_file
from scheduler.launch.launcher import Launcher, LaunchError
from scheduler.launch.output import LineSink
from scheduler.model.recipient import (
    AppriseRecipient,
    CommandRecipient,
    MailRecipient,
    PingRecipient,
    Recipient,
    SentryRecipient,
    WebhookRecipient,
)
from scheduler.model.target import FromEnv, FromFile, Value
from scheduler.report.notify.notification import Notification


class DeliveryError(Exception):
    """A notification could not be delivered. The text has the cause and no secret; `again`: a retry may help."""

    def __init__(self, cause: str, *, again: bool = False) -> None:
        super().__init__(cause)
        self.again = again


class Sender(Protocol):
    """Sends to one recipient, one notification at a time."""

    async def send(self, notification: Notification) -> str:
        """Send it and return the answer in a few words. DeliveryError when that is not possible.

        Cancelled when it takes too long; then it leaves nothing running.
        """
        ...


class SenderContext(msgspec.Struct, frozen=True):
    """The parts of schedd that senders need: its environment, the launcher of commands, and the log."""

    environ: Mapping[str, str]
    launcher: Launcher
    log: LineSink


def name_of(recipient: Recipient) -> str:
    """A recipient as people may see it: its kind and, of an address, the host only."""
    match recipient:
        case CommandRecipient():
            return "command"
        case WebhookRecipient(url=url):
            return f"webhook {host_of(url)}"
        case MailRecipient(to=to):
            return f"mail to {', '.join(to)}"
        case PingRecipient(url=url):
            return f"ping {host_of(url)}"
        case AppriseRecipient(url=str() as url):
            return f"apprise {url.partition('://')[0][:20]}"  # the rest may be a token, even in the place of the host
        case AppriseRecipient(url=url):
            return f"apprise {host_of(url)}"
        case SentryRecipient():
            return "sentry"
    assert_never(recipient)


def resolve(value: Value, key: str, environ: Mapping[str, str]) -> str:
    """The text or the value of its reference. DeliveryError, naming the place, never the text, when it is missing."""
    match value:
        case FromEnv(variable):
            if not environ.get(variable):
                raise DeliveryError(f"{key}: the variable {variable} is not set in schedd's environment")
            return environ[variable]
        case FromFile(path):
            try:
                content = read_small_file(path).decode()
            except LaunchError as error:
                raise DeliveryError(f"{key}: {error}", again=True) from error
            except UnicodeDecodeError:
                raise DeliveryError(f"{key}: {path} is not valid UTF-8") from None
            return content.removesuffix("\n").removesuffix("\r")
        case str():
            return value
    assert_never(value)


def host_of(url: Value) -> str:
    """The part of an address that people may see: its host, or where the address is kept."""
    match url:
        case FromEnv(variable):
            return f"${variable}"
        case FromFile(path):
            return path
        case str():
            return urlsplit(url).hostname or "?"
    assert_never(url)
