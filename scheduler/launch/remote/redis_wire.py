"""The wire over Redis: attempts, their output, orders and signs of life."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

import msgspec

from scheduler.launch.remote.messages import Chunk, Letter, Order, Report
from scheduler.launch.remote.redis_log import EXPIRY, RedisLog, errors

_READ = """
local left = redis.call('decrby', KEYS[1], ARGV[1])
if left < 0 then redis.call('set', KEYS[1], 0) end
redis.call('pexpire', KEYS[1], ARGV[2])
"""
"""After a take-over two schedulers may read the same output, and each says so."""

_report: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)
_order = msgspec.json.Decoder(Order)
_letter = msgspec.json.Decoder(Letter)


class RedisWire:
    """Implements `Wire`."""

    def __init__(self, log: RedisLog) -> None:
        self._log = log
        self._redis = log.client
        self._prefix = log.prefix

    async def hand_out(self, letter: Letter) -> None:
        async with errors():
            await self._redis.hset(f"{self._prefix}live", letter.run_id, msgspec.json.encode(letter))

    async def handed_out(self) -> list[Letter]:
        async with errors():
            return list(_readable(await self._redis.hvals(f"{self._prefix}live")))

    async def settle(self, run_id: str) -> None:
        async with errors():
            await self._redis.hdel(f"{self._prefix}live", run_id)

    async def report(self, attempt: str, report: Report) -> None:
        size = len(report.data) if isinstance(report, Chunk) else 0
        await self._log.append(f"reports:{attempt}", report, f"unread:{attempt}", size)

    async def reports(self, attempt: str, after: str, seconds: float) -> list[tuple[str, Report]]:
        return await self._log.read(f"reports:{attempt}", _report, after, seconds)

    async def have_read(self, attempt: str, size: int, old: Sequence[str]) -> None:
        async with errors(), self._redis.pipeline() as pipe:
            pipe.eval(_READ, 1, f"{self._prefix}unread:{attempt}", size, EXPIRY)
            if old:
                pipe.xdel(f"{self._prefix}reports:{attempt}", *old)
            await pipe.execute()

    async def unread(self, attempt: str) -> int:
        async with errors():
            return int(await self._redis.get(f"{self._prefix}unread:{attempt}") or 0)

    async def order(self, attempt: str, order: Order) -> None:
        await self._log.append(f"orders:{attempt}", order)

    async def orders(self, attempt: str, after: str, seconds: float) -> list[tuple[str, Order]]:
        return await self._log.read_alone(f"orders:{attempt}", _order, after, seconds)

    async def beat(self, attempt: str, seconds: float) -> None:
        async with errors():
            await self._redis.set(f"{self._prefix}alive:{attempt}", b"1", px=round(seconds * 1000))

    async def alive(self, attempt: str) -> bool:
        async with errors():
            return bool(await self._redis.exists(f"{self._prefix}alive:{attempt}"))


def _readable(letters: Sequence[bytes]) -> Iterator[Letter]:
    """Without those of another version of schedd, which only that can follow."""
    for letter in letters:
        with suppress(msgspec.MsgspecError):
            yield _letter.decode(letter)
