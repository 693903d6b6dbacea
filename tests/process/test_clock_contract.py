"""The virtual clock and the machine's keep the same promises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler.clock import Clock, SystemClock
from scheduler.virtual_clock import VirtualClock

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


def test_a_clock_that_is_set_wakes_the_sleeper_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """B17: a timer that expires stands in for one that the kernel cancels, since a test must not set the clock."""
    monkeypatch.setattr("scheduler.clock_set.FAR", 0.05)

    async def main() -> None:
        clock, wake = SystemClock(), asyncio.Event()
        for _ in range(2):  # it is armed anew
            before = clock.steady()
            await clock.sleep_until(clock.now() + timedelta(days=1), wake)
            assert wake.is_set()
            assert clock.steady() - before < 5
            wake.clear()

    asyncio.run(main())


def test_the_kernel_takes_a_timer_that_it_cancels_when_the_clock_is_set() -> None:
    """B17"""

    async def main() -> str:
        sleeping = asyncio.create_task(SystemClock().sleep_until(None, asyncio.Event()))
        await asyncio.sleep(0.01)
        info = timers()
        sleeping.cancel()
        await asyncio.wait([sleeping])
        assert timers() == ""
        return info

    info = asyncio.run(main())
    assert "clockid: 0" in info
    assert "settime flags: 03" in info


def timers() -> str:
    found = (each.read_text() for each in Path("/proc/self/fdinfo").iterdir() if each.exists())
    return "".join(text for text in found if "settime flags" in text)


def test_without_such_a_timer_in_the_kernel_it_still_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """B17"""
    monkeypatch.setattr("scheduler.clock_set._TFD_FLAGS", 0x40000000)
    monkeypatch.setattr("scheduler.clock.WATCHED", 0.0)

    async def main() -> None:
        clock = SystemClock()
        moment = clock.now() + timedelta(seconds=0.05)
        await clock.sleep_until(moment, asyncio.Event())
        assert clock.now() >= moment - timedelta(seconds=0.002)

    asyncio.run(main())
