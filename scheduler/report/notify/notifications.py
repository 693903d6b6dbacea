"""Turns events into notifications: asks the alarms, keeps their timers, and sends what they decide."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from scheduler.engine.engine import Engine
from scheduler.engine.events import Event, JobsChanged, RunFinished, RunSkipped, RunStarted, StandbyChanged, Stopping
from scheduler.model.recipient import Recipient
from scheduler.model.run import Run
from scheduler.report.notify.alarms import Alarms
from scheduler.report.notify.delivery import Deliveries
from scheduler.report.notify.notification import (
    OUTPUT_INCLUDED,
    Notification,
    Topic,
    all_recipients,
    failed,
    recipients,
)
from scheduler.report.notify.sender import name_of

T = TypeVar("T")


USUAL_FROM = 3
"""Successful runs of a job that must be kept before their duration counts as the usual one."""

RETRY = 3600.0
"""Seconds after which a recipient that did not get an alarm is notified again, unless a further failure comes first."""


class Notifications:
    """Listens to an engine's events and hands notifications to the deliveries."""

    def __init__(self, engine: Engine, deliveries: Deliveries) -> None:
        self._engine = engine
        self._alarms = Alarms(engine.clock, self._usual_duration)
        self._deliveries = deliveries
        deliveries.on_result = self._on_result
        self.counted: Counter[tuple[str, str]] = Counter()
        """Notifications by kind of recipient and result."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._unaware: dict[str, dict[Recipient, asyncio.TimerHandle]] = {}
        """By job, the recipients that did not get its alarm."""
        self._errors: dict[str, dict[Recipient, str]] = {}
        """By job, why the latest notification for a recipient was not delivered."""
        self._stopping = False
        self._elsewhere = False

    def on_event(self, event: Event) -> None:
        """Notify the recipients of an event."""
        match event:
            case RunStarted(run=run):
                self._send(run.job, self._alarms.on_event(event))
            case RunFinished(run=run):
                self._on_finish(run, self._alarms.on_event(event))
            case RunSkipped(decision=decision):
                self._send(decision.job, self._alarms.on_event(event))
            case JobsChanged():
                self._alarms.load(self._engine.timetable.jobs())
                self._set_timers()
                self._forget_removed()
                self._deliveries.forget_idle()
            case StandbyChanged(standing_by=standing_by, elsewhere=elsewhere):
                self._elsewhere = elsewhere
                if not standing_by:
                    for name in self._alarms.jobs():
                        self._alarms.remember(name, self._engine.history.of(name))
                self._set_timers()
            case Stopping():
                self._stopping = True
                self._set_timers()

    def _on_finish(self, run: Run, notifications: list[Notification]) -> None:
        if failed(run) and not any(each.topic is Topic.FAILURE for each in notifications):
            self._repeat(run.job, tuple(self._unaware.get(run.job, ())), run)
        elif self._alarms.repeat(run.job) is None:
            self._forget_alarm(run.job)
        self._send(run.job, notifications)

    def _set_timers(self) -> None:
        for name in {*self._timers, *self._alarms.jobs()}:
            self._set_timer(name)

    def errors(self) -> dict[str, tuple[str, ...]]:
        """By job, the recipients whose latest notification was not delivered, each with the cause."""
        return {job: self.errors_of(job) for job in self._errors}

    def errors_of(self, job: str) -> tuple[str, ...]:
        """The same for one job."""
        return tuple(f"{name_of(recipient)}: {error}" for recipient, error in self._errors.get(job, {}).items())

    def missed(self, job: str, scheduled_at: datetime) -> None:
        """Take note of a scheduled time before the start at which schedd was not running."""
        self._alarms.missed(job, scheduled_at)
        self._set_timer(job)

    def _on_result(self, recipient: Recipient, notification: Notification, error: str | None) -> None:
        job = notification.job.name
        kind = type(recipient).__name__.removesuffix("Recipient").lower()
        self.counted[kind, "delivered" if error is None else "failed"] += 1
        if error is None:
            self._forget(self._errors, job, recipient)
            if notification.topic is Topic.FAILURE:
                self._aware(job, recipient)
        elif notification.topic is not Topic.FAILURE or self._alarms.repeat(job) is not None:
            self._errors.setdefault(job, {})[recipient] = error
            if notification.topic is Topic.FAILURE and not self._stopping:
                self._aware(job, recipient)
                retry = asyncio.get_running_loop().call_later(RETRY, self._repeat, job, (recipient,))
                self._unaware.setdefault(job, {})[recipient] = retry

    def _repeat(self, job: str, missing: Iterable[Recipient], run: Run | None = None) -> None:
        """Send the alarm to recipients that did not get it, unless the job has recovered."""
        alarm = self._alarms.repeat(job, run)
        for recipient in missing:
            self._aware(job, recipient)
            if alarm is not None:
                self._deliveries.send(recipient, replace(alarm, output=self._output(alarm)))

    def _aware(self, job: str, recipient: Recipient) -> None:
        timer = self._forget(self._unaware, job, recipient)
        if timer is not None:
            timer.cancel()

    def _forget_alarm(self, job: str) -> None:
        """The job has recovered: its alarm is not needed any more, and the log says that it was not delivered."""
        for recipient in tuple(self._unaware.get(job, ())):
            self._forget(self._errors, job, recipient)
            self._aware(job, recipient)

    def _forget_removed(self) -> None:
        jobs = self._engine.timetable.jobs()
        for job in {*self._errors, *self._unaware}:
            now = all_recipients(jobs[job]) if job in jobs else frozenset()
            for recipient in {*self._errors.get(job, ()), *self._unaware.get(job, ())} - now:
                self._forget(self._errors, job, recipient)
                self._aware(job, recipient)

    @staticmethod
    def _forget(by_job: dict[str, dict[Recipient, T]], job: str, recipient: Recipient) -> T | None:
        found = by_job.get(job, {}).pop(recipient, None)
        if not by_job.get(job, True):
            del by_job[job]
        return found

    def _send(self, job: str, notifications: Iterable[Notification]) -> None:
        for notification in notifications:
            found = recipients(notification.job, notification.topic)
            if found:
                complete = replace(notification, output=self._output(notification))
                for recipient in found:
                    self._deliveries.send(recipient, complete)
        self._set_timer(job)

    def _usual_duration(self, job: str) -> float | None:
        history = self._engine.history.of(job)
        return history.usual_duration if history.successes >= USUAL_FROM else None

    def _output(self, notification: Notification) -> bytes:
        if notification.run is None:
            return b""
        chunks = self._engine.history.tails.of(notification.run.id)
        return b"".join(chunk.data for chunk in chunks)[-OUTPUT_INCLUDED:]

    def _set_timer(self, job: str) -> None:
        """Set it for the next time at which an alarm may be due.

        None while schedd stops or another scheduler is active: then silence is expected.
        """
        timer = self._timers.pop(job, None)
        if timer is not None:
            timer.cancel()
        due_at = None if self._stopping or self._elsewhere else self._alarms.due_at(job)
        if due_at is not None:
            # The loop's time is the clock's steady time.
            self._timers[job] = asyncio.get_running_loop().call_at(due_at, self._on_timer, job)

    def _on_timer(self, job: str) -> None:
        self._send(job, self._alarms.due(job))
