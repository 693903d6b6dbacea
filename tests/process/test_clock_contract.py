"""The virtual clock and the machine's keep the same promises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scheduler.clock import Clock, SystemClock, VirtualClock

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["virtual", "system"])
def clock_and_run(request: pytest.FixtureRequest) -> tuple[Clock, Run]:
    if request.param == "system":
        return SystemClock(), asyncio.run
    virtual = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    return virtual, virtual.run


def test_it_wakes_at_the_moment_and_not_before(clock_and_run: tuple[Clock, Run]) -> None:
    clock, run = clock_and_run

    async def main() -> None:
        moment = clock.now() + timedelta(seconds=0.05)
        before = clock.steady()
        await clock.sleep_until(moment, asyncio.Event())
        assert clock.now() >= moment
        assert clock.steady() - before >= 0.049

    run(main())


def test_a_moment_in_the_past_is_over(clock_and_run: tuple[Clock, Run]) -> None:
    clock, run = clock_and_run

    async def main() -> None:
        await clock.sleep_until(clock.now() - timedelta(days=1), asyncio.Event())

    run(main())


@pytest.mark.parametrize("moment", [None, timedelta(days=1)])
def test_it_can_be_woken(clock_and_run: tuple[Clock, Run], moment: timedelta | None) -> None:
    clock, run = clock_and_run

    async def main() -> None:
        wake = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, wake.set)
        before = clock.steady()
        await clock.sleep_until(None if moment is None else clock.now() + moment, wake)
        assert clock.steady() - before < 5

    run(main())
