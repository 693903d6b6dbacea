"""How a notice reaches somebody: the protocol of senders, and which of them serves which notifier."""

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
    """Somebody could not be told. The text says why, and holds no secret; `again`: it may help to try once more."""

    def __init__(self, why: str, *, again: bool = False) -> None:
        super().__init__(why)
        self.again = again


class Sender(Protocol):
    """Sends to one recipient, one notice at a time."""

    async def send(self, notice: Notification) -> str:
        """Send it; returns in a few words what was answered. DeliveryError when that is not possible.

        It is cancelled when it takes too long, and then leaves nothing running.
        """
        ...


class SenderContext(msgspec.Struct, frozen=True):
    """What senders need of the program: schedd's own environment, and what starts commands and takes their output."""

    environ: Mapping[str, str]
    launcher: Launcher
    log: LineSink


def name_of(recipient: Recipient) -> str:
    """A recipient as people may see it: of an address no more than its host."""
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
            return f"apprise {url.partition('://')[0][:20]}"  # what follows may be a token, even in the host's place
        case AppriseRecipient(url=url):
            return f"apprise {host_of(url)}"
        case SentryRecipient():
            return "sentry"
    assert_never(recipient)


def resolve(value: Value, key: str, environ: Mapping[str, str]) -> str:
    """The text, wherever it stands. DeliveryError, naming the place and never the text, when it is not there."""
    match value:
        case FromEnv(variable):
            if not environ.get(variable):
                raise DeliveryError(f"{key}: schedd's own environment has no variable {variable}")
            return environ[variable]
        case FromFile(path):
            try:
                content = read_small_file(path).decode()
            except LaunchError as error:
                raise DeliveryError(f"{key}: {error}", again=True) from error
            except UnicodeDecodeError:
                raise DeliveryError(f"{key}: {path} is not UTF-8") from None
            return content.removesuffix("\n").removesuffix("\r")
        case str():
            return value
    assert_never(value)


def host_of(url: Value) -> str:
    """What of an address people may see: its host, or where it stands."""
    match url:
        case FromEnv(variable):
            return f"${variable}"
        case FromFile(path):
            return path
        case str():
            return urlsplit(url).hostname or "?"
    assert_never(url)
