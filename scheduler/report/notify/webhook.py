"""Webhooks: the whole document as JSON, or a text in the form that a chat understands."""

from __future__ import annotations

import hashlib
import hmac
from functools import partial

import msgspec

from scheduler.model.recipient import WebhookFormat, WebhookRecipient
from scheduler.report.notify import wording
from scheduler.report.notify.http_post import post
from scheduler.report.notify.notification import Notification, Topic
from scheduler.report.notify.sender import SenderContext, resolve
from scheduler.report.notify.worker_thread import WorkerThread

SIGNATURE = "X-Schedd-Signature"
"""`sha256=` and the HMAC of the body in hexadecimal."""

_GOOD, _BAD = "✅", "❌"


class WebhookSender:
    """Implements `Sender`."""

    def __init__(self, notifier: WebhookRecipient, context: SenderContext) -> None:
        self._notifier = notifier
        self._environ = context.environ
        self._lane = WorkerThread()

    async def send(self, notice: Notification) -> str:
        notifier = self._notifier
        url = resolve(notifier.url, "webhook", self._environ)
        body = body_of(notice, notifier.format)
        headers = {"Content-Type": "application/json"}
        headers |= {name: resolve(value, f"headers.{name}", self._environ) for name, value in notifier.headers}
        if notifier.secret is not None:
            key = resolve(notifier.secret, "secret", self._environ).encode()
            headers[SIGNATURE] = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
        return await self._lane.call(partial(post, url, body, headers, notifier.timeout))


def body_of(notice: Notification, form: WebhookFormat) -> bytes:
    """What is posted."""
    if form is WebhookFormat.JSON:
        return wording.document(notice)
    good = notice.topic in {Topic.SUCCESS, Topic.RECOVERY}
    said = f"{_GOOD if good else _BAD} {wording.headline(notice)}"
    output = wording.output(notice).strip("\n")[-wording.OUTPUT_SHOWN :]
    return msgspec.json.encode(_FORMS[form](said, output))


def _slack(said: str, output: str) -> object:
    for letter, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        said, output = said.replace(letter, entity), output.replace(letter, entity)
    return {"text": said + _fenced(output)}


def _mattermost(said: str, output: str) -> object:
    return {"text": said + _fenced(output)}


def _discord(said: str, output: str) -> object:
    # No text of a job may call a whole channel.
    return {"content": said[:400] + _fenced(output), "allowed_mentions": {"parse": []}}


def _teams(said: str, output: str) -> object:
    blocks = [{"type": "TextBlock", "text": said, "wrap": True, "weight": "bolder"}]
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
