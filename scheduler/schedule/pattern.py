"""`Pattern`: the wall times of a cron expression, without a time zone."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from scheduler.schedule.cron_field import Field, FieldName

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)

_DAYS_OF_EVERY_MONTH = frozenset(range(1, 29))

_MOST_DATES = 64
"""Dates to check until a match is certain, for a pattern that matches in every month: 31 days of a month, one date in
each of eleven excluded months, one in each excluded stretch of years, and the six days by which a second Friday moves
from one year to the next. It is also enough for the 29th, 30th and 31st, which come within eight years or never."""

_Beyond = Callable[[Field, int], int | None]


class Pattern(msgspec.Struct, frozen=True):
    """The fields of a cron expression or mapping. Wall times are naive.

    `either_day` is whether a match of one day field is enough: cron joins them by OR only when neither begins with `*`.
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
        """Build the pattern of all seven fields."""
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
        """Yield the fields from the finest to the coarsest, the month between the day fields as in a crontab."""
        yield from (self.second, self.minute, self.hour, self.day, self.month, self.day_of_week, self.year)

    @property
    def is_fixed(self) -> bool:
        """Whether neither minute nor hour begins with `*`: a fixed-time job of cron(8). Others follow real time."""
        return not (self.minute.starred or self.hour.starred)

    @property
    def is_hourly(self) -> bool:
        """Whether every hour has the same minutes and seconds."""
        return self.hour.is_full

    @property
    def comes_every_month(self) -> bool:
        """Whether the day fields match at least one date in every month, even the shortest.

        Other patterns, such as 29 February or a fifth Friday, may have their next match years later. They use croniter
        from the first search on, so that it is imported when the file is loaded and not while the engine is busy.
        """
        by_day = bool(self.day.special) or not self.day.values.isdisjoint(_DAYS_OF_EVERY_MONTH)
        by_weekday = bool(self.day_of_week.values) or any(item[1:] != "#5" for item in self.day_of_week.special)
        if self.either_day:
            return by_day or by_weekday
        return (by_day and self.day_of_week.is_full) or (by_weekday and self.day.is_full)

    def names_date(self, wall: datetime) -> bool:
        """Whether the pattern matches the date of this wall time, at some time of day."""
        if wall.month not in self.month.values or not (self.year.is_full or wall.year in self.year.values):
            return False
        by_day = self.day.is_full or self.day.matches(wall)
        if by_day is self.either_day:
            return by_day
        return self.day_of_week.is_full or self.day_of_week.matches(wall)

    def names_any_date(self, first: datetime, last: datetime) -> bool:
        """Whether the pattern matches any date from that of `first` to that of `last`, both included."""
        return any(self.names_date(first + n * _DAY) for n in range((last.date() - first.date()).days + 1))

    def names(self, wall: datetime) -> bool:
        """Whether the pattern matches this wall time, to the second."""
        times = (self.hour, self.minute, self.second)
        return all(field.matches(wall) for field in times) and self.names_date(wall)

    def next_match(self, wall: datetime) -> datetime | None:
        """Return the first match strictly after `wall`, or None when there is none for fifty years."""
        return self._match(wall, back=False)

    def previous_match(self, wall: datetime) -> datetime | None:
        """Return a match before `wall`: nearly always the last one, but croniter's `get_prev` can miss a rare date."""
        return self._match(wall if wall.microsecond == 0 else wall.replace(microsecond=0) + _SECOND, back=True)

    def _match(self, wall: datetime, *, back: bool) -> datetime | None:
        beyond, first, step = (_below, -1, -_DAY) if back else (_above, 0, _DAY)
        found = self._that_day(wall, beyond, first)
        if found is not None and self.names_date(wall):
            return found
        hour, minute, second = self.hour.ordered[first], self.minute.ordered[first], self.second.ordered[first]
        found = _at(wall, hour, minute, second) + step
        if self.names_date(found):  # most often the next day, which the search below would find slowly
            return found
        if self.comes_every_month or self.day_of_week.is_full:
            low, high = self._day_bounds
            is_every_day = high - low == 30 and self.month.is_full
            for _ in range(_MOST_DATES):
                if not self.year.matches(found):
                    year = beyond(self.year, found.year)
                    if year is None:
                        return None
                    found = found.replace(year=year, month=12 if back else 1, day=31 if back else 1) - step
                if not is_every_day:
                    found = self._skipped_back(found, low, high) if back else self._skipped(found, low, high)
                found += step
                if self.names_date(found):
                    return found
        return self._search(wall, back=back)

    @property
    def _day_bounds(self) -> tuple[int, int]:
        """The first and the last day of a month that may match."""
        if self.either_day:
            return 1, 31
        by_day, by_weekday = self.day.bounds, self.day_of_week.bounds
        return max(by_day[0], by_weekday[0]), min(by_day[1], by_weekday[1])

    def _skipped(self, found: datetime, low: int, high: int) -> datetime:
        """The last date from `found` on up to which none can match, where days from `low` to `high` may."""
        if found.month not in self.month.values:
            month = _above(self.month, found.month)
            return found.replace(month=12, day=31) if month is None else found.replace(month=month, day=1) - _DAY
        last = monthrange(found.year, found.month)[1]
        return found.replace(day=last if found.day >= high else min(last, max(found.day, low - 1)))

    def _skipped_back(self, found: datetime, low: int, high: int) -> datetime:
        """As `_skipped`, backwards."""
        if found.month not in self.month.values:
            month = _below(self.month, found.month)
            if month is None:
                return found.replace(month=1, day=1)
            return found.replace(month=month, day=monthrange(found.year, month)[1]) + _DAY
        return found.replace(day=1 if found.day <= low else min(found.day, high + 1))

    def _that_day(self, wall: datetime, beyond: _Beyond, first: int) -> datetime | None:
        """The nearest matching time of day after (or before) that of `wall`, on the same date.

        `first` is the place of the first value in this direction among those of a field.
        """
        if wall.hour in self.hour.values:
            if wall.minute in self.minute.values and (second := beyond(self.second, wall.second)) is not None:
                return _at(wall, wall.hour, wall.minute, second)
            if (minute := beyond(self.minute, wall.minute)) is not None:
                second = self.second.ordered[first]
                return _at(wall, wall.hour, minute, second)
        if (hour := beyond(self.hour, wall.hour)) is None:
            return None
        minute, second = self.minute.ordered[first], self.second.ordered[first]
        return _at(wall, hour, minute, second)

    def _search(self, wall: datetime, *, back: bool) -> datetime | None:
        from scheduler.schedule.croniter_search import search  # noqa: PLC0415 - loads croniter

        return search(_expression(self), wall, either_day=self.either_day, back=back)


def _at(date: datetime, hour: int, minute: int, second: int) -> datetime:
    """The time of day on a date. Takes half as long as `replace`."""
    return datetime(date.year, date.month, date.day, hour, minute, second)  # noqa: DTZ001 - wall times are naive


def _above(field: Field, low: int) -> int | None:
    ordered = field.ordered
    place = bisect_right(ordered, low)
    return ordered[place] if place < len(ordered) else None


def _below(field: Field, high: int) -> int | None:
    ordered = field.ordered
    place = bisect_left(ordered, high)
    return ordered[place - 1] if place else None


@lru_cache(maxsize=4096)
def _expression(pattern: Pattern) -> str:
    """The pattern in the subset of croniter's syntax that all cron implementations agree on."""
    texts = {field.name: field.canonical() for field in pattern}
    if pattern.either_day and "*" in {texts[FieldName.DAY], texts[FieldName.DAY_OF_WEEK]}:
        # One day field is enough, and one of them always matches.
        texts[FieldName.DAY] = texts[FieldName.DAY_OF_WEEK] = "*"
    names = [FieldName.MINUTE, FieldName.HOUR, FieldName.DAY, FieldName.MONTH, FieldName.DAY_OF_WEEK]
    if texts[FieldName.YEAR] != "*":
        names += [FieldName.SECOND, FieldName.YEAR]
    elif texts[FieldName.SECOND] != "0":
        names.append(FieldName.SECOND)
    return " ".join(texts[name] for name in names)
