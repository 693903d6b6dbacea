"""Who is notified of what happens to a job, and how."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from scheduler.model.target import Argv, ShellCommand, Value


class WebhookFormat(StrEnum):
    """The body of a webhook: a JSON document, or a text in the format of a chat service."""

    JSON = "json"
    SLACK = "slack"
    MATTERMOST = "mattermost"
    DISCORD = "discord"
    TEAMS = "teams"


RECIPIENT_TIMEOUT = 10.0
"""Seconds that one delivery attempt may take, unless the recipient says otherwise."""


class CommandRecipient(msgspec.Struct, frozen=True, kw_only=True):
    """Notified by a command that runs as the job runs."""

    target: ShellCommand | Argv
    timeout: float = RECIPIENT_TIMEOUT


class WebhookRecipient(msgspec.Struct, frozen=True, kw_only=True):
    """Notified by a POST to `url`, with `headers` as pairs, signed when there is a `secret`."""

    url: Value
    format: WebhookFormat = WebhookFormat.JSON
    headers: tuple[tuple[str, Value], ...] = ()
    secret: Value | None = None
    timeout: float = RECIPIENT_TIMEOUT


class MailRecipient(msgspec.Struct, frozen=True, kw_only=True):
    """Notified by a mail to these addresses."""

    to: tuple[str, ...]
    timeout: float = RECIPIENT_TIMEOUT


class AppriseRecipient(msgspec.Struct, frozen=True, kw_only=True):
    """Notified through the service of the apprise library that `url` names."""

    url: Value
    timeout: float = RECIPIENT_TIMEOUT


class PingRecipient(msgspec.Struct, frozen=True):
    """An address that is requested at the start and the end of every run."""

    url: Value
    timeout: float = 10.0


class SentryRecipient(msgspec.Struct, frozen=True):
    """Sentry Cron Monitoring."""

    timeout: float = 10.0


Recipient = CommandRecipient | WebhookRecipient | MailRecipient | AppriseRecipient | PingRecipient | SentryRecipient
