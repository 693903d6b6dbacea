"""All about telling people, as the daemon sees it: a listener, and an end that takes its time."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial

from scheduler.engine.engine import Engine
from scheduler.engine.events import Event, JobsChanged, Listener
from scheduler.report.log import Log
from scheduler.report.notify.notification import tells

SLICE = 0.1
"""The part of the shutdown budget that is kept for notices still under way …"""

LONGEST_SLICE = 3.0
"""… but no more than so many seconds."""


class LazyNotifications:
    """A listener that loads what it needs, 2 MB, with the first schedule in which a job tells anybody."""

    def __init__(self, engine: Engine, log: Log) -> None:
        self._engine = engine
        self._log = log
        self._listener: Listener | None = None
        self._close: Callable[[float], Awaitable[None]] | None = None

    def on_event(self, event: Event) -> None:
        """An event of the engine."""
        if self._listener is None and isinstance(event, JobsChanged) and self._is_needed():
            self._begin()
        if self._listener is not None:
            self._listener(event)

    def slice_of(self, budget: float) -> float:
        """How many seconds of a shutdown's budget to leave for `close`."""
        return 0.0 if self._listener is None else min(budget * SLICE, LONGEST_SLICE)

    async def close(self, seconds: float) -> None:
        """Deliver what waits, for at most so long."""
        if self._close is not None:
            await self._close(seconds)

    def _is_needed(self) -> bool:
        return any(tells(job) for job in self._engine.timetable.jobs().values())

    def _begin(self) -> None:
        from scheduler.report.notify.delivery import Post  # noqa: PLC0415 - most schedules tell nobody
        from scheduler.report.notify.notifications import Notifications  # noqa: PLC0415
        from scheduler.report.notify.sender import SenderContext  # noqa: PLC0415
        from scheduler.report.notify.senders import sender_for  # noqa: PLC0415
        from scheduler.report.notify.worker_thread import WorkerThread  # noqa: PLC0415

        context = SenderContext(os.environ, self._engine.launcher, self._engine.log)
        post = Post(lambda recipient: WorkerThread().call(partial(sender_for, recipient, context)), self._log)
        self._listener = Notifications(self._engine, post).hear
        self._close = post.close
