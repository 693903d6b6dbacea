"""The virtual clock, and the clock of the machine."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from scheduler.clock import COARSE, LONGEST_SLEEP, SLACK, SystemClock
from scheduler.virtual_clock import VirtualClock

START = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_machines_wall_clock_is_aware_and_in_utc() -> None:
    with freeze_time("2026-03-01T12:00:00"):
        now = SystemClock().now()
    assert (now, now.utcoffset()) == (datetime(2026, 3, 1, 12, tzinfo=UTC), timedelta(0))


def test_the_machines_clock_never_sleeps_so_long_that_a_step_goes_unnoticed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    timeout = asyncio.timeout

    def noting(seconds: float) -> asyncio.Timeout:
        asked.append(seconds)
        return timeout(0)

    monkeypatch.setattr(asyncio, "timeout", noting)

    async def main() -> None:
        with freeze_time("2026-03-01", real_asyncio=True):
            for moment in (None, START + timedelta(days=1), START + timedelta(seconds=10)):
                await SystemClock().sleep_until(moment, asyncio.Event())

    def early(seconds: float) -> float:
        return seconds * (1 - SLACK) - COARSE

    asyncio.run(main())
    assert asked == pytest.approx([early(LONGEST_SLEEP), LONGEST_SLEEP, early(10.0)], abs=0.0001)
    assert max(asked) <= LONGEST_SLEEP


def test_a_virtual_day_is_in_order_and_exact_to_the_microsecond() -> None:
    clock = VirtualClock(START)
    seen: list[datetime] = []

    async def main() -> None:
        moment = START
        for _ in range(1440):
            moment += timedelta(seconds=60.1)
            await clock.sleep_until(moment, asyncio.Event())
            seen.append(clock.now())

    clock.run(main())
    assert seen == [START + timedelta(seconds=60.1) * n for n in range(1, 1441)]
    assert clock.steady() == pytest.approx(1440 * 60.1)


def test_sleeps_and_timeouts_of_asyncio_follow_the_virtual_clock() -> None:
    clock = VirtualClock(START)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.Event().wait()
        await asyncio.sleep(60)

    clock.run(main())
    assert clock.now() == START + timedelta(seconds=3660)


def test_a_step_wakes_sleepers_and_leaves_steady_time_alone() -> None:
    clock = VirtualClock(START)

    async def main() -> None:
        wake = asyncio.Event()
        asyncio.get_running_loop().call_later(10, clock.step, timedelta(hours=-1))
        await clock.sleep_until(START + timedelta(minutes=5), wake)
        assert clock.now() == START + timedelta(seconds=10, hours=-1)
        assert clock.steady() == 10

    clock.run(main())


def test_waiting_for_an_impossible_condition_is_an_error_instead_of_a_hang() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="nothing left to wait for"):
        VirtualClock(START).run(main())


def test_calls_at_one_virtual_instant_are_made_in_the_order_in_which_they_were_scheduled() -> None:
    made: list[int] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number in range(100):
            loop.call_later(5, made.append, number)
        await asyncio.sleep(6)

    VirtualClock(START).run(main())
    assert made == list(range(100))


def test_the_virtual_clock_does_not_stop_at_a_cancelled_timer() -> None:
    clock = VirtualClock(START)

    async def main() -> None:
        asyncio.get_running_loop().call_later(3600, print).cancel()
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="nothing left to wait for"):
        clock.run(main())
    assert clock.now() == START


def test_an_error_in_a_virtual_call_is_reported_and_the_loop_goes_on() -> None:
    reported: list[object] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: reported.append(context["exception"]))
        loop.call_soon(int, "no number")
        await asyncio.sleep(1)

    VirtualClock(START).run(main())
    assert [type(error) for error in reported] == [ValueError]
