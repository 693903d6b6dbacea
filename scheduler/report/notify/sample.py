"""A notice for nothing, to see whether it arrives and how it looks."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial

import msgspec

from scheduler.model.job import Job
from scheduler.model.run import Attempt, Decision, Exit, Outcome, Run, Trigger, Verdict
from scheduler.report.notify.delivery import attempt_once
from scheduler.report.notify.notice import Alarm, Notice, Recipient, Topic, recipients
from scheduler.report.notify.sender import DeliveryError, Surroundings, name_of
from scheduler.report.notify.senders import sender_for
from scheduler.report.notify.worker_thread import Lane

OUTPUT = b"This is what the job printed last, if this were not a test.\n"


class Answer(msgspec.Struct, frozen=True):
    """What one recipient answered, or why it could not be told, in words."""

    to: str
    delivered: bool
    answer: str


async def try_each(job: Job, topic: Topic, now: datetime, surroundings: Surroundings) -> list[Answer]:
    """Send a specimen to everybody whom the job has told of this, all at once, each in one attempt."""
    notice = specimen(job, topic, now)
    return await asyncio.gather(*(_try(recipient, notice, surroundings) for recipient in recipients(job, topic)))


def specimen(job: Job, topic: Topic, now: datetime) -> Notice:
    """What the job would have told at this moment."""
    if topic is Topic.SKIP:
        skipped = Decision(job.name, Verdict.OVERLAP, first=now, last=now)
        return Notice(topic=topic, job=job, at=now, skipped=skipped, specimen=True)
    bad = topic is Topic.FAILURE
    outcome = Outcome.FAILED if bad else Outcome.SUCCEEDED
    attempt = Attempt(1, now, 1.0, outcome, Exit(1 if bad else 0))
    return Notice(
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


async def _try(recipient: Recipient, notice: Notice, surroundings: Surroundings) -> Answer:
    async def send(notice: Notice) -> str:
        sender = await Lane().call(partial(sender_for, recipient, surroundings))
        return await sender.send(notice)

    try:
        return Answer(name_of(recipient), True, await attempt_once(send, notice, recipient.timeout))
    except DeliveryError as error:
        return Answer(name_of(recipient), False, str(error))
