"""Who is notified of what happens to a job, and how."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from scheduler.model.target import Argv, ShellCommand, Value


class WebhookFormat(StrEnum):
    """What a webhook is sent: all there is to say, or a text in the form that a chat understands."""

    JSON = "json"
    SLACK = "slack"
    MATTERMOST = "mattermost"
    DISCORD = "discord"
    TEAMS = "teams"


RECIPIENT_TIMEOUT = 10.0
"""Seconds that one attempt to tell somebody may take, unless the notifier says otherwise."""


class CommandRecipient(msgspec.Struct, frozen=True, kw_only=True):
    """Tells by running a program as the job is run."""

    target: ShellCommand | Argv
    timeout: float = RECIPIENT_TIMEOUT


class WebhookRecipient(msgspec.Struct, frozen=True, kw_only=True):
    """Tells by a POST to `url`, with `headers` as pairs, signed when there is a `secret`."""

    url: Value
    format: WebhookFormat = WebhookFormat.JSON
    headers: tuple[tuple[str, Value], ...] = ()
    secret: Value | None = None
    timeout: float = RECIPIENT_TIMEOUT


class MailRecipient(msgspec.Struct, frozen=True, kw_only=True):
    """Tells by a mail to these addresses."""

    to: tuple[str, ...]
    timeout: float = RECIPIENT_TIMEOUT


class AppriseRecipient(msgspec.Struct, frozen=True, kw_only=True):
    """Tells through whichever service the apprise library finds behind `url`."""

    url: Value
    timeout: float = RECIPIENT_TIMEOUT


class PingRecipient(msgspec.Struct, frozen=True):
    """A dead man's switch that wants to hear of every run."""

    url: Value
    timeout: float = 10.0


class SentryRecipient(msgspec.Struct, frozen=True):
    """Sentry Cron Monitoring."""

    timeout: float = 10.0


Recipient = CommandRecipient | WebhookRecipient | MailRecipient | AppriseRecipient | PingRecipient | SentryRecipient
