"""A schedule without its scheduled times up to an instant, because they have run before the clock was set back."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scheduler.schedule.schedule import Schedule


class OnlyAfter(msgspec.Struct, frozen=True):
    """`schedule`, limited to scheduled times strictly after `handled`."""

    schedule: Schedule
    handled: datetime

    @property
    def text(self) -> str:
        return self.schedule.text

    @property
    def at_start(self) -> bool:
        return self.schedule.at_start

    def next_after(self, moment: datetime) -> datetime | None:
        return self.schedule.next_after(max(moment, self.handled))

    def last_before(self, moment: datetime) -> datetime | None:
        at = self.schedule.last_before(moment)
        return at if at is not None and at > self.handled else None

    def after_step_back(self, handled: datetime) -> Schedule:
        """Keep the later of both limits: between two steps the clock may not have reached the first one."""
        return self.schedule.after_step_back(max(handled, self.handled))

    def after_correction(self, handled: datetime) -> Schedule:
        return self.schedule.after_correction(max(handled, self.handled))
