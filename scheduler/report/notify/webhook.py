"""Sends notifications to webhooks: everything as JSON, or a text in the format of a chat service."""

from __future__ import annotations

import hashlib
import hmac
import socket
from functools import partial

import msgspec

from scheduler.model.recipient import WebhookFormat, WebhookRecipient
from scheduler.report.notify import wording
from scheduler.report.notify.exchange import Exchange
from scheduler.report.notify.http_post import post
from scheduler.report.notify.notification import Notification, Topic
from scheduler.report.notify.sender import SenderContext, resolve
from scheduler.report.notify.worker_thread import WorkerThread

SIGNATURE = "X-Schedd-Signature"
"""Header: `sha256=` and the HMAC of the body in hexadecimal."""

_GOOD, _BAD = "✅", "❌"

_LONGEST = 400
"""Characters of the sentence in a chat."""


class WebhookSender:
    """Implements `Sender`."""

    def __init__(self, recipient: WebhookRecipient, context: SenderContext) -> None:
        self._recipient = recipient
        self._environ = context.environ
        self._thread = WorkerThread()

    async def send(self, notification: Notification) -> str:
        recipient = self._recipient
        url = resolve(recipient.url, "webhook", self._environ)
        body = body_of(notification, recipient.format)
        headers = {"Content-Type": "application/json"}
        headers |= {name: resolve(value, f"headers.{name}", self._environ) for name, value in recipient.headers}
        if recipient.secret is not None:
            key = resolve(recipient.secret, "secret", self._environ).encode()
            headers[SIGNATURE] = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
        exchange = Exchange()
        return await self._thread.call(partial(post, url, body, headers, recipient.timeout, exchange), exchange.abort)


def body_of(notification: Notification, form: WebhookFormat) -> bytes:
    """The body of the request."""
    if form is WebhookFormat.JSON:
        return wording.document(notification)
    good = notification.topic in {Topic.SUCCESS, Topic.RECOVERY}
    text = f"{_GOOD if good else _BAD} {wording.headline(notification)[:_LONGEST]} (on {socket.gethostname()})"
    output = wording.output(notification).strip("\n")[-wording.OUTPUT_SHOWN :]
    return msgspec.json.encode(_FORMS[form](text, output))


def _slack(text: str, output: str) -> object:
    for letter, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text, output = text.replace(letter, entity), output.replace(letter, entity)
    return {"text": text + _fenced(output)}


def _mattermost(text: str, output: str) -> object:
    return {"text": text + _fenced(output)}


def _discord(text: str, output: str) -> object:
    # Output of a job must not mention a whole channel.
    return {"content": text + _fenced(output), "allowed_mentions": {"parse": []}}


def _teams(text: str, output: str) -> object:
    blocks = [{"type": "TextBlock", "text": text, "wrap": True, "weight": "bolder"}]
    if output:
        blocks.append({"type": "TextBlock", "text": output, "wrap": True, "fontType": "monospace"})
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def _fenced(output: str) -> str:
    return f"\n```\n{output.replace('```', chr(39) * 3)}\n```" if output else ""


_FORMS = {
    WebhookFormat.SLACK: _slack,
    WebhookFormat.MATTERMOST: _mattermost,
    WebhookFormat.DISCORD: _discord,
    WebhookFormat.TEAMS: _teams,
}
