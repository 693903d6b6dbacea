"""The space over Redis: claims, workers, the history of runs, and requests between schedulers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import msgspec

from scheduler.launch.remote.messages import Request, WorkerInfo
from scheduler.launch.remote.redis_connection import decoded
from scheduler.launch.remote.redis_log import RedisLog, RedisReader
from scheduler.model.workers import DAYS_OF_LAST_RUNS

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
_RENEW = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return 1
"""
"""With SET, which a store without memory refuses; PEXPIRE would keep a lease whose holder can claim nothing."""

_RELEASE = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0"

_KEEP = """
if redis.call('set', KEYS[1], '1', 'nx', 'ex', ARGV[3]) then
  redis.call('rpush', KEYS[2], ARGV[2])
  for number = 4, ARGV[7] + 4 do
    redis.call('hset', KEYS[number], ARGV[6], ARGV[2])
    redis.call('expire', KEYS[number], ARGV[8])
  end
  redis.call('ltrim', KEYS[2], -ARGV[4], -1)
  redis.call('expire', KEYS[2], ARGV[3])
end
redis.call('hdel', KEYS[3], ARGV[1])
for number = 6, #KEYS do redis.call('expire', KEYS[number], ARGV[5]) end
"""
"""Once, also when the answer was lost and it is asked again."""

_worker = msgspec.json.Decoder(WorkerInfo)
_request = msgspec.json.Decoder(Request)


class RedisSpace:
    """Implements `Space`."""

    def __init__(self, log: RedisLog) -> None:
        self._log = log
        self._do = log.connection.do
        self._script = log.connection.script
        self._prefix = log.prefix
        self.name = log.space

    async def claim(self, key: str, owner: str, seconds: float) -> str:
        holder: bytes = await self._script(_CLAIM, [self._prefix + key], owner, round(seconds * 1000))
        return holder.decode()

    async def holder(self, key: str) -> str | None:
        holder: bytes | None = await self._do("GET", self._prefix + key)
        return None if holder is None else holder.decode()

    async def renew(self, key: str, owner: str, seconds: float) -> bool:
        return bool(await self._script(_RENEW, [self._prefix + key], owner, round(seconds * 1000)))

    async def release(self, key: str, owner: str) -> None:
        await self._script(_RELEASE, [self._prefix + key], owner)

    async def present(self, worker: WorkerInfo, seconds: float) -> None:
        key = f"{self._prefix}worker:{worker.name}"
        await self._do("SET", key, msgspec.json.encode(worker), "PX", round(seconds * 1000))

    async def workers(self) -> list[WorkerInfo]:
        pattern = f"{_escaped(self._prefix)}worker:*"
        keys: set[bytes] = set()
        cursor = b"0"
        while True:
            cursor, some = await self._do("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
            keys.update(some)
            if cursor == b"0":
                break
        found = await self._do("MGET", *keys) if keys else []
        return sorted((decoded(_worker, each) for each in found if each), key=lambda worker: worker.name)

    async def keep(self, run_id: str, job: str, attempts: Sequence[str], finished: bytes, *, succeeded: bool) -> None:
        logs = [f"{log}:{attempt}" for attempt in attempts for log in ("reports", "orders", "output")]
        keys = [f"{self._prefix}{key}" for key in (f"kept:{run_id}", "history", "live", "last", "succeeded", *logs)]
        bounds = KEPT_DAYS * 86400, KEPT_RUNS, STILL_READ
        of_last = job, int(succeeded), DAYS_OF_LAST_RUNS * 86400
        await self._script(_KEEP, keys, run_id, finished, *bounds, *of_last)

    async def kept(self) -> list[bytes]:
        latest = cast("list[bytes]", await self._do("LRANGE", f"{self._prefix}history", 0, -1))
        older: list[bytes] = []
        for key in ("succeeded", "last"):  # in this order: of one job, the last success is the older one
            older += await self._do("HVALS", self._prefix + key)
        known = set(latest)
        return [*dict.fromkeys(run for run in older if run not in known), *latest]

    async def ask(self, request: Request) -> None:
        await self._log.append("asked", request)

    def asked(self) -> RedisReader[Request]:
        return self._log.reader("asked", _request)


def _escaped(text: str) -> str:
    """Text that a pattern of Redis takes literally."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", text)
