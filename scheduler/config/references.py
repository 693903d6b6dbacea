"""What a file refers to: variables for schedd itself, which jobs get only by name, and files that schedd reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from scheduler.model.job import Job
from scheduler.model.recipient import AppriseRecipient, Recipient, WebhookRecipient
from scheduler.model.target import FromEnv, FromFile, Value
from scheduler.model.web import WebSettings
from scheduler.model.workers import Workers


def withheld(jobs: Iterable[Job], web: WebSettings) -> frozenset[str]:
    """The `from_env` of recipients, pings and tokens."""
    return frozenset(value.variable for value in _of_schedd(jobs, web) if isinstance(value, FromEnv))


def files_read(jobs: Collection[Job], web: WebSettings, workers: Workers | None) -> Iterator[str]:
    """The absolute paths of all `env_file` and `from_file`."""
    layers = {id(layer): layer for job in jobs for layer in job.environment}.values()  # one of `defaults` counts once
    yield from (layer.file for layer in layers if layer.file)
    of_jobs = (value for layer in layers for value in layer.values.values())
    of_workers = (workers.broker, workers.store) if workers else ()
    yield from (value.path for value in (*_of_schedd(jobs, web), *of_workers, *of_jobs) if isinstance(value, FromFile))


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
