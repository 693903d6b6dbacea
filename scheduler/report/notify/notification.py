"""A notification: what happened to a job, and which recipients get it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from scheduler.model.job import Job
from scheduler.model.recipient import PingRecipient, Recipient, SentryRecipient
from scheduler.model.run import Decision, Run

OUTPUT_INCLUDED = 8 * 1024
"""Bytes of a run's latest output that a notification has."""


class Topic(StrEnum):
    """The subject of a notification. The first five are lists in the file; ping and Sentry get the other two."""

    FAILURE = "failure"
    SUCCESS = "success"
    RECOVERY = "recovery"
    SKIP = "skip"
    SLOW = "slow"
    STARTED = "started"
    ENDED = "ended"


class Alarm(StrEnum):
    """The kind of trouble that a notification of a failure reports."""

    FAILING = "failing"
    """A run failed after its last attempt. Sent for the first of several in a row."""
    FLAPPING = "flapping"
    """The job fails and recovers again and again."""
    OVERDUE = "overdue"
    """The job has not succeeded within `expect_success_within`."""


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """Something to report about a job, with a copy of all there is to say.

    `failures` counts the runs that failed since the trouble began, at `since`, `lasted` seconds ago; for a recovery,
    the trouble that is over. For a slow run `lasted` is how long it has been running. `run` is None where no run is the
    cause. `missed` is a scheduled time at which this schedd was not running. `reminder`: the alarm was sent before.
    `output` is the run's latest output. `test`: nothing happened, a person wants to see whether the notification
    arrives.
    """

    topic: Topic
    job: Job
    at: datetime
    alarm: Alarm | None = None
    reminder: bool = False
    run: Run | None = None
    skipped: Decision | None = None
    missed: datetime | None = None
    failures: int = 0
    since: datetime | None = None
    lasted: float = 0.0
    output: bytes = b""
    test: bool = False


def notifies(job: Job) -> bool:
    """Whether the job has any recipient."""
    lists = job.on_failure or job.on_success or job.on_recovery or job.on_skip or job.on_slow
    return bool(lists) or job.ping is not None or job.sentry


def recipients(job: Job, topic: Topic) -> tuple[Recipient, ...]:
    """The job's recipients for a topic."""
    match topic:
        case Topic.FAILURE:
            return job.on_failure
        case Topic.SUCCESS:
            return job.on_success
        case Topic.RECOVERY:
            return job.on_recovery
        case Topic.SKIP:
            return job.on_skip
        case Topic.SLOW:
            return job.on_slow
        case Topic.STARTED | Topic.ENDED:
            ping = () if job.ping is None else (PingRecipient(job.ping),)
            return (*ping, SentryRecipient()) if job.sentry else ping


def all_recipients(job: Job) -> frozenset[Recipient]:
    """The job's recipients for any topic."""
    return frozenset(recipient for topic in Topic for recipient in recipients(job, topic))


def failed(run: Run) -> bool:
    """Whether the run has ended in a failure."""
    return run.outcome is not None and run.outcome.is_failure


def uuid_of(run: Run) -> str:
    """The same UUID for a run's start and its end, for services that need one."""
    import uuid  # noqa: PLC0415 - only for ping and sentry

    return str(uuid.uuid5(uuid.NAMESPACE_OID, run.id))
