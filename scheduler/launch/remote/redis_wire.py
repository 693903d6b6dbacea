"""The wire over Redis 6.2 or newer. The only user of the redis library, which is an extra."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar, cast

import msgspec
import redis.asyncio as redis
from redis.exceptions import RedisError

from scheduler.launch.remote.messages import Chunk, Letter, Order, Report, WorkerInfo
from scheduler.launch.remote.wire import WireError

T = TypeVar("T")

TIMEOUT = 5.0
"""Seconds for each answer of the store."""

EXPIRY = 86_400_000
"""Milliseconds after their last change for which reports and orders are kept."""

MOST_REPORTS = 20_000
"""Of one attempt; the oldest go. What has not been read is bounded by the worker."""

KEPT_RUNS = 10_000
KEPT_DAYS = 7

_CLAIM = """
local holder = redis.call('get', KEYS[1])
if holder then return holder end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return ARGV[1]
"""
_RENEW = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('pexpire', KEYS[1], ARGV[2]) or 0"
_RELEASE = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0"

_report: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)
_order = msgspec.json.Decoder(Order)
_letter = msgspec.json.Decoder(Letter)
_worker = msgspec.json.Decoder(WorkerInfo)


class RedisWire:
    """Implements `Wire`. Keys begin with `schedd:{space}:`, so that several schedules can share a store."""

    def __init__(self, url: str, space: str) -> None:
        """WireError for an address that is not Redis's."""
        self._prefix = f"schedd:{{{space}}}:"
        try:
            self._redis: Any = redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
        except ValueError:
            raise WireError("the store's address is not a redis:// address") from None
        self._news: dict[str, asyncio.Event] = {}
        self._listener: asyncio.Task[None] | None = None

    async def claim(self, key: str, owner: str, seconds: float) -> str:
        async with _errors():
            holder: bytes = await self._redis.eval(_CLAIM, 1, self._prefix + key, owner, round(seconds * 1000))
            return holder.decode()

    async def renew(self, key: str, owner: str, seconds: float) -> bool:
        async with _errors():
            return bool(await self._redis.eval(_RENEW, 1, self._prefix + key, owner, round(seconds * 1000)))

    async def release(self, key: str, owner: str) -> None:
        async with _errors():
            await self._redis.eval(_RELEASE, 1, self._prefix + key, owner)

    async def report(self, attempt: str, report: Report) -> None:
        size = len(report.data) if isinstance(report, Chunk) else 0
        await self._append(f"reports:{attempt}", report, attempt, size)

    async def reports(self, attempt: str, after: str, seconds: float) -> list[tuple[str, Report]]:
        return await self._read(f"reports:{attempt}", _report, after, seconds)

    async def have_read(self, attempt: str, size: int) -> None:
        async with _errors():
            await self._redis.decrby(f"{self._prefix}unread:{attempt}", size)

    async def unread(self, attempt: str) -> int:
        async with _errors():
            return int(await self._redis.get(f"{self._prefix}unread:{attempt}") or 0)

    async def order(self, attempt: str, order: Order) -> None:
        await self._append(f"orders:{attempt}", order, attempt, 0)

    async def orders(self, attempt: str, after: str, seconds: float) -> list[tuple[str, Order]]:
        return await self._read(f"orders:{attempt}", _order, after, seconds)

    async def beat(self, attempt: str, seconds: float) -> None:
        async with _errors():
            await self._redis.set(f"{self._prefix}alive:{attempt}", b"1", px=round(seconds * 1000))

    async def alive(self, attempt: str) -> bool:
        async with _errors():
            return bool(await self._redis.exists(f"{self._prefix}alive:{attempt}"))

    async def hand_out(self, letter: Letter) -> None:
        async with _errors():
            await self._redis.hset(f"{self._prefix}live", letter.key, msgspec.json.encode(letter))

    async def settle(self, attempt: str) -> None:
        async with _errors():
            await self._redis.hdel(f"{self._prefix}live", attempt)

    async def handed_out(self) -> list[Letter]:
        async with _errors():
            return [_letter.decode(letter) for letter in await self._redis.hvals(f"{self._prefix}live")]

    async def present(self, worker: WorkerInfo, seconds: float) -> None:
        async with _errors():
            key = f"{self._prefix}worker:{worker.name}"
            await self._redis.set(key, msgspec.json.encode(worker), px=round(seconds * 1000))

    async def workers(self) -> list[WorkerInfo]:
        async with _errors():
            keys = [key async for key in self._redis.scan_iter(f"{_escaped(self._prefix)}worker:*", count=1000)]
            found = await self._redis.mget(keys) if keys else []
            return sorted((_worker.decode(each) for each in found if each), key=lambda worker: worker.name)

    async def keep(self, finished: bytes) -> None:
        async with _errors():
            key = f"{self._prefix}history"
            async with self._redis.pipeline() as pipe:
                pipe.rpush(key, finished).ltrim(key, -KEPT_RUNS, -1).expire(key, KEPT_DAYS * 86400)
                await pipe.execute()

    async def kept(self) -> list[bytes]:
        async with _errors():
            return cast("list[bytes]", await self._redis.lrange(f"{self._prefix}history", 0, -1))

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
        with suppress(RedisError, OSError):
            await self._redis.aclose()

    async def _append(self, key: str, entry: msgspec.Struct | Report, attempt: str, size: int) -> None:
        async with _errors(), self._redis.pipeline() as pipe:
            pipe.xadd(self._prefix + key, {b"_": msgspec.json.encode(entry)}, maxlen=MOST_REPORTS, approximate=True)
            pipe.pexpire(self._prefix + key, EXPIRY)
            if size:
                pipe.incrby(f"{self._prefix}unread:{attempt}", size).pexpire(f"{self._prefix}unread:{attempt}", EXPIRY)
            pipe.publish(f"{self._prefix}news", key)
            await pipe.execute()

    async def _read(
        self, key: str, decoder: msgspec.json.Decoder[T], after: str, seconds: float
    ) -> list[tuple[str, T]]:
        """One connection tells of news to all that wait; a connection for each would need thousands in a herd."""
        news = self._news[key] = asyncio.Event()
        try:
            if self._listener is None or self._listener.done():
                self._listener = asyncio.create_task(self._listen())
            entries = await self._range(key, decoder, after)
            if not entries and seconds > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await news.wait()
                entries = await self._range(key, decoder, after)
            return entries
        finally:
            if self._news.get(key) is news:
                del self._news[key]

    async def _range(self, key: str, decoder: msgspec.json.Decoder[T], after: str) -> list[tuple[str, T]]:
        async with _errors():
            found = await self._redis.xrange(self._prefix + key, min=f"({after}" if after else "-", count=100)
            return [(position.decode(), decoder.decode(fields[b"_"])) for position, fields in found]

    async def _listen(self) -> None:
        """Wake those that wait. While it fails, they look for themselves when their time is over."""
        with suppress(RedisError, OSError):
            async with self._redis.pubsub() as channel:
                await channel.subscribe(f"{self._prefix}news")
                for waiting in self._news.values():
                    waiting.set()  # what came before we listened
                while True:
                    message = await channel.get_message(ignore_subscribe_messages=True, timeout=TIMEOUT / 2)
                    if message is not None and (news := self._news.get(message["data"].decode())):
                        news.set()


@asynccontextmanager
async def _errors() -> AsyncIterator[None]:
    """Errors of the library as WireError. Its texts name the host, never the password."""
    try:
        yield
    except (TimeoutError, RedisError, OSError) as error:
        raise WireError(f"the store cannot be reached: {str(error) or type(error).__name__}") from error


def _escaped(text: str) -> str:
    """Text that a pattern of Redis takes literally."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", text)
