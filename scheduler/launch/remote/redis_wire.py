"""The wire over Redis: attempts, their output, commands to them and heartbeats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

import msgspec

from scheduler.launch.remote.messages import Chunk, Message, Report, StopRequest, claim_of
from scheduler.launch.remote.redis_log import EXPIRY, RedisLog, RedisReader

_READ = """
local left = redis.call('hincrby', KEYS[1], 'unread', -ARGV[1])
if left < 0 then redis.call('hset', KEYS[1], 'unread', 0) end
redis.call('pexpire', KEYS[1], ARGV[2])
if #ARGV > 2 then redis.call('xdel', KEYS[2], unpack(ARGV, 3)) end
"""
"""After a take-over two schedulers may read the same output, and each says so."""

_TAKE = """
local taken = redis.call('set', KEYS[1], ARGV[1], 'nx', 'px', ARGV[2])
if not taken and redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[2], '1', 'px', ARGV[3])
return 1
"""
"""The owner has it already when the answer was lost and it is asked again."""

_report: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)
_stop_request = msgspec.json.Decoder(StopRequest)
_message = msgspec.json.Decoder(Message)


class RedisWire:
    """Implements `Wire`."""

    def __init__(self, log: RedisLog) -> None:
        self._log = log
        self._do = log.connection.do
        self._script = log.connection.script
        self._prefix = log.prefix

    async def hand_out(self, message: Message) -> None:
        await self._do("HSET", f"{self._prefix}live", message.run_id, msgspec.json.encode(message))

    async def handed_out(self) -> list[Message]:
        return list(_readable(await self._do("HVALS", f"{self._prefix}live")))

    async def settle(self, run_id: str) -> None:
        await self._do("HDEL", f"{self._prefix}live", run_id)

    async def take(self, attempt: str, owner: str, seconds: float, alive: float) -> bool:
        keys = [self._prefix + claim_of(attempt), f"{self._prefix}alive:{attempt}"]
        return bool(await self._script(_TAKE, keys, owner, round(seconds * 1000), round(alive * 1000)))

    async def report(self, attempt: str, report: Report) -> None:
        size, number = (len(report.data), report.number) if isinstance(report, Chunk) else (0, 0)
        await self._log.append(f"reports:{attempt}", report, f"output:{attempt}", size, number)

    def reports(self, attempt: str, *, is_new: bool = False) -> RedisReader[Report]:
        return self._log.reader(f"reports:{attempt}", _report, is_new=is_new)

    async def have_read(self, attempt: str, size: int, old: Sequence[str]) -> None:
        keys = [f"{self._prefix}output:{attempt}", f"{self._prefix}reports:{attempt}"]
        await self._script(_READ, keys, size, EXPIRY, *old)

    async def unread(self, attempt: str) -> int:
        return int(await self._do("HGET", f"{self._prefix}output:{attempt}", "unread") or 0)

    async def request_stop(self, attempt: str, stop: StopRequest) -> None:
        await self._log.append(f"orders:{attempt}", stop)

    def stop_requests(self, attempt: str, *, is_new: bool = False) -> RedisReader[StopRequest]:
        return self._log.reader(f"orders:{attempt}", _stop_request, is_new=is_new)

    async def beat(self, attempt: str, seconds: float) -> None:
        await self._do("SET", f"{self._prefix}alive:{attempt}", "1", "PX", round(seconds * 1000))

    async def alive(self, attempt: str) -> bool:
        return bool(await self._do("EXISTS", f"{self._prefix}alive:{attempt}"))


def _readable(messages: Sequence[bytes]) -> Iterator[Message]:
    """Without those of another version of schedd, which only that can follow."""
    for message in messages:
        with suppress(msgspec.MsgspecError):
            yield _message.decode(message)
