"""Schedules at a regular interval: `@every`."""
# ruff: noqa: ARG002 - implements the whole protocol

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from scheduler.schedule.schedule import Schedule
from scheduler.schedule.time_zone import LocalTime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Every(msgspec.Struct, frozen=True):
    """`@every 90s`: the multiples of `interval` since 1970-01-01T00:00Z, so that a restart never shifts them.

    With `first` (`@every 90s from …`), the multiples since that instant (UTC), which is the first scheduled time.
    `local` is the start as it is written, where it has no offset.
    """

    text: str
    interval: timedelta
    first: datetime | None = None
    local: LocalTime | None = None

    @property
    def at_start(self) -> bool:
        return False

    def next_after(self, moment: datetime) -> datetime | None:
        if self.first is not None and moment < self.first:
            return self.first
        return self._on_grid((moment - self._origin) // self.interval + 1)

    def last_before(self, moment: datetime) -> datetime | None:
        if self.first is not None and moment <= self.first:
            return None
        return self._on_grid((moment - self._origin - datetime.resolution) // self.interval)

    def after_step_back(self, handled: datetime) -> Schedule:
        """Continue from the new time: an interval has no time of day that could occur twice."""
        return self

    def after_correction(self, handled: datetime) -> Schedule:
        return self

    @property
    def _origin(self) -> datetime:
        return self.first or _EPOCH

    def _on_grid(self, count: int) -> datetime | None:
        try:
            return self._origin + count * self.interval
        except OverflowError:
            return None  # outside of the years 1 to 9999
