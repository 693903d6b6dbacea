"""The space over Redis: claims, workers, the history of runs, and requests between schedulers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import msgspec

from scheduler.launch.remote.messages import Request, WorkerInfo
from scheduler.launch.remote.redis_log import RedisLog, errors

KEPT_RUNS = 10_000
KEPT_DAYS = 7

STILL_READ = 60
"""Seconds for which the reports of a finished run are kept, for a scheduler that has lost it and still reads."""

_CLAIM = """
local holder = redis.call('get', KEYS[1])
if holder then return holder end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return ARGV[1]
"""
_RENEW = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('pexpire', KEYS[1], ARGV[2]) or 0"
_RELEASE = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0"

_KEEP = """
if redis.call('set', KEYS[1], '1', 'nx', 'ex', ARGV[3]) then
  redis.call('rpush', KEYS[2], ARGV[2])
  redis.call('ltrim', KEYS[2], -ARGV[4], -1)
  redis.call('expire', KEYS[2], ARGV[3])
end
redis.call('hdel', KEYS[3], ARGV[1])
"""
"""Once, also when the answer was lost and it is asked again."""

_worker = msgspec.json.Decoder(WorkerInfo)
_request = msgspec.json.Decoder(Request)


class RedisSpace:
    """Implements `Space`."""

    def __init__(self, log: RedisLog) -> None:
        self._log = log
        self._redis = log.client
        self._prefix = log.prefix
        self.name = log.space

    async def claim(self, key: str, owner: str, seconds: float) -> str:
        async with errors():
            holder: bytes = await self._redis.eval(_CLAIM, 1, self._prefix + key, owner, round(seconds * 1000))
            return holder.decode()

    async def holder(self, key: str) -> str | None:
        async with errors():
            holder: bytes | None = await self._redis.get(self._prefix + key)
            return None if holder is None else holder.decode()

    async def renew(self, key: str, owner: str, seconds: float) -> bool:
        async with errors():
            return bool(await self._redis.eval(_RENEW, 1, self._prefix + key, owner, round(seconds * 1000)))

    async def release(self, key: str, owner: str) -> None:
        async with errors():
            await self._redis.eval(_RELEASE, 1, self._prefix + key, owner)

    async def present(self, worker: WorkerInfo, seconds: float) -> None:
        async with errors():
            key = f"{self._prefix}worker:{worker.name}"
            await self._redis.set(key, msgspec.json.encode(worker), px=round(seconds * 1000))

    async def workers(self) -> list[WorkerInfo]:
        async with errors():
            keys = [key async for key in self._redis.scan_iter(f"{_escaped(self._prefix)}worker:*", count=1000)]
            found = await self._redis.mget(keys) if keys else []
            return sorted((_worker.decode(each) for each in found if each), key=lambda worker: worker.name)

    async def keep(self, run_id: str, attempts: Sequence[str], finished: bytes) -> None:
        async with errors(), self._redis.pipeline() as pipe:
            keys = [f"{self._prefix}{key}" for key in (f"kept:{run_id}", "history", "live")]
            pipe.eval(_KEEP, 3, *keys, run_id, finished, KEPT_DAYS * 86400, KEPT_RUNS)
            for attempt in attempts:
                for log in ("reports", "orders", "unread"):
                    pipe.expire(f"{self._prefix}{log}:{attempt}", STILL_READ)
            await pipe.execute()

    async def kept(self) -> list[bytes]:
        async with errors():
            return cast("list[bytes]", await self._redis.lrange(f"{self._prefix}history", 0, -1))

    async def ask(self, request: Request) -> None:
        await self._log.append("asked", request)

    async def asked(self, after: str, seconds: float) -> list[tuple[str, Request]]:
        return await self._log.read("asked", _request, after, seconds)


def _escaped(text: str) -> str:
    """Text that a pattern of Redis takes literally."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", text)
