"""Turns events into notifications under way: asks the alarms, keeps their timers, and sends what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from msgspec.structs import replace

from scheduler.engine.engine import Engine
from scheduler.engine.events import Event, JobsChanged, RunFinished, RunSkipped, RunStarted, Stopping
from scheduler.report.notify.alarms import Alarms
from scheduler.report.notify.delivery import Deliveries
from scheduler.report.notify.notification import OUTPUT_INCLUDED, Notification, recipients


class Notifications:
    """Listens to an engine's events and hands notifications to the deliveries."""

    def __init__(self, engine: Engine, deliveries: Deliveries) -> None:
        self._engine = engine
        self._alarms = Alarms(engine.clock)
        self._deliveries = deliveries
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._stopping = False

    def on_event(self, event: Event) -> None:
        """Notify the recipients that want to know of an event."""
        match event:
            case RunStarted(run=run) | RunFinished(run=run):
                self._send(run.job, self._alarms.on_event(event))
            case RunSkipped(decision=decision):
                self._send(decision.job, self._alarms.on_event(event))
            case JobsChanged():
                self._alarms.load(self._engine.timetable.jobs())
                for name in {*self._timers, *self._alarms.jobs()}:
                    self._set_timer(name)
                self._deliveries.forget_idle()
            case Stopping():
                self._stopping = True
                for name in tuple(self._timers):
                    self._set_timer(name)

    def _send(self, job: str, notifications: Iterable[Notification]) -> None:
        for notification in notifications:
            found = recipients(notification.job, notification.topic)
            if found:
                complete = replace(notification, output=self._output(notification))
                for recipient in found:
                    self._deliveries.send(recipient, complete)
        self._set_timer(job)

    def _output(self, notification: Notification) -> bytes:
        if notification.run is None:
            return b""
        chunks = self._engine.history.tails.of(notification.run.id)
        return b"".join(chunk.data for chunk in chunks)[-OUTPUT_INCLUDED:]

    def _set_timer(self, job: str) -> None:
        """Set it for the next time at which an alarm may be due. None while schedd stops: then silence is expected."""
        timer = self._timers.pop(job, None)
        if timer is not None:
            timer.cancel()
        due_at = None if self._stopping else self._alarms.due_at(job)
        if due_at is not None:
            # The loop's time is the clock's steady time.
            self._timers[job] = asyncio.get_running_loop().call_at(due_at, self._on_timer, job)

    def _on_timer(self, job: str) -> None:
        self._send(job, self._alarms.due(job))
