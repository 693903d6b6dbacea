"""What somebody is told, and whom a job has told of what."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from scheduler.model.job import Job
from scheduler.model.recipient import PingRecipient, Recipient, SentryRecipient
from scheduler.model.run import Decision, Run

OUTPUT_TOLD = 8 * 1024
"""Bytes of a run's latest output that go with a notice."""


class Topic(StrEnum):
    """What a notice is about. The first four have lists in the file, the others are for who watches every run."""

    FAILURE = "failure"
    SUCCESS = "success"
    RECOVERY = "recovery"
    SKIP = "skip"
    STARTED = "started"
    ENDED = "ended"


class Alarm(StrEnum):
    """What kind of trouble a failure tells."""

    FAILING = "failing"
    """A run failed, after its last attempt; told at the first of several in a row."""
    FLAPPING = "flapping"
    """It begins to fail again and again."""
    OVERDUE = "overdue"
    """It has not succeeded for as long as it should have."""


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """Something worth telling about a job; a copy of all there is to say.

    `failures` counts the runs that failed since the trouble began, which was at `since` and `lasted` seconds ago: for a
    recovery, the trouble that is over. `run` is None where no run is the cause. `reminder`: it was told before.
    `output` is the run's latest output. `specimen`: nothing happened, somebody wants to see how it looks.
    """

    topic: Topic
    job: Job
    at: datetime
    alarm: Alarm | None = None
    reminder: bool = False
    run: Run | None = None
    skipped: Decision | None = None
    failures: int = 0
    since: datetime | None = None
    lasted: float = 0.0
    output: bytes = b""
    specimen: bool = False


def tells(job: Job) -> bool:
    """Whether there is anybody whom the job has told of anything."""
    lists = job.on_failure or job.on_success or job.on_recovery or job.on_skip
    return bool(lists) or job.ping is not None or job.sentry


def recipients(job: Job, topic: Topic) -> tuple[Recipient, ...]:
    """Whom the job has told of this."""
    match topic:
        case Topic.FAILURE:
            return job.on_failure
        case Topic.SUCCESS:
            return job.on_success
        case Topic.RECOVERY:
            return job.on_recovery
        case Topic.SKIP:
            return job.on_skip
        case Topic.STARTED | Topic.ENDED:
            ping = () if job.ping is None else (PingRecipient(job.ping),)
            return (*ping, SentryRecipient()) if job.sentry else ping


def failed(run: Run) -> bool:
    """Whether it is over and ended badly."""
    return run.outcome is not None and run.outcome.is_failure


def uuid_of(run: Run) -> str:
    """What names a run, its start and its end alike, to services that want a UUID."""
    import uuid  # noqa: PLC0415 - only for pings and sentry

    return str(uuid.uuid5(uuid.NAMESPACE_OID, run.id))
