"""Values that the file refers to: variables for schedd itself, which jobs get only by name, and files with values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scheduler.model.job import Job
from scheduler.model.recipient import AppriseRecipient, Recipient, WebhookRecipient
from scheduler.model.target import EnvValue, FromEnv, FromFile, Value
from scheduler.model.web import WebSettings
from scheduler.model.workers import Workers


def withheld(jobs: Iterable[Job], web: WebSettings) -> frozenset[str]:
    """The `from_env` of recipients, pings and tokens."""
    return frozenset(value.variable for value in _of_schedd(jobs, web) if isinstance(value, FromEnv))


def value_files(jobs: Iterable[Job], web: WebSettings, workers: Workers | None) -> Iterator[str]:
    """The absolute paths of all `from_file`."""
    jobs = tuple(jobs)
    values: list[EnvValue] = [*_of_schedd(jobs, web), *((workers.broker, workers.store) if workers else ())]
    for layer in {id(layer): layer for job in jobs for layer in job.environment}.values():  # of `defaults`: once
        values.extend(layer.values.values())
    return (value.path for value in values if isinstance(value, FromFile))


def _of_schedd(jobs: Iterable[Job], web: WebSettings) -> Iterator[Value | None]:
    """What recipients, pings and tokens are given as."""
    yield from (web.token, web.view_token)
    for job in jobs:
        if job.ping is not None:
            yield job.ping
        for recipients in (job.on_failure, job.on_success, job.on_recovery, job.on_skip, job.on_slow):
            if recipients:
                for recipient in recipients:
                    yield from _values(recipient)


def _values(recipient: Recipient) -> Iterator[Value | None]:
    match recipient:
        case WebhookRecipient():
            yield recipient.url
            yield recipient.secret
            yield from (value for _, value in recipient.headers)
        case AppriseRecipient():
            yield recipient.url
