"""Getting notices to their recipients: a bounded queue and one worker for each, and nobody waits for another."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from scheduler.model.recipient import Recipient
from scheduler.report.notify.notification import Notification, Topic
from scheduler.report.notify.sender import DeliveryError, Sender, name_of
from scheduler.schedule import format_duration

MOST_WAITING = 100
"""Notifications for one recipient; then the oldest go, since the newest says how things are."""

DELAYS = (1.0, 5.0, 25.0)
"""Seconds before each further attempt."""

SILENT = frozenset({Topic.STARTED, Topic.ENDED})
"""What succeeds without a word in the log: it happens twice in each run."""

Make = Callable[[Recipient], Awaitable[Sender]]


class Records(Protocol):
    """The log."""

    def info(self, event: str, **fields: object) -> None:
        """All is as it should be."""
        ...

    def error(self, event: str, **fields: object) -> None:
        """Somebody should look at it now."""
        ...


class Post:
    """All deliveries under way. Recipients that are equal share one queue, whichever jobs they belong to."""

    def __init__(self, make: Make, log: Records) -> None:
        self._make = make
        self._log = log
        self._outlets: dict[Recipient, Outlet] = {}

    def send(self, recipient: Recipient, notice: Notification) -> None:
        """Take a notice; never waits."""
        outlet = self._outlets.get(recipient)
        if outlet is None:
            outlet = self._outlets[recipient] = Outlet(recipient, self._make, self._log)
        outlet.put(notice)

    def forget_idle(self) -> None:
        """Let go of recipients for whom nothing waits; the file may not have them any more."""
        self._outlets = {recipient: outlet for recipient, outlet in self._outlets.items() if outlet.worker is not None}

    async def close(self, seconds: float) -> None:
        """Deliver what waits for at most so long, and count what is left."""
        workers = [outlet.worker for outlet in self._outlets.values() if outlet.worker is not None]
        if workers:
            _, late = await asyncio.wait(workers, timeout=seconds)
            for worker in late:
                worker.cancel()
            if late:
                await asyncio.wait(late)
        for outlet in self._outlets.values():
            outlet.tell_undelivered()


class Outlet:
    """What waits for one recipient, and a task that delivers it while there is something."""

    def __init__(self, recipient: Recipient, make: Make, log: Records) -> None:
        self.worker: asyncio.Task[None] | None = None
        self._recipient = recipient
        self._name = name_of(recipient)
        self._make = make
        self._log = log
        self._sender: Sender | None = None
        self._waiting: deque[Notification] = deque()
        self._current: Notification | None = None
        self._dropped: Counter[str] = Counter()

    def put(self, notice: Notification) -> None:
        """Take one more; the oldest that waits makes room."""
        if len(self._waiting) == MOST_WAITING:
            self._dropped[self._waiting.popleft().job.name] += 1
        self._waiting.append(notice)
        if self.worker is None:
            self.worker = asyncio.get_running_loop().create_task(self._work())

    def tell_undelivered(self) -> None:
        """At the end: what still waits will never arrive."""
        left = [*self._waiting] if self._current is None else [self._current, *self._waiting]
        self._dropped.update(notice.job.name for notice in left)
        self._tell_dropped("schedd ended")

    async def _work(self) -> None:
        try:
            while self._waiting:
                self._current = self._waiting.popleft()
                await self._deliver(self._current)
                self._current = None
                self._tell_dropped(f"more than {MOST_WAITING} waited")
        finally:
            self.worker = None

    async def _deliver(self, notice: Notification) -> None:
        facts = {"job": notice.job.name, "about": notice.topic.value, "to": self._name}
        for attempt, delay in enumerate((*DELAYS, None), 1):
            try:
                answer = await attempt_once(self._send, notice, self._recipient.timeout)
            except DeliveryError as error:
                if not error.again or delay is None:
                    self._log.error("notice not delivered", **facts, why=str(error), attempts=attempt)
                    return
                await asyncio.sleep(delay)
            else:
                if notice.topic not in SILENT:
                    self._log.info("notice delivered", **facts, answer=answer)
                return

    async def _send(self, notice: Notification) -> str:
        if self._sender is None:
            self._sender = await self._make(self._recipient)
        return await self._sender.send(notice)

    def _tell_dropped(self, why: str) -> None:
        for job, count in self._dropped.items():
            self._log.error("notices dropped", job=job, count=count, to=self._name, why=why)
        self._dropped.clear()


async def attempt_once(send: Callable[[Notification], Awaitable[str]], notice: Notification, seconds: float) -> str:
    """What was answered within so many seconds. DeliveryError for whatever else happens."""
    try:
        async with asyncio.timeout(seconds):
            return await send(notice)
    except TimeoutError:
        raise DeliveryError(f"no answer within {format_duration(seconds)}", again=True) from None
    except DeliveryError:
        raise
    except Exception as bug:
        # Its text is not shown: that of a library may quote the address.
        raise DeliveryError(f"a mistake in schedd or in a library it uses ({type(bug).__name__})") from None
