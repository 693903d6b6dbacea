"""What a wall clock must show for a job to be due: seven fields, without any time zone."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from scheduler.schedule.field import Field, FieldName

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)

_LOOKS = 38
"""Dates among which is one of any schedule that comes every month: a month of days, the one by which a named month is
entered, and the six by which a second Friday moves from one year to the next."""


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

    @property
    def comes_every_month(self) -> bool:
        """Whether every month has a date that the day fields name, however short it is.

        Of what does not, such as 29 February or a fifth Friday, the next one may be years away: croniter is asked from
        the first question on, so that it is loaded with the file and not in the middle of a tick.
        """
        by_day = bool(self.day.special) or min(self.day.values) <= 28
        by_weekday = bool(self.day_of_week.values) or any(item[1:] != "#5" for item in self.day_of_week.special)
        if self.either_day:
            comes = by_day or by_weekday
        else:
            comes = (by_day and self.day_of_week.is_full) or (by_weekday and self.day.is_full)
        return comes and self.year.is_full

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
        if self.comes_every_month:
            first = wall.replace(
                hour=min(self.hour.values),
                minute=min(self.minute.values),
                second=min(self.second.values),
                microsecond=0,
            )
            for _ in range(_LOOKS):
                first = first + _DAY if first.month in self.month.values else self._next_month(first)
                if self.names_date(first):
                    return first
        return self._search(wall, back=False)

    def previous_match(self, wall: datetime) -> datetime | None:
        """A match before `wall`, and nearly always the last one: of rare dates croniter's way back is less sure."""
        latest = wall - _MICROSECOND
        earlier = self._earlier_that_day(latest)
        if earlier is not None and self.names_date(latest):
            return earlier
        if self.comes_every_month:
            last = latest.replace(
                hour=max(self.hour.values),
                minute=max(self.minute.values),
                second=max(self.second.values),
                microsecond=0,
            )
            for _ in range(_LOOKS):
                last = last - _DAY if last.month in self.month.values else self._previous_month(last)
                if self.names_date(last):
                    return last
        return self._search(wall, back=True)

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

    def _previous_month(self, wall: datetime) -> datetime:
        """Its time on the last day of the month before that is named."""
        month = _below(self.month.values, wall.month)
        year = wall.year if month is not None else wall.year - 1
        month = month or max(self.month.values)
        return wall.replace(year=year, month=month, day=monthrange(year, month)[1])

    def _earlier_that_day(self, wall: datetime) -> datetime | None:
        """The last time up to that of `wall` on its date, should the job be due on that date."""
        hours, minutes, seconds = self.hour.values, self.minute.values, self.second.values
        if wall.hour in hours:
            if wall.minute in minutes and (second := _below(seconds, wall.second + 1)) is not None:
                return wall.replace(second=second, microsecond=0)
            if (minute := _below(minutes, wall.minute)) is not None:
                return wall.replace(minute=minute, second=max(seconds), microsecond=0)
        if (hour := _below(hours, wall.hour)) is None:
            return None
        return wall.replace(hour=hour, minute=max(minutes), second=max(seconds), microsecond=0)

    def _search(self, wall: datetime, *, back: bool) -> datetime | None:
        from scheduler.schedule.rare import search  # noqa: PLC0415 - loads croniter

        return search(self._expression(), wall, either_day=self.either_day, back=back)

    def _expression(self) -> str:
        """The same in the part of croniter's dialect that it reads as everybody does."""
        texts = {field.name: field.canonical() for field in self}
        if self.either_day and "*" in {texts[FieldName.DAY], texts[FieldName.DAY_OF_WEEK]}:
            # One of two is enough, and one is always true.
            texts[FieldName.DAY] = texts[FieldName.DAY_OF_WEEK] = "*"
        names = [FieldName.MINUTE, FieldName.HOUR, FieldName.DAY, FieldName.MONTH, FieldName.DAY_OF_WEEK]
        if texts[FieldName.YEAR] != "*":
            names += [FieldName.SECOND, FieldName.YEAR]
        elif texts[FieldName.SECOND] != "0":
            names.append(FieldName.SECOND)
        return " ".join(texts[name] for name in names)


def _above(values: frozenset[int], low: int) -> int | None:
    return min((value for value in values if value > low), default=None)


def _below(values: frozenset[int], high: int) -> int | None:
    return max((value for value in values if value < high), default=None)
