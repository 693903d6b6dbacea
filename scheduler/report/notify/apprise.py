"""Whatever the apprise library can reach: an extra, loaded only where a file asks for it."""

from __future__ import annotations

import logging
from functools import partial

from scheduler.model.recipient import AppriseRecipient
from scheduler.report.notify import wording
from scheduler.report.notify.notification import Notification
from scheduler.report.notify.sender import DeliveryError, SenderContext, resolve
from scheduler.report.notify.worker_thread import WorkerThread


class AppriseSender:
    """Implements `Sender`."""

    def __init__(self, notifier: AppriseRecipient, context: SenderContext) -> None:
        self._notifier = notifier
        self._environ = context.environ
        self._lane = WorkerThread()

    async def send(self, notice: Notification) -> str:
        url = resolve(self._notifier.url, "apprise", self._environ)
        return await self._lane.call(
            partial(_send, url, wording.headline(notice), wording.text(notice, longest=wording.OUTPUT_SHOWN))
        )


def _send(url: str, title: str, body: str) -> str:
    try:
        import apprise  # noqa: PLC0415
    except ImportError:
        raise DeliveryError("the apprise library is not installed: pip install 'schedd[apprise]'") from None
    # It tells its own log, which Python would write to our stderr, whatever went wrong, addresses included.
    log = logging.getLogger("apprise")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    service = apprise.Apprise()
    if not service.add(url):
        raise DeliveryError("apprise does not understand the address")
    if not service.notify(title=title, body=body):
        raise DeliveryError("apprise could not send it", again=True)
    return "sent"
