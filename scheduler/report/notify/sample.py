"""A notice for nothing, to see whether it arrives and how it looks."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial

import msgspec

from scheduler.model.job import Job
from scheduler.model.recipient import Recipient
from scheduler.model.run import Attempt, Decision, Exit, Outcome, Reason, Run, Trigger
from scheduler.report.notify.delivery import attempt_once
from scheduler.report.notify.notification import Alarm, Notification, Topic, recipients
from scheduler.report.notify.sender import DeliveryError, SenderContext, name_of
from scheduler.report.notify.senders import sender_for
from scheduler.report.notify.worker_thread import WorkerThread

OUTPUT = b"This is what the job printed last, if this were not a test.\n"


class Answer(msgspec.Struct, frozen=True):
    """What one recipient answered, or why it could not be told, in words."""

    to: str
    delivered: bool
    answer: str


async def try_each(job: Job, topic: Topic, now: datetime, context: SenderContext) -> list[Answer]:
    """Send a specimen to everybody whom the job has told of this, all at once, each in one attempt."""
    notice = specimen(job, topic, now)
    return await asyncio.gather(*(_try(recipient, notice, context) for recipient in recipients(job, topic)))


def specimen(job: Job, topic: Topic, now: datetime) -> Notification:
    """What the job would have told at this moment."""
    if topic is Topic.SKIP:
        skipped = Decision(job.name, Reason.OVERLAP, first=now, last=now)
        return Notification(topic=topic, job=job, at=now, skipped=skipped, specimen=True)
    bad = topic is Topic.FAILURE
    outcome = Outcome.FAILED if bad else Outcome.SUCCEEDED
    attempt = Attempt(1, now, 1.0, outcome, Exit(1 if bad else 0))
    return Notification(
        topic=topic,
        job=job,
        at=now,
        alarm=Alarm.FAILING if bad else None,
        run=Run("specimen", job.name, Trigger.MANUAL, now, now, (attempt,), outcome, now, 1.0),
        failures=0 if topic is Topic.SUCCESS else 1,
        since=now,
        output=OUTPUT,
        specimen=True,
    )


async def _try(recipient: Recipient, notice: Notification, context: SenderContext) -> Answer:
    async def send(notice: Notification) -> str:
        sender = await WorkerThread().call(partial(sender_for, recipient, context))
        return await sender.send(notice)

    try:
        return Answer(name_of(recipient), True, await attempt_once(send, notice, recipient.timeout))
    except DeliveryError as error:
        return Answer(name_of(recipient), False, str(error))
