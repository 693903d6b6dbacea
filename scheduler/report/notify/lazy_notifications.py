"""Loads the code for notifications with the first schedule that has a recipient."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Protocol

from scheduler.engine.engine import Engine
from scheduler.engine.events import Event, JobsChanged
from scheduler.engine.timetable import Changes
from scheduler.report.log import Log
from scheduler.report.notify.notification import notifies

RESERVE = 0.1
"""The part of the shutdown timeout that is kept for notifications under way …"""

MOST_RESERVE = 3.0
"""… but at most this many seconds."""


class Loaded(Protocol):
    """What `Notifications` does, for code that must not load it."""

    def on_event(self, event: Event) -> None:
        """Notify the recipients of an event."""
        ...

    def missed(self, job: str, scheduled_at: datetime) -> None:
        """Take note of a scheduled time before the start at which schedd was not running."""
        ...

    def errors(self) -> Mapping[str, tuple[str, ...]]:
        """By job, the recipients whose latest notification was not delivered, each with the cause."""
        ...

    def errors_of(self, job: str) -> tuple[str, ...]:
        """The same for one job."""
        ...


class LazyNotifications:
    """The listener that the daemon knows. What it loads takes 2 MB, which a schedule without recipients saves."""

    def __init__(self, engine: Engine, log: Log, counted: Counter[tuple[str, str]]) -> None:
        """`counted` gets how many notifications were delivered, and failed, by kind of recipient and result."""
        self._counted = counted
        self._engine = engine
        self._log = log
        self._loaded: Loaded | None = None
        self._close: Callable[[float], Awaitable[None]] | None = None

    def on_event(self, event: Event) -> None:
        """Pass an event on, once there is a recipient."""
        if self._loaded is None and isinstance(event, JobsChanged) and self._is_needed(event.changes):
            self._load()
        if self._loaded is not None:
            self._loaded.on_event(event)

    def missed(self, job: str, scheduled_at: datetime) -> None:
        """Pass on a scheduled time before the start at which schedd was not running."""
        if self._loaded is not None:
            self._loaded.missed(job, scheduled_at)

    def errors(self) -> Mapping[str, tuple[str, ...]]:
        """By job, the recipients whose latest notification was not delivered, each with the cause."""
        return {} if self._loaded is None else self._loaded.errors()

    def errors_of(self, job: str) -> tuple[str, ...]:
        """The same for one job."""
        return () if self._loaded is None else self._loaded.errors_of(job)

    def reserve(self, timeout: float) -> float:
        """Seconds of the shutdown timeout to leave for `close`."""
        return 0.0 if self._loaded is None else min(timeout * RESERVE, MOST_RESERVE)

    async def close(self, seconds: float) -> None:
        """Deliver what waits, for at most `seconds`."""
        if self._close is not None:
            await self._close(seconds)

    def _is_needed(self, changes: Changes) -> bool:
        """Whether a job has a recipient. Those that have not changed have none, or it would have been loaded before."""
        jobs = self._engine.timetable.jobs()
        return any(notifies(jobs[name]) for name in (*changes.added, *changes.changed))

    def _load(self) -> None:
        from scheduler.report.notify.delivery import Deliveries  # noqa: PLC0415 - most schedules have no recipient
        from scheduler.report.notify.notifications import Notifications  # noqa: PLC0415
        from scheduler.report.notify.sender import SenderContext  # noqa: PLC0415
        from scheduler.report.notify.senders import sender_for  # noqa: PLC0415
        from scheduler.report.notify.worker_thread import WorkerThread  # noqa: PLC0415

        context = SenderContext(os.environ, self._engine.launchers.local, self._engine.log)
        deliveries = Deliveries(
            lambda recipient: WorkerThread().call(partial(sender_for, recipient, context)), self._log
        )
        notifications = Notifications(self._engine, deliveries)
        notifications.counted = self._counted
        self._loaded = notifications
        self._close = deliveries.close
