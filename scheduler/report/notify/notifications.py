"""From events to notices on their way: hears, lets the judge decide, keeps its timers, and sends what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from msgspec.structs import replace

from scheduler.engine.engine import Engine
from scheduler.engine.events import Event, JobsChanged, RunFinished, RunSkipped, RunStarted, Stopping
from scheduler.report.notify.alarms import Alarms
from scheduler.report.notify.delivery import Post
from scheduler.report.notify.notification import OUTPUT_TOLD, Notification, recipients


class Notifications:
    """A listener on an engine's events; what there is to tell goes to the post."""

    def __init__(self, engine: Engine, post: Post) -> None:
        self._engine = engine
        self._judge = Alarms(engine.clock)
        self._post = post
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._stopping = False

    def hear(self, event: Event) -> None:
        """Tell whoever is to be told."""
        match event:
            case RunStarted(run=run) | RunFinished(run=run):
                self._tell(run.job, self._judge.hear(event))
            case RunSkipped(decision=decision):
                self._tell(decision.job, self._judge.hear(event))
            case JobsChanged():
                self._judge.load(self._engine.timetable.jobs())
                for name in {*self._timers, *self._judge.jobs()}:
                    self._set_timer(name)
                self._post.forget_idle()
            case Stopping():
                self._stopping = True
                for name in tuple(self._timers):
                    self._set_timer(name)

    def _tell(self, job: str, notices: Iterable[Notification]) -> None:
        for notice in notices:
            told_to = recipients(notice.job, notice.topic)
            if told_to:
                complete = replace(notice, output=self._output(notice))
                for recipient in told_to:
                    self._post.send(recipient, complete)
        self._set_timer(job)

    def _output(self, notice: Notification) -> bytes:
        if notice.run is None:
            return b""
        chunks = self._engine.history.tails.of(notice.run.id)
        return b"".join(chunk.data for chunk in chunks)[-OUTPUT_TOLD:]

    def _set_timer(self, job: str) -> None:
        """For the next time at which silence is news. None while schedd ends: then silence is expected."""
        timer = self._timers.pop(job, None)
        if timer is not None:
            timer.cancel()
        due_at = None if self._stopping else self._judge.due_at(job)
        if due_at is not None:
            # The loop's time is the clock's steady time.
            self._timers[job] = asyncio.get_running_loop().call_at(due_at, self._look, job)

    def _look(self, job: str) -> None:
        self._tell(job, self._judge.due(job))
