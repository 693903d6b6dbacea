"""What a wall clock must show for a job to be due: seven fields, without any time zone. What is far off croniter finds.

Only this module sees croniter. It gets plain numbers in the shape that it reads as everybody does, and naive times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec
from croniter import CroniterBadDateError, croniter

from scheduler.schedule.field import Field, FieldName

_DAY = timedelta(days=1)

_LOOKS = 32
"""Dates ahead that are looked at before croniter is asked for something as rare as 29 February: a month of days, and
the one on which a month begins that is not named. Most files then never make a croniter, which alone takes three times
as long as to look at all these."""


class Pattern(msgspec.Struct, frozen=True):
    """The fields of a cron expression or mapping. Wall times are naive.

    `either_day` is whether one of the day fields is enough: cron joins them by OR only when neither begins with `*`.
    """

    second: Field
    minute: Field
    hour: Field
    day: Field
    month: Field
    day_of_week: Field
    year: Field
    either_day: bool

    @classmethod
    def of(cls, fields: Mapping[FieldName, Field]) -> Pattern:
        """The pattern of all seven fields."""
        either_day = not (fields[FieldName.DAY].starred or fields[FieldName.DAY_OF_WEEK].starred)
        return cls(
            second=fields[FieldName.SECOND],
            minute=fields[FieldName.MINUTE],
            hour=fields[FieldName.HOUR],
            day=fields[FieldName.DAY],
            month=fields[FieldName.MONTH],
            day_of_week=fields[FieldName.DAY_OF_WEEK],
            year=fields[FieldName.YEAR],
            either_day=either_day,
        )

    def __iter__(self) -> Iterator[Field]:
        """From the finest to the coarsest, the two day fields around the month as in a crontab."""
        yield from (self.second, self.minute, self.hour, self.day, self.month, self.day_of_week, self.year)

    @property
    def is_fixed(self) -> bool:
        """cron(8)'s fixed-time job: neither minute nor hour begins with `*`. The others follow real time."""
        return not (self.minute.starred or self.hour.starred)

    def names_date(self, wall: datetime) -> bool:
        """Whether the job is due on the date of this wall time, at whatever time of day."""
        if wall.month not in self.month.values or wall.year not in self.year.values:
            return False
        by_day = self.day.matches(wall)
        return by_day if by_day is self.either_day else self.day_of_week.matches(wall)

    def names_any_date(self, first: datetime, last: datetime) -> bool:
        """Whether the job is due on any date from that of `first` to that of `last`."""
        return any(self.names_date(first + n * _DAY) for n in range((last.date() - first.date()).days + 1))

    def names(self, wall: datetime) -> bool:
        """Whether the job is due when the wall clock shows this second."""
        times = (self.hour, self.minute, self.second)
        return all(field.matches(wall) for field in times) and self.names_date(wall)

    def next_match(self, wall: datetime) -> datetime | None:
        """The first match strictly after `wall`; None when there is none for fifty years."""
        later = self._later_that_day(wall)
        if later is not None and self.names_date(wall):
            return later
        first = wall.replace(
            hour=min(self.hour.values), minute=min(self.minute.values), second=min(self.second.values), microsecond=0
        )
        for _ in range(_LOOKS):
            if first.month in self.month.values:
                first += _DAY
            else:
                first = self._next_month(first)
            if self.names_date(first):
                return first
        try:
            found: datetime = self._engine().get_next(datetime, start_time=wall)
        except CroniterBadDateError:
            return None
        return found

    def _next_month(self, wall: datetime) -> datetime:
        """Its time on the first day of the next month that is named."""
        month = _above(self.month.values, wall.month)
        if month is None:
            return wall.replace(year=wall.year + 1, month=min(self.month.values), day=1)
        return wall.replace(month=month, day=1)

    def _later_that_day(self, wall: datetime) -> datetime | None:
        """The first time after that of `wall` on its date, should the job be due on that date."""
        hours, minutes, seconds = self.hour.values, self.minute.values, self.second.values
        if wall.hour in hours:
            if wall.minute in minutes and (second := _above(seconds, wall.second)) is not None:
                return wall.replace(second=second, microsecond=0)
            if (minute := _above(minutes, wall.minute)) is not None:
                return wall.replace(minute=minute, second=min(seconds), microsecond=0)
        if (hour := _above(hours, wall.hour)) is None:
            return None
        return wall.replace(hour=hour, minute=min(minutes), second=min(seconds), microsecond=0)

    def previous_match(self, wall: datetime) -> datetime | None:
        """A match before `wall`, and mostly the last one: croniter's way back is less sure than its way forward."""
        try:
            found: datetime = self._engine().get_prev(datetime, start_time=wall)
        except CroniterBadDateError:
            return None
        return found

    def _engine(self) -> croniter:
        texts = {field.name: field.canonical() for field in self}
        if self.either_day and "*" in {texts[FieldName.DAY], texts[FieldName.DAY_OF_WEEK]}:
            # One of two is enough, and one is always true.
            texts[FieldName.DAY] = texts[FieldName.DAY_OF_WEEK] = "*"
        names = [FieldName.MINUTE, FieldName.HOUR, FieldName.DAY, FieldName.MONTH, FieldName.DAY_OF_WEEK]
        if texts[FieldName.YEAR] != "*":
            names += [FieldName.SECOND, FieldName.YEAR]
        elif texts[FieldName.SECOND] != "0":
            names.append(FieldName.SECOND)
        return _croniter(" ".join(texts[name] for name in names), self.either_day)


def _above(values: frozenset[int], low: int) -> int | None:
    return min((value for value in values if value > low), default=None)


@lru_cache(maxsize=4096)
def _croniter(expression: str, either_day: bool) -> croniter:
    """One mutable croniter for each expression of five fields, of six with the seconds last, or of seven with the year
    after them. Every question brings its own start time.

    Fifty years are enough for 29 February on a weekday; with years named, the search must reach the last of them.
    """
    years = 50 if len(expression.split()) < 7 else 200
    return croniter(expression, 0.0, day_or=either_day, max_years_between_matches=years)
