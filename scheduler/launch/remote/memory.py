"""A mailbox and a wire in memory, on the event loop's clock: what the rules are tested on.

Both can be told to misbehave: `broken` makes every call fail, and the mailbox can lose, delay and repeat letters.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Generic, TypeVar

from scheduler.launch.remote.messages import Chunk, Letter, Order, Report, WorkerInfo
from scheduler.launch.remote.wire import WireError

T = TypeVar("T")

KEPT = 1000
"""Finished runs."""


class _Log(Generic[T]):
    """Entries in order, which readers wait for."""

    def __init__(self) -> None:
        self._entries: list[T] = []
        self._news = asyncio.Event()

    def append(self, entry: T) -> None:
        self._entries.append(entry)
        self._news.set()

    async def after(self, position: str, seconds: float) -> list[tuple[str, T]]:
        start = int(position or 0)
        if start >= len(self._entries) and seconds > 0:
            self._news.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            except TimeoutError:
                return []
        return [(str(number), entry) for number, entry in enumerate(self._entries[start:], start + 1)]


class MemoryWire:
    """Implements `Wire`. Several schedulers and workers of a test share one object."""

    def __init__(self) -> None:
        self.broken = False
        self._claims: dict[str, tuple[str, float]] = {}
        self._reports: defaultdict[str, _Log[Report]] = defaultdict(_Log)
        self._orders: defaultdict[str, _Log[Order]] = defaultdict(_Log)
        self._unread: defaultdict[str, int] = defaultdict(int)
        self._beats: dict[str, float] = {}
        self._handed_out: dict[str, Letter] = {}
        self._workers: dict[str, tuple[WorkerInfo, float]] = {}
        self._kept: list[bytes] = []

    async def claim(self, key: str, owner: str, seconds: float) -> str:
        now = await self._now()
        holder, until = self._claims.get(key, (owner, 0.0))
        if until > now:
            return holder
        self._claims[key] = owner, now + seconds
        return owner

    async def renew(self, key: str, owner: str, seconds: float) -> bool:
        now = await self._now()
        holder, until = self._claims.get(key, ("", 0.0))
        if holder != owner or until <= now:
            return False
        self._claims[key] = owner, now + seconds
        return True

    async def release(self, key: str, owner: str) -> None:
        await self._now()
        if self._claims.get(key, ("", 0.0))[0] == owner:
            del self._claims[key]

    async def report(self, attempt: str, report: Report) -> None:
        await self._now()
        if isinstance(report, Chunk):
            self._unread[attempt] += len(report.data)
        self._reports[attempt].append(report)

    async def reports(self, attempt: str, after: str, seconds: float) -> list[tuple[str, Report]]:
        await self._now()
        return await self._reports[attempt].after(after, seconds)

    async def have_read(self, attempt: str, size: int) -> None:
        await self._now()
        self._unread[attempt] -= size

    async def unread(self, attempt: str) -> int:
        await self._now()
        return self._unread[attempt]

    async def order(self, attempt: str, order: Order) -> None:
        await self._now()
        self._orders[attempt].append(order)

    async def orders(self, attempt: str, after: str, seconds: float) -> list[tuple[str, Order]]:
        await self._now()
        return await self._orders[attempt].after(after, seconds)

    async def beat(self, attempt: str, seconds: float) -> None:
        self._beats[attempt] = await self._now() + seconds

    async def alive(self, attempt: str) -> bool:
        return self._beats.get(attempt, 0.0) > await self._now()

    async def hand_out(self, letter: Letter) -> None:
        await self._now()
        self._handed_out[letter.key] = letter

    async def settle(self, attempt: str) -> None:
        await self._now()
        self._handed_out.pop(attempt, None)

    async def handed_out(self) -> list[Letter]:
        await self._now()
        return list(self._handed_out.values())

    async def present(self, worker: WorkerInfo, seconds: float) -> None:
        self._workers[worker.name] = worker, await self._now() + seconds

    async def workers(self) -> list[WorkerInfo]:
        now = await self._now()
        return [worker for worker, until in self._workers.values() if until > now]

    async def keep(self, finished: bytes) -> None:
        await self._now()
        self._kept = [*self._kept, finished][-KEPT:]

    async def kept(self) -> list[bytes]:
        await self._now()
        return list(self._kept)

    async def close(self) -> None:
        """There is no connection."""

    async def _now(self) -> float:
        """The steady time after one turn of the loop, as a network would take. WireError while broken."""
        await asyncio.sleep(0)
        if self.broken:
            raise WireError("the store cannot be reached")
        return asyncio.get_running_loop().time()


class MemoryMailbox:
    """Implements `Mailbox`: hands each letter to one of its workers in turn.

    `delays` says for a letter after how many seconds each copy arrives: `()` loses it, `(0, 5)` delivers it twice.
    """

    def __init__(self, delays: Callable[[Letter], tuple[float, ...]] = lambda _letter: (0.0,)) -> None:
        self.broken = False
        self.workers: list[Callable[[Letter], Awaitable[None]]] = []
        self._delays = delays
        self._turn = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, letter: Letter, expires: datetime | None) -> None:  # noqa: ARG002 - may come after that, too
        await asyncio.sleep(0)
        if self.broken:
            raise WireError("the broker cannot be reached")
        for delay in self._delays(letter):
            task = asyncio.create_task(self._deliver(letter, delay))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, letter: Letter, delay: float) -> None:
        await asyncio.sleep(delay)
        if self.workers:
            self._turn += 1
            await self.workers[self._turn % len(self.workers)](letter)
