"""Long work on the event loop, in slices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count

from scheduler.engine.slices import LONGEST_WAIT, Slices
from scheduler.virtual_clock import VirtualClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def iter_time(step: float) -> Callable[[], float]:
    """A clock on which each look takes so long."""
    times = count()
    return lambda: next(times) * step


def numbers(made: list[int]) -> Iterator[int]:
    for number in range(10):
        made.append(number)
        yield number


def test_work_is_done_in_slices_and_waits_while_runs_are_started() -> None:
    busy = [True]
    made: list[int] = []
    turns: list[int] = []

    async def script() -> None:
        slices = Slices(iter_time(0.0006), lambda: busy[0])
        works = [asyncio.create_task(slices.gather(numbers(made))) for _ in range(2)]
        await asyncio.sleep(1)
        assert made == [0, 1, 0, 1], "a short answer does not wait"
        busy[0] = False
        while not all(work.done() for work in works):
            before = len(made)
            await asyncio.sleep(0)
            turns.append(len(made) - before)
        assert [work.result() for work in works] == [list(range(10))] * 2

    VirtualClock(NOW).run(script())
    assert max(turns) <= 2, "one slice of 1 ms in a turn, of all works together"


def test_what_has_become_due_during_a_slice_comes_before_the_next_one() -> None:
    made: list[int] = []
    seen: list[int] = []

    async def script() -> None:
        loop = asyncio.get_running_loop()
        slices = Slices(iter_time(0.0006), lambda: False)
        works = [asyncio.create_task(slices.gather(numbers(made))) for _ in range(3)]
        loop.call_soon(lambda: loop.call_at(loop.time(), lambda: loop.call_soon(lambda: seen.append(len(made)))))
        await asyncio.wait(works)

    VirtualClock(NOW).run(script())
    assert seen == [2], "a timer and the task that it wakes came after the first slice"
    assert len(made) == 30


def test_work_does_not_wait_for_ever_for_a_schedd_that_is_always_busy() -> None:
    async def script() -> float:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        slices = Slices(loop.time, lambda: True)
        assert await slices.gather(numbers([])) == list(range(10))
        await slices.calm()
        return loop.time() - begin

    assert LONGEST_WAIT - 1 < VirtualClock(NOW).run(script()) < LONGEST_WAIT + 1
