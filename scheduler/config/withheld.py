"""The variables that are for schedd itself, and that jobs get only where they name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scheduler.model.job import Job
from scheduler.model.recipient import AppriseRecipient, Recipient, WebhookRecipient
from scheduler.model.target import FromEnv, Value
from scheduler.model.web import WebSettings


def withheld(jobs: Iterable[Job], web: WebSettings) -> frozenset[str]:
    """The `from_env` of recipients, pings and tokens."""
    values = [web.token, web.view_token]
    for job in jobs:
        if job.ping is not None:
            values.append(job.ping)
        for recipients in (job.on_failure, job.on_success, job.on_recovery, job.on_skip, job.on_slow):
            if recipients:
                values.extend(value for recipient in recipients for value in _values(recipient))
    return frozenset(value.variable for value in values if isinstance(value, FromEnv))


def _values(recipient: Recipient) -> Iterator[Value | None]:
    match recipient:
        case WebhookRecipient():
            yield recipient.url
            yield recipient.secret
            yield from (value for _, value in recipient.headers)
        case AppriseRecipient():
            yield recipient.url
