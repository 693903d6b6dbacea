"""Makes the sender for a recipient."""

from __future__ import annotations

from typing import assert_never

from scheduler.model.recipient import (
    AppriseRecipient,
    CommandRecipient,
    MailRecipient,
    PingRecipient,
    Recipient,
    SentryRecipient,
    WebhookRecipient,
)
from scheduler.report.notify.sender import Sender, SenderContext


def sender_for(recipient: Recipient, context: SenderContext) -> Sender:
    """Make a sender. Loads the module of its kind, so that schedd does not pay for kinds that no file uses.

    That takes up to 50 ms: call it on a thread.
    """
    match recipient:
        case CommandRecipient():
            from scheduler.report.notify.command import CommandSender  # noqa: PLC0415

            return CommandSender(recipient, context)
        case WebhookRecipient():
            from scheduler.report.notify.webhook import WebhookSender  # noqa: PLC0415

            return WebhookSender(recipient, context)
        case MailRecipient():
            from scheduler.report.notify.mail import MailSender  # noqa: PLC0415

            return MailSender(recipient, context)
        case PingRecipient():
            from scheduler.report.notify.ping import PingSender  # noqa: PLC0415

            return PingSender(recipient, context)
        case AppriseRecipient():
            from scheduler.report.notify.apprise import AppriseSender  # noqa: PLC0415

            return AppriseSender(recipient, context)
        case SentryRecipient():
            from scheduler.report.notify.sentry import SentrySender  # noqa: PLC0415

            return SentrySender(recipient, context)
    assert_never(recipient)
