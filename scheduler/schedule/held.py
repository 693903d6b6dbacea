"""What is left of a schedule whose latest slots were taken before the wall clock was set back."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scheduler.schedule.schedule import Schedule


class Held(msgspec.Struct, frozen=True):
    """A schedule that names no slot up to `taken` again."""

    schedule: Schedule
    taken: datetime

    @property
    def text(self) -> str:
        return self.schedule.text

    @property
    def at_start(self) -> bool:
        return self.schedule.at_start

    def next_after(self, moment: datetime) -> datetime | None:
        return self.schedule.next_after(max(moment, self.taken))

    def last_before(self, moment: datetime) -> datetime | None:
        at = self.schedule.last_before(moment)
        return at if at is not None and at > self.taken else None

    def after_step_back(self, taken: datetime) -> Schedule:
        """Set back again; in between the clock need not have come as far as before."""
        return self.schedule.after_step_back(max(taken, self.taken))

    def after_correction(self, taken: datetime) -> Schedule:
        return self.schedule.after_correction(max(taken, self.taken))
