"""Runs schedd with a bug in the part of it that $FAULT names, as soon as the file $FAULT_FILE exists.

python schedd_with_a_fault.py FILE [OPTION ...]
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime

from scheduler.cli.console import schedd
from scheduler.clock import SystemClock
from scheduler.engine.timetable import Due, Timetable

file = os.environ["FAULT_FILE"]
real_sleep, real_take = SystemClock.sleep_until, Timetable.take


class InjectedError(Exception):
    """The bug."""


async def sleep_until(self: SystemClock, moment: datetime | None, wake: asyncio.Event) -> None:
    """Sleep, with a bug, or without ever waking up."""
    await real_sleep(self, moment, wake)
    if os.path.exists(file):  # noqa: ASYNC240, PTH110
        if os.environ["FAULT"] == "hang":
            await asyncio.sleep(1000)
        raise InjectedError


def take(self: Timetable, now: datetime) -> list[Due]:
    """Take what is due, with a bug."""
    if os.path.exists(file):  # noqa: PTH110
        raise InjectedError
    return real_take(self, now)


if os.environ["FAULT"] == "timetable":
    Timetable.take = take  # type: ignore[method-assign]
else:
    SystemClock.sleep_until = sleep_until  # type: ignore[method-assign]
schedd()
