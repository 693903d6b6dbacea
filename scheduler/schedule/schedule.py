"""The `Schedule` protocol: what every kind of schedule can answer.

All instants are aware UTC datetimes. A schedule is a frozen, comparable value.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Schedule(Protocol):
    """When a job is due: a pure function of the schedule's text, its time zone and, for `H`, the job's name."""

    @property
    def text(self) -> str:
        """The schedule on one line, as it can be written in the file."""
        ...

    @property
    def at_start(self) -> bool:
        """Whether the job is also due when schedd starts (`@reboot`)."""
        ...

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first scheduled time strictly after `moment`, or None when there is none."""
        ...

    def last_before(self, moment: datetime) -> datetime | None:
        """Return the latest scheduled time strictly before `moment`, or None when there is none."""
        ...

    def after_step_back(self, handled: datetime) -> Schedule:
        """Return the schedule to use after the wall clock was set back by at most three hours.

        `handled` is the latest scheduled time that has a decision already. Fixed-time schedules never return a time
        up to `handled` again. Schedules that follow real time (wildcard cron, `@every`) are unchanged.
        """
        ...

    def after_correction(self, handled: datetime) -> Schedule:
        """Return the schedule to use after the wall clock was set back by more than three hours.

        Everything is computed again, except that an `@at` up to `handled` does not run again.
        """
        ...
