"""Pings a dead man's switch (healthchecks.io and compatible) at the start and the end of every run."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit, urlunsplit

from scheduler.model.recipient import PingRecipient
from scheduler.report.notify import wording
from scheduler.report.notify.exchange import Exchange
from scheduler.report.notify.http_post import post
from scheduler.report.notify.notification import Notification, Topic, failed, uuid_of
from scheduler.report.notify.sender import DeliveryError, SenderContext, resolve
from scheduler.report.notify.worker_thread import WorkerThread

HEADERS = {"Content-Type": "text/plain; charset=utf-8"}


class PingSender:
    """Implements `Sender`."""

    def __init__(self, recipient: PingRecipient, context: SenderContext) -> None:
        self._recipient = recipient
        self._environ = context.environ
        self._thread = WorkerThread()

    async def send(self, notification: Notification) -> str:
        address = address_of(resolve(self._recipient.url, "ping", self._environ), notification)
        bad = notification.run is not None and failed(notification.run)
        body = f"{wording.headline(notification)}\n\n{wording.output(notification)}".encode() if bad else b""
        exchange = Exchange()
        call = partial(post, address, body, HEADERS, self._recipient.timeout, exchange)
        return await self._thread.call(call, exchange.abort)


def address_of(url: str, notification: Notification) -> str:
    """The URL to ping: `/start`, nothing or `/fail` appended. `rid` is a UUID made from the run's id.

    DeliveryError when the address, which may come from a file or a variable, is not valid.
    """
    if notification.topic is Topic.STARTED:
        suffix = "/start"
    else:
        suffix = "/fail" if notification.run is not None and failed(notification.run) else ""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise DeliveryError("ping: the address is not a valid http(s) URL") from None
    query = parts.query
    if notification.run is not None:
        query = f"{query}&rid={uuid_of(notification.run)}".removeprefix("&")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + suffix, query, ""))
