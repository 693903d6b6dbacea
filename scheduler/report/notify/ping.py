"""Dead man's switches in healthchecks.io's form: they hear of every run, and raise the alarm when they do not."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit, urlunsplit

from scheduler.model.recipient import PingRecipient
from scheduler.report.notify import wording
from scheduler.report.notify.http_post import post
from scheduler.report.notify.notification import Notification, Topic, failed, uuid_of
from scheduler.report.notify.sender import DeliveryError, SenderContext, resolve
from scheduler.report.notify.worker_thread import WorkerThread

HEADERS = {"Content-Type": "text/plain; charset=utf-8"}


class PingSender:
    """Implements `Sender`."""

    def __init__(self, notifier: PingRecipient, context: SenderContext) -> None:
        self._notifier = notifier
        self._environ = context.environ
        self._lane = WorkerThread()

    async def send(self, notice: Notification) -> str:
        address = address_of(resolve(self._notifier.url, "ping", self._environ), notice)
        bad = notice.run is not None and failed(notice.run)
        body = f"{wording.headline(notice)}\n\n{wording.output(notice)}".encode() if bad else b""
        return await self._lane.call(partial(post, address, body, HEADERS, self._notifier.timeout))


def address_of(url: str, notice: Notification) -> str:
    """Where to ping: below `/start`, nothing, or `/fail`. `rid` must be a UUID: the one that the run's id leads to.

    DeliveryError when the address, which may stand in a file or a variable, is none.
    """
    if notice.topic is Topic.STARTED:
        below = "/start"
    else:
        below = "/fail" if notice.run is not None and failed(notice.run) else ""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise DeliveryError("ping: the address is not one of HTTP") from None
    query = parts.query
    if notice.run is not None:
        query = f"{query}&rid={uuid_of(notice.run)}".removeprefix("&")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + below, query, ""))
