"""Schedules that need no calendar: every so often, once, when schedd starts, and several schedules as one."""
# ruff: noqa: ARG002 - each answers the whole protocol, also where it needs less to know

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from scheduler.schedule.held import Held
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

    def after_step_back(self, taken: datetime) -> Schedule:
        """Goes on from the new now: an interval names no time of day that could come twice."""
        return self

    def after_correction(self, taken: datetime) -> Schedule:
        return self

    def _on_grid(self, count: int) -> datetime | None:
        try:
            return _EPOCH + count * self.interval
        except OverflowError:
            return None  # beyond the years 1 to 9999


class At(msgspec.Struct, frozen=True):
    """`@at 2027-01-01T09:00:00+01:00`: one instant."""

    text: str
    instant: datetime

    @property
    def at_start(self) -> bool:
        return False

    def next_after(self, moment: datetime) -> datetime | None:
        return self.instant if self.instant > moment else None

    def last_before(self, moment: datetime) -> datetime | None:
        return self.instant if self.instant < moment else None

    def after_step_back(self, taken: datetime) -> Schedule:
        return Held(self, taken)

    def after_correction(self, taken: datetime) -> Schedule:
        """Stays taken: it names its date, so it cannot be meant twice."""
        return Held(self, taken)


class AtStart(msgspec.Struct, frozen=True):
    """`@reboot`: when schedd starts, and at no time of the clock."""

    text: str

    @property
    def at_start(self) -> bool:
        return True

    def next_after(self, moment: datetime) -> datetime | None:
        return None

    def last_before(self, moment: datetime) -> datetime | None:
        return None

    def after_step_back(self, taken: datetime) -> Schedule:
        return self

    def after_correction(self, taken: datetime) -> Schedule:
        return self


class Union(msgspec.Struct, frozen=True):
    """Several schedules as one: every fire time of any of them, once where they coincide."""

    text: str
    parts: tuple[Schedule, ...]

    @property
    def at_start(self) -> bool:
        return any(part.at_start for part in self.parts)

    def next_after(self, moment: datetime) -> datetime | None:
        return min((at for part in self.parts if (at := part.next_after(moment))), default=None)

    def last_before(self, moment: datetime) -> datetime | None:
        return max((at for part in self.parts if (at := part.last_before(moment))), default=None)

    def after_step_back(self, taken: datetime) -> Schedule:
        """Each part by its own rule."""
        return Union(self.text, tuple(part.after_step_back(taken) for part in self.parts))

    def after_correction(self, taken: datetime) -> Schedule:
        """Each part by its own rule."""
        return Union(self.text, tuple(part.after_correction(taken) for part in self.parts))
