"""Logs in Redis that readers wait for: reports of attempts and commands to them, and requests between schedulers."""

from __future__ import annotations

import asyncio
import os
import re
from collections import defaultdict
from contextlib import suppress
from typing import Any, Generic, TypeVar

import msgspec

from scheduler.launch.remote.redis_connection import RedisConnection, decoded
from scheduler.launch.remote.wire import WireError

T = TypeVar("T")

EXPIRY = 86_400_000
"""Milliseconds after their last change for which logs are kept."""

MOST_ENTRIES = 20_000
"""Of one log; the oldest go. What has not been read is bounded by those who write."""

MOST_READ = 100
"""Entries in one answer."""

_APPEND = """
local number = tonumber(ARGV[7])
if KEYS[2] and number > 0 and number <= tonumber(redis.call('hget', KEYS[2], 'number') or 0) then return end
local id = redis.call('xadd', KEYS[1], 'maxlen', '~', ARGV[2], '*', '_', ARGV[1])
redis.call('pexpire', KEYS[1], ARGV[3])
if KEYS[2] then
  redis.call('hset', KEYS[2], 'number', number)
  redis.call('hincrby', KEYS[2], 'unread', ARGV[6])
  redis.call('pexpire', KEYS[2], ARGV[3])
end
redis.pcall('publish', ARGV[4], ARGV[5] .. ' ' .. id)
"""
"""Once for a number, also when the answer was lost and it is asked again. A store that refuses the news has the entry:
those that wait look for themselves."""


class RedisLog:
    """The logs of a space. Keys begin with `schedd:{space}:`, so that schedules can share a store.

    One subscription for each kind of log brings its news to all that wait; a connection for each reader would need
    thousands in a herd of runs.
    """

    def __init__(self, url: str, space: str) -> None:
        """WireError for an address that is not Redis's; nothing is connected yet."""
        self.space = space
        self.prefix = f"schedd:{{{space}}}:"
        self.connection = RedisConnection(url)
        self._readers: defaultdict[str, set[RedisReader[Any]]] = defaultdict(set)
        self._listeners: dict[str, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """End the connections."""
        for listener in self._listeners.values():
            listener.cancel()
        await self.connection.close()

    async def append(self, key: str, entry: object, counter: str = "", size: int = 0, number: int = 0) -> None:
        """Append an entry; one with a size is counted, and kept once where it has a number."""
        keys = [self.prefix + each for each in (key, counter)[: 2 if size else 1]]
        text = msgspec.json.encode(entry)
        await self.connection.script(_APPEND, keys, text, MOST_ENTRIES, EXPIRY, self._channel(key), key, size, number)

    async def check(self) -> None:
        """Write, send news and hear them. WireError when the store cannot be reached, or refuses a command for it."""
        key, counter = (f"check:{os.urandom(8).hex()}{end}" for end in ("", ":output"))
        channel = self._channel(key)
        try:
            await self.connection.hear_once(channel)
            await self.connection.do("PUBLISH", channel, "")
            await self.append(key, "", counter, 1, 1)
            await self.connection.do("DEL", self.prefix + key, self.prefix + counter)
        except WireError as error:
            if not re.search("^the store refuses .*(key|channel)", str(error)):
                raise
            needs = f"the user of its address needs the keys ~{self.prefix}* and the channels &{self.prefix}*"
            raise WireError(f"{error}; {needs}") from None

    def reader(self, key: str, decoder: msgspec.json.Decoder[T], *, is_new: bool = False) -> RedisReader[T]:
        """Reads a log from its start. `is_new`: nothing can be in it yet, so that news are waited for at once."""
        return RedisReader(self, key, decoder, is_new=is_new)

    def listen(self, key: str, reader: RedisReader[Any]) -> None:
        """Bring a reader the news of a log."""
        self._readers[key].add(reader)
        channel = self._channel(key)
        if channel not in self._listeners or self._listeners[channel].done():
            self._listeners[channel] = asyncio.create_task(self._listen(channel))

    def leave(self, key: str, reader: RedisReader[Any]) -> None:
        """Bring it no more."""
        self._readers[key].discard(reader)
        if not self._readers[key]:
            del self._readers[key]

    def _channel(self, key: str) -> str:
        return f"{self.prefix}news:{key.partition(':')[0]}"

    async def _listen(self, channel: str) -> None:
        """Wake those that wait. While it fails, they look for themselves when their time is over."""

        def heard(message: bytes | None) -> None:
            if message is None:  # there was no news of what was appended before
                for key, readers in self._readers.items():
                    for reader in readers if self._channel(key) == channel else ():
                        reader.news.set()
            else:
                key, _, position = message.decode().rpartition(" ")
                for reader in self._readers.get(key, ()):
                    reader.hear(position)

        with suppress(WireError):
            await self.connection.subscribe(channel, heard)


class RedisReader(Generic[T]):
    """Implements `Reader`. Its creator closes it."""

    def __init__(self, log: RedisLog, key: str, decoder: msgspec.json.Decoder[T], *, is_new: bool) -> None:
        self.news = asyncio.Event()
        """Set when there may be entries that have not been read."""
        self._log = log
        self._key = key
        self._decoder = decoder
        self._after = "0-0"
        if not is_new:
            self.news.set()
        log.listen(key, self)

    def hear(self, position: str) -> None:
        """There is an entry at a position, which may have been read before this was heard."""
        if _order(position) > _order(self._after):
            self.news.set()

    async def next(self, seconds: float) -> list[tuple[str, T]]:
        """Further entries, with their positions; waits so long when there is none."""
        self._log.listen(self._key, self)  # again, where the store was away
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            if seconds > 0 and not self.news.is_set():
                with suppress(TimeoutError):  # then news may have been lost
                    async with asyncio.timeout_at(deadline):
                        await self.news.wait()
            is_late = not self.news.is_set()
            self.news.clear()
            if (entries := await self._read()) or is_late or seconds <= 0:
                return entries

    async def _read(self) -> list[tuple[str, T]]:
        key = f"{self._log.prefix}{self._key}"
        try:
            found = await self._log.connection.do("XRANGE", key, f"({self._after}", "+", "COUNT", MOST_READ)
            entries = [(position.decode(), decoded(self._decoder, fields[1])) for position, fields in found]
        except WireError:
            self.news.set()
            raise
        if entries:
            self._after = entries[-1][0]
        if len(entries) == MOST_READ:
            self.news.set()
        return entries

    def close(self) -> None:
        """Read no further."""
        self._log.leave(self._key, self)


def _order(position: str) -> tuple[int, ...]:
    return tuple(map(int, position.split("-")))
