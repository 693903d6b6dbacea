"""Sends a test notification, to see whether it arrives and how it looks."""

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

OUTPUT = b"This is a test. A real notification has the last output of the job here.\n"


class Answer(msgspec.Struct, frozen=True):
    """The answer of one recipient, or why it could not be notified."""

    to: str
    delivered: bool
    answer: str


async def send_sample(job: Job, topic: Topic, now: datetime, context: SenderContext) -> list[Answer]:
    """Send a test notification to all of the job's recipients for a topic at once, each in one attempt."""
    notification = sample_notification(job, topic, now)
    return await asyncio.gather(*(_send(recipient, notification, context) for recipient in recipients(job, topic)))


def sample_notification(job: Job, topic: Topic, now: datetime) -> Notification:
    """The notification that the job would send if it happened now."""
    if topic is Topic.SKIP:
        skipped = Decision(job.name, Reason.OVERLAP, first=now, last=now)
        return Notification(topic=topic, job=job, at=now, skipped=skipped, test=True)
    if topic is Topic.SLOW:
        running = Run("test", job.name, Trigger.MANUAL, now, now)
        return Notification(topic=topic, job=job, at=now, run=running, lasted=60.0, test=True)
    bad = topic is Topic.FAILURE
    outcome = Outcome.FAILED if bad else Outcome.SUCCEEDED
    attempt = Attempt(1, now, 1.0, outcome, Exit(1 if bad else 0))
    return Notification(
        topic=topic,
        job=job,
        at=now,
        alarm=Alarm.FAILING if bad else None,
        run=Run("test", job.name, Trigger.MANUAL, now, now, (attempt,), outcome, now, 1.0),
        failures=0 if topic is Topic.SUCCESS else 1,
        since=now,
        output=OUTPUT,
        test=True,
    )


async def _send(recipient: Recipient, notification: Notification, context: SenderContext) -> Answer:
    async def send(notification: Notification) -> str:
        sender = await WorkerThread().call(partial(sender_for, recipient, context))
        return await sender.send(notification)

    try:
        return Answer(name_of(recipient), True, await attempt_once(send, notification, recipient.timeout))
    except DeliveryError as error:
        return Answer(name_of(recipient), False, str(error))
