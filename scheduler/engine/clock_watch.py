"""Notices steps of the wall clock and suspends, from one tick of the loop to the next."""

from __future__ import annotations

from datetime import datetime

from scheduler.clock import Clock
from scheduler.engine.events import Announcer, ClockJumped
from scheduler.engine.timetable import Timetable
from scheduler.schedule import LARGEST_STEP

STEP_REPORTED = 1.0
"""Seconds between wall and steady time that are reported as a jump of the clock; time servers slew less than this."""

ABSENCE_REPORTED = 5.0
"""Seconds after a scheduled time at which schedd must have been stopped, suspended or starved, rather than busy."""


class ClockWatch:
    """Owns the engine's position in time: `seen` and `seen_steady` are the clocks at the last tick."""

    def __init__(self, clock: Clock, timetable: Timetable, announce: Announcer) -> None:
        self._clock = clock
        self._timetable = timetable
        self._announce = announce
        self.seen = self._latest = clock.now()
        self.seen_steady = clock.steady()

    def overdue(self) -> float:
        """Seconds since the next scheduled time, at most since the last tick: right after a suspend nothing is late."""
        silent = self._clock.steady() - self.seen_steady
        due = self._timetable.next_at
        return 0.0 if due is None else min(silent, (self._clock.now() - due).total_seconds())

    def look(self, now: datetime) -> None:
        """Report that the wall clock was set or that schedd was suspended; a step back changes the next times."""
        steady = self._clock.steady()
        stepped = (now - self.seen).total_seconds() - (steady - self.seen_steady)
        due = self._timetable.next_at
        late = 0.0 if due is None else (now - due).total_seconds()
        if now < self.seen:
            by = self._latest - now
            self._timetable.set_back(now, by=by)
            if by > LARGEST_STEP:
                self._latest = now
        self.seen, self.seen_steady, self._latest = now, steady, max(now, self._latest)
        if abs(stepped) >= STEP_REPORTED:
            self._announce(ClockJumped(stepped, now))
        elif late >= ABSENCE_REPORTED:
            self._announce(ClockJumped(late, now))
