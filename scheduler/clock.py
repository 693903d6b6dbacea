"""The only owner of time: the wall clock, the steady clock, and sleeping on them.

Wall time is an aware UTC `datetime`; people and time servers may step it. Steady time is a float of seconds that only
moves forward and measures durations; it is the event loop's own time, so `asyncio.sleep` and timeouts follow it. On
the virtual clock both are data: the loop jumps from one timer to the next, and a simulated day takes a moment.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from scheduler.clock_set import ClockSetWatch

T = TypeVar("T")

LONGEST_SLEEP = 30.0
"""Seconds. Where the kernel does not report that the wall clock was set, that is noticed at the latest after this."""

WATCHED = 1.0
"""Seconds. During longer sleeps the wall clock is watched for being set; after shorter ones it is read anyway."""

COARSE = 0.001
"""Seconds. epoll, which asyncio sleeps on, rounds up to whole milliseconds: 0.95 ms late in the median. The last one is
therefore slept on the thread, which blocks the loop for no longer than a launch does."""

FINE = 0.0001
"""Seconds. A thread wakes 0.08 ms late, so the last tenth of a millisecond is spent awake."""

SLACK = 0.001
"""The part of a sleep by which Linux lets epoll be late, to wake several sleepers at once: 30 ms in LONGEST_SLEEP."""


def rfc3339(moment: datetime) -> str:
    """A UTC instant as text for programs, to the millisecond where it has a fraction."""
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


class Clock(Protocol):
    """All that the program does with time."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""
        ...

    def steady(self) -> float:
        """Seconds that never jump; only differences mean something."""
        ...

    async def sleep_until(self, moment: datetime | None, wake: asyncio.Event) -> None:
        """Sleep until the wall clock reaches `moment` (None: for ever) or `wake` is set.

        May return early, and with `wake` set: the caller clears it, looks at the clock again and decides.
        """
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def steady(self) -> float:
        return time.monotonic()

    async def sleep_until(self, moment: datetime | None, wake: asyncio.Event) -> None:
        """Sleeps at most LONGEST_SLEEP; `wake` is set when the wall clock is set meanwhile.

        Long sleeps end early by as much as the system may be late; the caller's next one is short and precise.
        """
        seconds = LONGEST_SLEEP if moment is None else (moment - self.now()).total_seconds()
        with suppress(TimeoutError), _waking(wake) if seconds > WATCHED else nullcontext():
            async with asyncio.timeout(min(seconds - seconds * SLACK - COARSE, LONGEST_SLEEP)):
                await wake.wait()
        rest = 0.0 if moment is None or wake.is_set() else (moment - self.now()).total_seconds()
        if 0 < rest <= COARSE:
            end = self.steady() + rest
            time.sleep(max(0.0, rest - FINE))  # noqa: ASYNC251 - on purpose, see COARSE
            while self.steady() < end:
                pass


@contextmanager
def _waking(wake: asyncio.Event) -> Iterator[None]:
    """Set `wake` when the wall clock is set within the block, as far as the kernel reports it."""
    try:
        watch = ClockSetWatch(wake.set)
    except OSError:
        yield
        return
    try:
        yield
    finally:
        watch.close()


class VirtualClock:
    """Time as data, for tests and simulations: `run` drives a coroutine and nothing ever waits."""

    def __init__(self, start: datetime) -> None:
        self._wall_at_zero = start
        self._microseconds = 0
        self._sleepers: set[asyncio.Event] = set()

    def now(self) -> datetime:
        return self._wall_at_zero + timedelta(microseconds=self._microseconds)

    def steady(self) -> float:
        return self._microseconds / 1_000_000

    async def sleep_until(self, moment: datetime | None, wake: asyncio.Event) -> None:
        """Sleeps in one piece; `step` wakes every sleeper, which on the machine takes up to LONGEST_SLEEP.

        The timer sets `wake` itself: a timeout, which cancels and catches, would cost a simulation a tenth of its time.
        """
        timer = None
        if moment is not None:
            timer = asyncio.get_running_loop().call_later((moment - self.now()).total_seconds(), wake.set)
        self._sleepers.add(wake)
        try:
            await wake.wait()
        finally:
            self._sleepers.discard(wake)
            if timer is not None:
                timer.cancel()

    def step(self, by: timedelta) -> None:
        """Set the wall clock forward or back, as a person or a time server does; steady time does not notice."""
        self._wall_at_zero += by
        for wake in self._sleepers:
            wake.set()

    def advance(self, seconds: float) -> None:
        """Let both clocks move on, in whole microseconds: sums of floats would miss the instants they aim at."""
        self._microseconds += round(seconds * 1_000_000)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run `main` to its end on this clock. RuntimeError when nothing is left that could wake it."""
        with asyncio.Runner(loop_factory=lambda: _VirtualLoop(self)) as runner:
            return runner.run(main)


class _VirtualLoop(asyncio.BaseEventLoop):
    """An event loop that, where another would wait for its selector, moves a VirtualClock.

    It has no descriptors: children and sockets cannot be used on it.
    """

    _selector: _VirtualLoop
    _clock_resolution: float

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock
        self._clock_resolution = 1e-6
        self._selector = self

    def time(self) -> float:
        return self._clock.steady()

    def select(self, timeout: float | None) -> list[Any]:
        """What the base loop calls when nothing is ready: `timeout` is the time to the next timer."""
        if timeout is None:
            raise RuntimeError("the virtual clock has nothing left to wait for")
        if timeout > 0:
            self._clock.advance(timeout)
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        """Nothing: there are no descriptors."""

    def _write_to_self(self) -> None:
        """Nothing to wake: everything happens on this thread."""
