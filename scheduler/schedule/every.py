"""Schedules at a regular interval: `@every`."""
# ruff: noqa: ARG002 - implements the whole protocol

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from scheduler.schedule.schedule import Schedule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Every(msgspec.Struct, frozen=True):
    """`@every 90s`: the multiples of `interval` since 1970-01-01T00:00Z, so that a restart never shifts them."""

    text: str
    interval: timedelta

    @property
    def at_start(self) -> bool:
        return False

    def next_after(self, moment: datetime) -> datetime | None:
        return self._on_grid((moment - _EPOCH) // self.interval + 1)

    def last_before(self, moment: datetime) -> datetime | None:
        return self._on_grid((moment - _EPOCH - datetime.resolution) // self.interval)

    def after_step_back(self, handled: datetime) -> Schedule:
        """Continue from the new time: an interval has no time of day that could occur twice."""
        return self

    def after_correction(self, handled: datetime) -> Schedule:
        return self

    def _on_grid(self, count: int) -> datetime | None:
        try:
            return _EPOCH + count * self.interval
        except OverflowError:
            return None  # outside of the years 1 to 9999
