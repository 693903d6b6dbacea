"""The connection to Redis 6.2 or newer, and logs in it that readers wait for. The only user of the redis library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import msgspec
import redis.asyncio as redis
from redis.exceptions import AuthenticationError, RedisError

from scheduler.launch.remote.wire import WireError

T = TypeVar("T")

TIMEOUT = 5.0
"""Seconds for each answer of the store."""

CONNECTIONS = 16
"""Of one scheduler or worker, at most. Those of a herd of runs take turns."""

WAITING = 30.0
"""Seconds that one may wait for its turn."""

EXPIRY = 86_400_000
"""Milliseconds after their last change for which logs are kept."""

MOST_ENTRIES = 20_000
"""Of one log; the oldest go. What has not been read is bounded by those who write."""


class RedisLog:
    """One connection of a scheduler or worker. Keys begin with `schedd:{space}:`, so that schedules can share a store.

    An extra is needed: redis.
    """

    def __init__(self, url: str, space: str) -> None:
        """WireError for an address that is not Redis's; nothing is connected yet."""
        self.space = space
        self.prefix = f"schedd:{{{space}}}:"
        try:
            pool = redis.BlockingConnectionPool.from_url(
                url,
                max_connections=CONNECTIONS,
                timeout=WAITING,
                socket_timeout=TIMEOUT,
                socket_connect_timeout=TIMEOUT,
            )
        except ValueError:
            raise WireError("the store's address is not a redis:// address") from None
        self.client: Any = redis.Redis.from_pool(pool)
        self._news: dict[str, asyncio.Event] = {}
        self._listener: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End the connections."""
        if self._listener is not None:
            self._listener.cancel()
        with suppress(RedisError, OSError):
            await self.client.aclose()

    async def append(self, key: str, entry: object, counter: str = "", size: int = 0) -> None:
        """Append an entry, and add its size to a counter if it has one."""
        async with errors(), self.client.pipeline() as pipe:
            pipe.xadd(self.prefix + key, {b"_": msgspec.json.encode(entry)}, maxlen=MOST_ENTRIES, approximate=True)
            pipe.pexpire(self.prefix + key, EXPIRY)
            if size:
                pipe.incrby(self.prefix + counter, size).pexpire(self.prefix + counter, EXPIRY)
            pipe.publish(f"{self.prefix}news", key)
            await pipe.execute()

    async def read(self, key: str, decoder: msgspec.json.Decoder[T], after: str, seconds: float) -> list[tuple[str, T]]:
        """Entries that follow a position, with their positions; waits so long when there is none."""
        # One connection reports news to all that wait; a connection for each would need thousands in a herd.
        news = self._news[key] = asyncio.Event()
        try:
            if self._listener is None or self._listener.done():
                self._listener = asyncio.create_task(self._listen())
            deadline = asyncio.get_running_loop().time() + seconds
            while not (entries := await self._range(key, decoder, after)):
                try:
                    async with asyncio.timeout_at(deadline):
                        await news.wait()
                except TimeoutError:
                    return await self._range(key, decoder, after)
                news.clear()  # it may be of an entry that was read before
            return entries
        finally:
            if self._news.get(key) is news:
                del self._news[key]

    async def read_alone(
        self, key: str, decoder: msgspec.json.Decoder[T], after: str, seconds: float
    ) -> list[tuple[str, T]]:
        """As `read`, for the only reader of a connection, which need not hear of the news of all others."""
        wait = max(1, round(seconds * 1000)) if seconds > 0 else None
        async with errors():
            found = await self.client.xread({self.prefix + key: after or "0"}, count=100, block=wait)
            entries = (found[0][1] if isinstance(found, list) else next(iter(found.values()))[0]) if found else []
            return [(position.decode(), decoder.decode(fields[b"_"])) for position, fields in entries]

    async def _range(self, key: str, decoder: msgspec.json.Decoder[T], after: str) -> list[tuple[str, T]]:
        async with errors():
            found = await self.client.xrange(self.prefix + key, min=f"({after}" if after else "-", count=100)
            return [(position.decode(), decoder.decode(fields[b"_"])) for position, fields in found]

    async def _listen(self) -> None:
        """Wake those that wait. While it fails, they look for themselves when their time is over."""
        with suppress(RedisError, OSError):
            async with self.client.pubsub() as channel:
                await channel.subscribe(f"{self.prefix}news")
                for waiting in self._news.values():
                    waiting.set()  # what came before we listened
                while True:
                    message = await channel.get_message(ignore_subscribe_messages=True, timeout=TIMEOUT / 2)
                    if message is not None and (news := self._news.get(message["data"].decode())):
                        news.set()


@asynccontextmanager
async def errors() -> AsyncIterator[None]:
    """Errors of the library as WireError. Its texts name the host, never the password."""
    try:
        yield
    except AuthenticationError as error:
        raise WireError(f"the store refuses the user or the password of its address: {error}") from error
    except (TimeoutError, RedisError, OSError) as error:
        raise WireError(f"the store cannot be reached: {str(error) or type(error).__name__}") from error
    except msgspec.MsgspecError as error:
        raise WireError(f"the store has an entry of another version of schedd: {error}") from error
