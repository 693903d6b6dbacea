"""What every schedule can answer. All instants are aware UTC datetimes; a schedule is a frozen, comparable value."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Schedule(Protocol):
    """When a job is due: a pure function of the schedule's text, its time zone and, for `H`, the job's name."""

    @property
    def text(self) -> str:
        """The schedule as a person would write it on one line."""
        ...

    @property
    def at_start(self) -> bool:
        """Whether the job is also due when schedd starts (`@reboot`)."""
        ...

    def next_after(self, moment: datetime) -> datetime | None:
        """The first fire time strictly after `moment`, or None when there is none."""
        ...

    def last_before(self, moment: datetime) -> datetime | None:
        """The latest fire time strictly before `moment`, or None when there is none."""
        ...

    def after_step_back(self, taken: datetime) -> Schedule:
        """What to ask from now on, since the wall clock was set back by at most three hours.

        `taken` is the latest slot already decided. Schedules that follow the wall's hours and minutes one by one
        (wildcard cron, `@every`) are as they were; fixed-time ones never name a slot up to `taken` again.
        """
        ...

    def after_correction(self, taken: datetime) -> Schedule:
        """What to ask from now on, since the wall clock was set back by more than three hours.

        All is asked afresh, except that an `@at` up to `taken` stays taken.
        """
        ...
