"""A user of a real Redis, started here on a free port, whose permissions are too few for a store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from scheduler.launch.remote.messages import Ended, Report, Taken
from scheduler.launch.remote.wire import WireError
from scheduler.model.run import Exit

pytest.importorskip("redis", reason="the extra celery is not installed")

from scheduler.launch.remote.redis_log import RedisLog
from scheduler.launch.remote.redis_wire import RedisWire


@asynccontextmanager
async def opened(port: int, login: str = "") -> AsyncIterator[RedisLog]:
    log = RedisLog(f"redis://{login}127.0.0.1:{port}/0", "acl")
    try:
        yield log
    finally:
        await log.close()


NEEDS = r"; the user of its address needs the keys ~schedd:{acl}:\* and the channels &schedd:{acl}:\*$"
REFUSED = [
    ("resetchannels ~schedd:{acl}:*", r"channels .*" + NEEDS),  # as of every new user of Redis 7
    ("allchannels ~other:*", r"keys .*" + NEEDS),
    ("allchannels allkeys -subscribe", r"the 'subscribe' command$"),
    ("allchannels allkeys -xadd", r"run this command"),
]


@pytest.mark.parametrize(("rules", "says"), REFUSED)
def test_a_user_with_too_few_permissions_is_refused_before_anything_runs(rules: str, says: str, port: int) -> None:
    async def main() -> None:
        async with opened(port) as admin, opened(port, "st:pw@") as log:
            await admin.connection.do("ACL", "SETUSER", "st", "on", ">pw", "+@all", *rules.split())
            with pytest.raises(WireError, match=f"^the store refuses a command: .*{says}"):
                await log.check()

    asyncio.run(main())


def test_a_user_of_the_keys_and_channels_of_its_space_suffices_and_nothing_is_left_of_the_check(port: int) -> None:
    async def main() -> None:
        async with opened(port) as admin, opened(port, "st:pw@") as log:
            rules = "+@all -@dangerous -@admin ~schedd:{acl}:* resetchannels &schedd:{acl}:*"
            await admin.connection.do("ACL", "SETUSER", "st", "on", ">pw", *rules.split())
            await log.check()
            assert await admin.connection.do("KEYS", "*") == []

    asyncio.run(main())


def test_where_permissions_for_channels_end_later_each_report_is_kept_once_and_found(port: int) -> None:
    async def main() -> None:
        async with opened(port) as admin, opened(port, "st:pw@") as log:
            await admin.connection.do("ACL", "SETUSER", "st", "on", ">pw", "+@all", "allkeys", "resetchannels")
            wire = RedisWire(log)
            reader = wire.reports("r1.1", is_new=True)
            reports: list[Report] = [Taken("w", "pid 1"), Ended(Exit(0))]
            for report in reports:
                await wire.report("r1.1", report)
            assert [report for _, report in await reader.next(0.1)] == reports
            reader.close()

    asyncio.run(main())
