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


NOTIFIER_TIMEOUT = 10.0
"""Seconds that one attempt to tell somebody may take, unless the notifier says otherwise."""


class CommandNotifier(msgspec.Struct, frozen=True, kw_only=True):
    """Tells by running a program as the job is run."""

    target: ShellCommand | Argv
    timeout: float = NOTIFIER_TIMEOUT


class WebhookNotifier(msgspec.Struct, frozen=True, kw_only=True):
    """Tells by a POST to `url`, with `headers` as pairs, signed when there is a `secret`."""

    url: Value
    format: WebhookFormat = WebhookFormat.JSON
    headers: tuple[tuple[str, Value], ...] = ()
    secret: Value | None = None
    timeout: float = NOTIFIER_TIMEOUT


class MailNotifier(msgspec.Struct, frozen=True, kw_only=True):
    """Tells by a mail to these addresses."""

    to: tuple[str, ...]
    timeout: float = NOTIFIER_TIMEOUT


class AppriseNotifier(msgspec.Struct, frozen=True, kw_only=True):
    """Tells through whichever service the apprise library finds behind `url`."""

    url: Value
    timeout: float = NOTIFIER_TIMEOUT


Notifier = CommandNotifier | WebhookNotifier | MailNotifier | AppriseNotifier
