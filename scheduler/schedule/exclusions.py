"""`Exclusions`: the dates and wall times of `except`, in a time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from scheduler.schedule.holiday_dates import HolidayDates
from scheduler.schedule.pattern import Pattern
from scheduler.schedule.time_zone import first_change, instant_of, latest_change, offset_at

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)

_WHOLE_DAY = (1 << 24 * 60) - 1

LONGEST = timedelta(days=20 * 366)
"""A job whose times are all excluded for this long never runs."""


class YearlyDate(NamedTuple):
    """A date of every year; 29 February only of leap years."""

    month: int
    day: int


class DateRange(NamedTuple):
    """Dates from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def text(self) -> str:
        """The range as it can be written in the file."""
        return f"{self.first}..{self.last}"

    def has(self, day: date) -> bool:
        """Whether the date is in the range."""
        return self.first <= day <= self.last


class YearlyRange(NamedTuple):
    """Dates of every year from `first` to `last`, both included; across the new year if first > last."""

    first: YearlyDate
    last: YearlyDate

    @property
    def text(self) -> str:
        """The range as it can be written in the file."""
        return "{:02}-{:02}..{:02}-{:02}".format(*self.first, *self.last)

    def has(self, day: date) -> bool:
        """Whether the date is in the range."""
        this = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= this <= self.last
        return this >= self.first or this <= self.last


class ExcludedPattern(msgspec.Struct, frozen=True):
    """Another schedule: every minute that it names is excluded, or every second if it names seconds.

    `minutes` has a bit for each minute of a day that it names on its dates; none if it names seconds.
    """

    text: str
    pattern: Pattern
    minutes: int

    @classmethod
    def of(cls, text: str, pattern: Pattern) -> ExcludedPattern:
        """The exclusion of a pattern."""
        if pattern.second.values != {0}:
            return cls(text, pattern, 0)
        minutes = sum(1 << hour * 60 + minute for hour in pattern.hour.values for minute in pattern.minute.values)
        return cls(text, pattern, minutes)

    def floor(self, wall: datetime) -> datetime:
        """The wall time to compare with the pattern."""
        return wall.replace(second=0, microsecond=0) if self.minutes else wall.replace(microsecond=0)


class Exclusions(msgspec.Struct, frozen=True):
    """What `except` lists. Whether an instant is excluded depends on the wall clock of `zone` at that instant only."""

    zone: ZoneInfo
    dates: frozenset[date] = frozenset()
    yearly: frozenset[YearlyDate] = frozenset()
    ranges: tuple[DateRange | YearlyRange, ...] = ()
    holidays: tuple[HolidayDates, ...] = ()
    patterns: tuple[ExcludedPattern, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The entries as they can be written in the file, but for those of files."""
        return (
            *sorted(day.isoformat() for day in self.dates),
            *sorted("{:02}-{:02}".format(*each) for each in self.yearly),
            *(each.text for each in self.ranges),
            *(f"holidays of {each.code}" for each in self.holidays),
            *(f"`{each.text}`" for each in self.patterns),
        )

    def reason(self, moment: datetime) -> str | None:
        """What excludes the instant, in words; None when nothing does."""
        return self.reason_on_clock(self._wall(moment))

    def reason_on_clock(self, wall: datetime) -> str | None:
        """What excludes the naive wall time, in words, even if a DST change skips it; None when nothing does."""
        if reason := self._date_reason(wall.date()):
            return reason
        return next((f"`{each.text}`" for each in self.patterns if each.pattern.names(each.floor(wall))), None)

    def end(self, moment: datetime) -> datetime:
        """The first instant after the excluded `moment` that may not be excluded."""
        end = moment
        while self._date_reason(self._wall(end).date()) and end - moment < LONGEST:
            end = _end_of_day(self.zone, end)
        return end if end > moment else self._end_of_time(moment)

    def start(self, moment: datetime) -> datetime:
        """The first instant of the excluded stretch around `moment`, or of a part of it."""
        start, before = moment, moment
        while self._date_reason(self._wall(before).date()) and moment - start < LONGEST:
            start = _start_of_day(self.zone, before)
            before = start - datetime.resolution
        if start < moment:
            return start
        wall = self._wall(moment)
        by_minute = self._minutes(wall.date()) >> wall.hour * 60 + wall.minute & 1
        return moment.replace(second=moment.second if not by_minute else 0, microsecond=0)

    def next_possible(self, moment: datetime, until: datetime) -> datetime:
        """The first instant after `moment` that may be excluded, or one after `until` when there is none before."""
        wall = self._wall(moment)
        times = [match for each in self.patterns if (match := each.pattern.next_match(each.floor(wall)))]
        day, last = wall.date() + _DAY, self._wall(until).date() + _DAY
        while day <= last and not self._date_reason(day):
            day += _DAY
        found = instant_of(min([datetime.combine(day, datetime.min.time()), *times]), self.zone)
        change = first_change(self.zone, moment, found)  # repeated hours may contain an earlier one
        return change.at if change else max(moment + datetime.resolution, found)

    def _date_reason(self, day: date) -> str | None:
        """What excludes the whole date."""
        if day in self.dates:
            return day.isoformat()
        if (day.month, day.day) in self.yearly:
            return f"{day:%m-%d}"
        for each in self.ranges:
            if each.has(day):
                return each.text
        for holidays in self.holidays:
            if name := holidays.name_on(day):
                return f"{name} ({holidays.code})"
        if self.patterns and self._minutes(day) == _WHOLE_DAY:
            return ", ".join(f"`{each.text}`" for each in self.patterns if _names_date(each, day))
        return None

    def _minutes(self, day: date) -> int:
        """A bit for each minute of the date that patterns exclude."""
        return reduce(or_, (each.minutes for each in self.patterns if each.minutes and _names_date(each, day)), 0)

    def _end_of_time(self, moment: datetime) -> datetime:
        """The end of the excluded minutes, or second, of the same date and the same UTC offset."""
        wall = self._wall(moment)
        offset = wall - moment.replace(tzinfo=None)
        minute, minutes = wall.hour * 60 + wall.minute, self._minutes(wall.date())
        if not minutes >> minute & 1:
            return moment.replace(microsecond=0) + timedelta(seconds=1)
        while minutes >> minute & 1:
            minute += 1
        midnight = datetime.combine(wall.date(), datetime.min.time(), UTC)
        end = midnight + minute * _MINUTE - offset
        change = first_change(self.zone, moment, end)
        return change.at if change else end

    def _wall(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=None) + offset_at(self.zone, moment)


def _names_date(excluded: ExcludedPattern, day: date) -> bool:
    return excluded.pattern.names_date(datetime.combine(day, datetime.min.time()))


def _end_of_day(zone: ZoneInfo, moment: datetime) -> datetime:
    """The first instant after `moment` at which a clock in `zone` shows another date."""
    while True:
        offset = offset_at(zone, moment)
        wall = moment.replace(tzinfo=None) + offset
        midnight = datetime.combine(wall.date() + _DAY, datetime.min.time(), UTC) - offset
        change = first_change(zone, moment, midnight)
        if change is None:
            return midnight
        if change.wall_after.date() != wall.date():
            return change.at
        moment = change.at


def _start_of_day(zone: ZoneInfo, moment: datetime) -> datetime:
    """The first instant since which a clock in `zone` has shown the date that it shows at `moment`."""
    offset = offset_at(zone, moment)
    while True:
        day = (moment.replace(tzinfo=None) + offset).date()
        midnight = datetime.combine(day, datetime.min.time(), UTC) - offset
        change = latest_change(zone, moment, moment - midnight)
        if change is None:
            return midnight
        if (change.wall_before - datetime.resolution).date() != day:
            return change.at
        moment, offset = change.at - datetime.resolution, change.before


def start_of_date(day: date, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) of a date in `zone`, or the first one after it where the date is skipped."""
    return instant_of(datetime.combine(day, datetime.min.time()), zone)


def end_of_date(day: date, zone: ZoneInfo) -> datetime:
    """The last second (UTC) of a date in `zone`, or the last one before it where the date is skipped."""
    midnight = datetime.combine(day + _DAY, datetime.min.time())
    # Where clocks go back from 00:01 to 23:01 the date comes again, and ends at the second midnight; where they go
    # back from 01:00 to 00:00 it ended at the first one.
    end = instant_of(midnight, zone) - _SECOND
    again = midnight.replace(tzinfo=zone, fold=1).astimezone(UTC) - _SECOND
    return again if again > end and again.astimezone(zone).date() == day else end
