"""A mailbox, a wire and a space in memory, on the clock of the event loop, for tests of workers and standbys.

Each can fail: a connection is `broken` for one scheduler or worker, the store for all, and the mailbox can lose, delay
and repeat messages.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from datetime import datetime
from typing import Generic, TypeVar

from scheduler.launch.remote.messages import Chunk, Message, Report, Request, StopRequest, WorkerInfo, claim_of
from scheduler.launch.remote.wire import WireError

T = TypeVar("T")

KEPT = 1000
"""Finished runs that are kept."""


class _Log(Generic[T]):
    """Entries in order, which readers wait for."""

    def __init__(self) -> None:
        self._entries: dict[int, T] = {}
        self._last = 0
        self._news = asyncio.Event()

    def append(self, entry: T) -> None:
        self._last += 1
        self._entries[self._last] = entry
        self._news.set()
        self._news = asyncio.Event()

    def remove(self, positions: Sequence[str]) -> None:
        for position in positions:
            self._entries.pop(int(position), None)

    async def after(self, position: int, seconds: float) -> list[tuple[int, T]]:
        if position >= self._last and seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            except TimeoutError:
                return []
        return [(number, entry) for number, entry in self._entries.items() if number > position]


class MemoryReader(Generic[T]):
    """Implements `Reader`."""

    def __init__(self, log: _Log[T], now: Callable[[], Awaitable[float]]) -> None:
        self._log = log
        self._now = now
        self.position = 0

    async def next(self, seconds: float) -> list[tuple[str, T]]:
        await self._now()
        found = await self._log.after(self.position, seconds)
        await self._now()
        self.position = found[-1][0] if found else self.position
        return [(str(number), entry) for number, entry in found]

    def close(self) -> None:
        """Nothing is held."""


class MemoryStore:
    """What is stored. While `broken`, every connection to it fails."""

    def __init__(self) -> None:
        self.broken = False
        self.claims: dict[str, tuple[str, float]] = {}
        self.last: dict[str, bytes] = {}
        self.succeeded: dict[str, bytes] = {}
        self.reports: defaultdict[str, _Log[Report]] = defaultdict(_Log)
        self.stop_requests: defaultdict[str, _Log[StopRequest]] = defaultdict(_Log)
        self.unread: defaultdict[str, int] = defaultdict(int)
        self.numbers: defaultdict[str, int] = defaultdict(int)
        """The number of the latest chunk of output, by attempt."""
        self.beats: dict[str, float] = {}
        self.live: dict[str, Message] = {}
        self.workers: dict[str, tuple[WorkerInfo, float]] = {}
        self.kept: list[bytes] = []
        self.finished: set[str] = set()
        self.asked: _Log[Request] = _Log()


class MemoryConnection:
    """The connection of one scheduler or worker to a store. While `broken`, it fails, and those of others do not."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.broken = False
        self.delay = 0.0
        """Seconds until an answer."""

    async def now(self) -> float:
        """The steady time after one turn of the loop, as a network would take. WireError while broken."""
        await asyncio.sleep(self.delay)
        if self.broken or self.store.broken:
            raise WireError("the store cannot be reached")
        return asyncio.get_running_loop().time()


class MemoryWire:
    """Implements `Wire`."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._now = connection.now
        self._store = connection.store
        self._space = MemorySpace(connection)

    async def hand_out(self, message: Message) -> None:
        await self._now()
        self._store.live[message.run_id] = message

    async def handed_out(self) -> list[Message]:
        await self._now()
        return list(self._store.live.values())

    async def settle(self, run_id: str) -> None:
        await self._now()
        self._store.live.pop(run_id, None)

    async def take(self, attempt: str, owner: str, seconds: float, alive: float) -> bool:
        if await self._space.claim(claim_of(attempt), owner, seconds) != owner:
            return False
        await self.beat(attempt, alive)
        return True

    async def report(self, attempt: str, report: Report) -> None:
        await self._now()
        if isinstance(report, Chunk):
            if 0 < report.number <= self._store.numbers[attempt]:
                return
            self._store.numbers[attempt] = report.number
            self._store.unread[attempt] += len(report.data)
        self._store.reports[attempt].append(report)

    def reports(self, attempt: str, *, is_new: bool = False) -> MemoryReader[Report]:
        return MemoryReader(self._store.reports[attempt], self._now)

    async def have_read(self, attempt: str, size: int, old: Sequence[str]) -> None:
        await self._now()
        self._store.unread[attempt] = max(0, self._store.unread[attempt] - size)
        self._store.reports[attempt].remove(old)

    async def unread(self, attempt: str) -> int:
        await self._now()
        return self._store.unread[attempt]

    async def request_stop(self, attempt: str, stop: StopRequest) -> None:
        await self._now()
        self._store.stop_requests[attempt].append(stop)

    def stop_requests(self, attempt: str, *, is_new: bool = False) -> MemoryReader[StopRequest]:
        return MemoryReader(self._store.stop_requests[attempt], self._now)

    async def beat(self, attempt: str, seconds: float) -> None:
        self._store.beats[attempt] = await self._now() + seconds

    async def alive(self, attempt: str) -> bool:
        return self._store.beats.get(attempt, 0.0) > await self._now()


class MemorySpace:
    """Implements `Space`."""

    name = "memory"

    def __init__(self, connection: MemoryConnection) -> None:
        self._now = connection.now
        self._store = connection.store

    async def claim(self, key: str, owner: str, seconds: float) -> str:
        now = await self._now()
        holder, until = self._store.claims.get(key, (owner, 0.0))
        if until > now:
            return holder
        self._store.claims[key] = owner, now + seconds
        return owner

    async def holder(self, key: str) -> str | None:
        now = await self._now()
        holder, until = self._store.claims.get(key, ("", 0.0))
        return holder if until > now else None

    async def renew(self, key: str, owner: str, seconds: float) -> bool:
        now = await self._now()
        holder, until = self._store.claims.get(key, ("", 0.0))
        if holder != owner or until <= now:
            return False
        self._store.claims[key] = owner, now + seconds
        return True

    async def release(self, key: str, owner: str) -> None:
        await self._now()
        if self._store.claims.get(key, ("", 0.0))[0] == owner:
            del self._store.claims[key]

    async def present(self, worker: WorkerInfo, seconds: float) -> None:
        self._store.workers[worker.name] = worker, await self._now() + seconds

    async def workers(self) -> list[WorkerInfo]:
        now = await self._now()
        return [worker for worker, until in self._store.workers.values() if until > now]

    async def keep(self, run_id: str, job: str, attempts: Sequence[str], finished: bytes, *, succeeded: bool) -> None:
        await self._now()
        if run_id not in self._store.finished:
            self._store.finished.add(run_id)
            self._store.kept = [*self._store.kept, finished][-KEPT:]
            self._store.last[job] = finished
            if succeeded:
                self._store.succeeded[job] = finished
        self._store.live.pop(run_id, None)
        for attempt in attempts:
            self._store.stop_requests.pop(attempt, None)

    async def kept(self) -> list[bytes]:
        await self._now()
        older = [*self._store.succeeded.values(), *self._store.last.values()]
        return [*dict.fromkeys(run for run in older if run not in self._store.kept), *self._store.kept]

    async def ask(self, request: Request) -> None:
        await self._now()
        self._store.asked.append(request)

    def asked(self) -> MemoryReader[Request]:
        return MemoryReader(self._store.asked, self._now)


class MemoryMailbox:
    """Implements `Mailbox`: hands each message to one of its workers in turn.

    `delays` gives, for a message, the seconds after which each copy arrives: `()` loses it, `(0, 5)` delivers it twice.
    """

    def __init__(self, delays: Callable[[Message], tuple[float, ...]] = lambda _message: (0.0,)) -> None:
        self.broken = False
        self.delays = delays
        self.workers: list[Callable[[Message], Awaitable[None]]] = []
        self.delivering: set[asyncio.Task[None]] = set()
        self._turn = 0

    async def send(self, message: Message, expires: datetime | None) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise WireError("the broker cannot be reached")
        for delay in self.delays(message):
            # A message that was sent is delivered, even if the sender is cancelled.
            task = asyncio.create_task(self._deliver(message, delay), context=Context())
            self.delivering.add(task)
            task.add_done_callback(self.delivering.discard)

    async def _deliver(self, message: Message, delay: float) -> None:
        await asyncio.sleep(delay)
        if self.workers:
            self._turn += 1
            await self.workers[self._turn % len(self.workers)](message)
