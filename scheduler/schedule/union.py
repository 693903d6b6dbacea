"""Several schedules as one: a list of schedules in the file."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scheduler.schedule.schedule import Schedule


class Union(msgspec.Struct, frozen=True):
    """Every scheduled time of any of `parts`; one where several coincide."""

    text: str
    parts: tuple[Schedule, ...]

    @property
    def at_start(self) -> bool:
        return any(part.at_start for part in self.parts)

    def next_after(self, moment: datetime) -> datetime | None:
        return min((at for part in self.parts if (at := part.next_after(moment))), default=None)

    def last_before(self, moment: datetime) -> datetime | None:
        return max((at for part in self.parts if (at := part.last_before(moment))), default=None)

    def after_step_back(self, handled: datetime) -> Schedule:
        """Apply each part's own rule."""
        return Union(self.text, tuple(part.after_step_back(handled) for part in self.parts))

    def after_correction(self, handled: datetime) -> Schedule:
        """Apply each part's own rule."""
        return Union(self.text, tuple(part.after_correction(handled) for part in self.parts))
