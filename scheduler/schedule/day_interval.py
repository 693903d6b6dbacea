"""`DayInterval`: the wall times of `@every 2w from 2026-01-02T17:00`."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec


class DayInterval(msgspec.Struct, frozen=True):
    """One time of day every `days` calendar days, the first at the naive wall time `first`."""

    first: datetime
    days: int

    @property
    def is_fixed(self) -> bool:
        return True

    @property
    def is_hourly(self) -> bool:
        return False

    def next_match(self, wall: datetime) -> datetime | None:
        """Return the first match strictly after `wall`."""
        return self.first if wall < self.first else self._at((wall - self.first) // timedelta(self.days) + 1)

    def previous_match(self, wall: datetime) -> datetime | None:
        """Return the last match strictly before `wall`, or None before the first one."""
        return (
            self._at((wall - self.first - datetime.resolution) // timedelta(self.days)) if wall > self.first else None
        )

    def names(self, wall: datetime) -> bool:
        """Whether this wall time is a match."""
        return wall >= self.first and (wall - self.first) % timedelta(self.days) == timedelta()

    def names_any_date(self, first: datetime, last: datetime) -> bool:
        """Whether any date from that of `first` to that of `last` has a match."""
        start = datetime.combine(first.date(), self.first.time())
        match = self.next_match(start - datetime.resolution)
        return match is not None and match.date() <= last.date()

    def _at(self, count: int) -> datetime | None:
        try:
            return self.first + timedelta(count * self.days)
        except OverflowError:
            return None
