"""Which sender serves which kind of recipient."""

from __future__ import annotations

from typing import assert_never

from scheduler.model.recipient import AppriseNotifier, CommandNotifier, MailNotifier, WebhookNotifier
from scheduler.report.notify.notice import PingNotifier, Recipient, SentryNotifier
from scheduler.report.notify.sender import Sender, Surroundings


def sender_for(recipient: Recipient, surroundings: Surroundings) -> Sender:
    """A new sender. Its kind is loaded now, and not with schedd, which never pays for what nobody uses.

    That takes up to 50 ms: not for the loop to do.
    """
    match recipient:
        case CommandNotifier():
            from scheduler.report.notify.command import CommandSender  # noqa: PLC0415

            return CommandSender(recipient, surroundings)
        case WebhookNotifier():
            from scheduler.report.notify.webhook import WebhookSender  # noqa: PLC0415

            return WebhookSender(recipient, surroundings)
        case MailNotifier():
            from scheduler.report.notify.mail import MailSender  # noqa: PLC0415

            return MailSender(recipient, surroundings)
        case PingNotifier():
            from scheduler.report.notify.ping import PingSender  # noqa: PLC0415

            return PingSender(recipient, surroundings)
        case AppriseNotifier():
            from scheduler.report.notify.apprise import AppriseSender  # noqa: PLC0415

            return AppriseSender(recipient, surroundings)
        case SentryNotifier():
            from scheduler.report.notify.sentry import SentrySender  # noqa: PLC0415

            return SentrySender(recipient, surroundings)
    assert_never(recipient)
