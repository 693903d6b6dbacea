"""`@at`: a schedule with one scheduled time."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scheduler.schedule.only_after import OnlyAfter
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.time_zone import LocalTime


class At(msgspec.Struct, frozen=True):
    """`@at 2027-01-01T09:00:00+01:00`: one instant (UTC). `local` is what is written, where it has no offset."""

    text: str
    instant: datetime
    local: LocalTime | None = None

    @property
    def at_start(self) -> bool:
        return False

    def next_after(self, moment: datetime) -> datetime | None:
        return self.instant if self.instant > moment else None

    def last_before(self, moment: datetime) -> datetime | None:
        return self.instant if self.instant < moment else None

    def after_step_back(self, handled: datetime) -> Schedule:
        return OnlyAfter(self, handled)

    def after_correction(self, handled: datetime) -> Schedule:
        """Do not run again: it names a date, so a second occurrence is never meant."""
        return OnlyAfter(self, handled)
