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

    def next_after_step_back(self, moment: datetime, taken: datetime) -> datetime | None:
        """The next fire time after the wall clock was set back to `moment` by at most three hours.

        `taken` is the latest slot already decided. Schedules that follow the wall's hours and minutes one by one
        (wildcard cron, `@every`) go on from `moment`; fixed-time ones never name a slot up to `taken` again.
        """
        ...

    def next_after_correction(self, moment: datetime, taken: datetime) -> datetime | None:
        """The next fire time after the wall clock was corrected to `moment`, more than three hours back.

        All is asked afresh, except that an `@at` up to `taken` stays taken.
        """
        ...
