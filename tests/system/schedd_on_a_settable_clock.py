"""Runs schedd on a wall clock that is off by as many seconds as the file $CLOCK_OFFSET says at the moment.

    python schedd_on_a_settable_clock.py FILE [OPTION ...]

The process, its loop, its children and its sleeps are real; only what it reads as the time of day can be set, as a
person with `date --set` would.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from scheduler.cli.console import schedd
from scheduler.clock import SystemClock

offset = Path(os.environ["CLOCK_OFFSET"])
real_now = SystemClock.now


def now(self: SystemClock) -> datetime:
    """The machine's time, shifted."""
    return real_now(self) + timedelta(seconds=float(offset.read_text()))


SystemClock.now = now  # type: ignore[method-assign]
schedd()
