"""Sends notifications through the apprise library, an extra that is loaded only where a file names it."""

from __future__ import annotations

import logging
from functools import partial

from scheduler.model.recipient import AppriseRecipient
from scheduler.package import missing_package
from scheduler.report.notify import wording
from scheduler.report.notify.notification import Notification
from scheduler.report.notify.sender import DeliveryError, SenderContext, resolve
from scheduler.report.notify.worker_thread import WorkerThread


class AppriseSender:
    """Implements `Sender`."""

    def __init__(self, recipient: AppriseRecipient, context: SenderContext) -> None:
        self._recipient = recipient
        self._environ = context.environ
        self._thread = WorkerThread()

    async def send(self, notification: Notification) -> str:
        url = resolve(self._recipient.url, "apprise", self._environ)
        title, body = wording.headline(notification), wording.text(notification, longest=wording.OUTPUT_SHOWN)
        return await self._thread.call(partial(_send, url, title, body))


def _send(url: str, title: str, body: str) -> str:
    try:
        import apprise  # noqa: PLC0415
    except ImportError:
        raise DeliveryError(missing_package("apprise", "apprise")) from None
    # It logs errors, addresses included, and Python would print them on our stderr.
    log = logging.getLogger("apprise")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    service = apprise.Apprise()
    if not service.add(url):
        raise DeliveryError("apprise does not understand the address")
    if not service.notify(title=title, body=body):
        raise DeliveryError("apprise could not send it", again=True)
    return "sent"
