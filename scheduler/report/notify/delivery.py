"""Delivers notifications: a bounded queue and a task for each recipient, so that none waits for another."""

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
"""Notifications that wait for one recipient; then the oldest is dropped, since the newest has the current state."""

DELAYS = (1.0, 5.0, 25.0)
"""Seconds before each further attempt."""

UNLOGGED = frozenset({Topic.STARTED, Topic.ENDED})
"""Topics whose success is not logged: they occur twice in each run."""

MakeSender = Callable[[Recipient], Awaitable[Sender]]

OnResult = Callable[[Recipient, Notification, str | None], None]
"""Called when a notification is delivered (None), or will never be (the error)."""


class Records(Protocol):
    """The log."""

    def info(self, event: str, **fields: object) -> None:
        """Write a record of normal operation."""
        ...

    def error(self, event: str, **fields: object) -> None:
        """Write a record of something to look at now."""
        ...


class Deliveries:
    """All deliveries under way. Recipients that are equal share one queue, whichever jobs they belong to."""

    def __init__(self, make_sender: MakeSender, log: Records) -> None:
        self.on_result: OnResult = lambda _recipient, _notification, _error: None
        self._make_sender = make_sender
        self._log = log
        self._queues: dict[Recipient, RecipientQueue] = {}

    def send(self, recipient: Recipient, notification: Notification) -> None:
        """Take a notification; never waits."""
        queue = self._queues.get(recipient)
        if queue is None:
            queue = self._queues[recipient] = RecipientQueue(recipient, self._make_sender, self._log, self._result)
        queue.put(notification)

    def forget_idle(self) -> None:
        """Forget recipients for which nothing waits; the file may not have them any more."""
        self._queues = {recipient: queue for recipient, queue in self._queues.items() if queue.worker is not None}

    async def close(self, seconds: float) -> None:
        """Deliver what waits for at most `seconds`, and log what is left."""
        workers = [queue.worker for queue in self._queues.values() if queue.worker is not None]
        if workers:
            _, late = await asyncio.wait(workers, timeout=seconds)
            for worker in late:
                worker.cancel()
            if late:
                await asyncio.wait(late)
        for queue in self._queues.values():
            queue.log_undelivered()

    def _result(self, recipient: Recipient, notification: Notification, error: str | None) -> None:
        self.on_result(recipient, notification, error)


class RecipientQueue:
    """What waits for one recipient, and a task that delivers it while there is something."""

    def __init__(self, recipient: Recipient, make_sender: MakeSender, log: Records, on_result: OnResult) -> None:
        self.worker: asyncio.Task[None] | None = None
        self._recipient = recipient
        self._name = name_of(recipient)
        self._make_sender = make_sender
        self._log = log
        self._on_result = on_result
        self._sender: Sender | None = None
        self._waiting: deque[Notification] = deque()
        self._current: Notification | None = None
        self._dropped: Counter[str] = Counter()

    def put(self, notification: Notification) -> None:
        """Add one; when the queue is full the oldest is dropped."""
        if len(self._waiting) == MOST_WAITING:
            dropped = self._waiting.popleft()
            self._dropped[dropped.job.name] += 1
            self._on_result(self._recipient, dropped, f"more than {MOST_WAITING} waited")
        self._waiting.append(notification)
        if self.worker is None:
            self.worker = asyncio.get_running_loop().create_task(self._work())

    def log_undelivered(self) -> None:
        """At the end: log what still waits and will never arrive."""
        left = [*self._waiting] if self._current is None else [self._current, *self._waiting]
        self._dropped.update(notification.job.name for notification in left)
        self._log_dropped("schedd stopped")

    async def _work(self) -> None:
        try:
            while self._waiting:
                self._current = self._waiting.popleft()
                await self._deliver(self._current)
                self._current = None
                self._log_dropped(f"more than {MOST_WAITING} waited")
        finally:
            self.worker = None

    async def _deliver(self, notification: Notification) -> None:
        facts = {"job": notification.job.name, "topic": notification.topic.value, "recipient": self._name}
        for attempt, delay in enumerate((*DELAYS, None), 1):
            try:
                answer = await attempt_once(self._send, notification, self._recipient.timeout)
            except DeliveryError as error:
                if not error.again or delay is None:
                    self._log.error("notification not delivered", **facts, error=str(error), attempts=attempt)
                    self._on_result(self._recipient, notification, str(error))
                    return
                await asyncio.sleep(delay)
            else:
                if notification.topic not in UNLOGGED:
                    self._log.info("notification delivered", **facts, answer=answer)
                self._on_result(self._recipient, notification, None)
                return

    async def _send(self, notification: Notification) -> str:
        if self._sender is None:
            self._sender = await self._make_sender(self._recipient)
        return await self._sender.send(notification)

    def _log_dropped(self, error: str) -> None:
        for job, count in self._dropped.items():
            self._log.error("notifications dropped", job=job, count=count, recipient=self._name, error=error)
        self._dropped.clear()


async def attempt_once(
    send: Callable[[Notification], Awaitable[str]], notification: Notification, seconds: float
) -> str:
    """Return what was answered within `seconds`. DeliveryError otherwise."""
    try:
        async with asyncio.timeout(seconds):
            return await send(notification)
    except TimeoutError:
        raise DeliveryError(f"timed out after {format_duration(seconds)}", again=True) from None
    except DeliveryError:
        raise
    except Exception as bug:
        # Without its text: that of a library may quote the address.
        raise DeliveryError(f"internal error in schedd or in a library ({type(bug).__name__})") from None
