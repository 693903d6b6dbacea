"""The only owner of time: the wall clock, the steady clock, and sleeping on them.

Wall time is an aware UTC `datetime`; people and time servers may step it. Steady time is a float of seconds that only
moves forward and measures durations; it is the event loop's own time, so `asyncio.sleep` and timeouts follow it. On
the virtual clock (`virtual_clock.py`) both are data.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from typing import Protocol

from scheduler.clock_set import ClockSetWatch

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
