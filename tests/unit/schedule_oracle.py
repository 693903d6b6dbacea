"""A second, slow implementation of the rules of scheduled times, to compare the product's answers with.

It shares no code with the product and uses no cron library. It walks UTC minute by minute as cron's own loop does,
asks zoneinfo what the clock shows (each hour, and each minute of an hour in which that changes), and looks at what
happened to the clock since the minute before.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
THREE_HOURS = timedelta(hours=3)
WARM_UP = timedelta(hours=7)
"""A clock change is felt for three hours at most; it must lie within the walk."""

_NAMES = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}


class Limits(NamedTuple):
    """`from`, `until` (dates or dates with times in the zone) and the entries of `except`, as in the file."""

    first: str | None = None
    last: str | None = None
    excluded: tuple[str, ...] = ()

    def is_within(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Whether an instant is between `from` and `until`; times of day must not be in a repeated hour."""
        return not (
            (self.first is not None and moment < bounds(self.first, zone)[0])
            or (self.last is not None and moment > bounds(self.last, zone)[1])
        )

    def excludes(self, wall: datetime) -> bool:
        """Whether an entry of `except` names the wall time."""
        return any(is_excluded(entry, wall) for entry in self.excluded)


@cache
def bounds(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first and the last minute of a date, found by looking at each minute around it; or the time itself."""
    start = datetime.fromisoformat(text).replace(tzinfo=UTC)
    around = list(walk(start - timedelta(days=2), start + timedelta(days=3) - MINUTE, zone))
    if "T" in text:
        wall = datetime.fromisoformat(text)
        # A time that the clock never shows is the change that skips it.
        found = next((each for each, shown in around if shown == wall), None) or min(
            each for each, shown in around if shown > wall
        )
        return found, found
    dates = {each: shown.date().isoformat() for each, shown in around}
    is_skipped = text not in dates.values()
    first = min(each for each, date in dates.items() if date == text or (date > text and is_skipped))
    last = max(each for each, date in dates.items() if date == text or (date < text and is_skipped))
    return first, last


@cache
def job_of(expression: str) -> Job:
    return Job(expression)


def is_excluded(entry: str, wall: datetime) -> bool:
    if " " in entry:
        return job_of(entry).matches(wall)
    first, _, last = entry.partition("..")
    shown = f"{wall:%Y-%m-%d}" if len(first) == 10 else f"{wall:%m-%d}"
    if not last or first <= last:
        return first <= shown <= (last or first)
    return shown >= first or shown <= last


def limited_times(
    expression: str, zone: ZoneInfo, after: datetime, until: datetime, limits: Limits, *, excluded: bool = False
) -> Iterator[datetime]:
    """The scheduled times within the limits; with `excluded`, those that `except` removes."""
    for moment in fire_times(expression, zone, after, until):
        wall = moment.astimezone(zone).replace(tzinfo=None)
        if limits.is_within(moment, zone) and limits.excludes(wall) is excluded:
            yield moment


def fire_times(expression: str, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """All scheduled times after `after` and at the latest at `until`, in UTC."""
    job = StartedJob(expression) if expression.startswith("@every") else Job(expression)
    start = (after - WARM_UP).replace(second=0, microsecond=0)
    wall_before = wall_at(start, zone)
    shown_up_to = datetime.min  # noqa: DTZ901 - a wall time: times up to it have been shown in the first pass
    for now, wall in walk(start + MINUTE, until, zone):
        expected = wall_before + MINUTE
        due = job.matches(wall)
        if job.is_fixed:
            if wall < expected:
                shown_up_to = wall_before if expected - wall <= THREE_HOURS else datetime.min  # noqa: DTZ901
            if wall <= shown_up_to:
                due = False
            if expected < wall < expected + THREE_HOURS:
                due = due or any(job.matches(skipped) for skipped in minutes(expected, wall))
        wall_before = wall
        if due and now > after:
            yield now


def walk(first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Each minute of a span of UTC with what the clock shows."""
    now = first
    while now <= last:
        end, wall = now + HOUR, wall_at(now, zone)
        is_even = wall_at(end, zone) - wall == HOUR  # no zone has changed and changed back within an hour
        while now < end and now <= last:
            yield now, wall if is_even else wall_at(now, zone)
            now += MINUTE
            wall += MINUTE


def wall_at(now: datetime, zone: ZoneInfo) -> datetime:
    """What the clock shows at an instant."""
    return now.astimezone(zone).replace(tzinfo=None)


def minutes(first: datetime, end: datetime) -> Iterator[datetime]:
    while first < end:
        yield first
        first += MINUTE


class Job:
    """A five-field expression as sets of minutes, hours and dates."""

    def __init__(self, expression: str) -> None:
        minute, hour, self.day, month, self.weekday = expression.lower().replace("?", "*").split()
        self.is_fixed = minute[0] != "*" and hour[0] != "*"
        self.minutes = numbers(minute, 0, 59)
        self.hours = numbers(hour, 0, 23)
        self.months = numbers(month, 1, 12)
        self.days_of: dict[tuple[int, int], set[int]] = {}

    def matches(self, wall: datetime) -> bool:
        if wall.minute not in self.minutes or wall.hour not in self.hours or wall.month not in self.months:
            return False
        key = (wall.year, wall.month)
        if key not in self.days_of:
            self.days_of[key] = self.days(*key)
        return wall.day in self.days_of[key]

    def days(self, year: int, month: int) -> set[int]:
        """The days of one month on which the job is due."""
        by_date = days_by_date(self.day, year, month)
        by_weekday = days_by_weekday(self.weekday, year, month)
        if self.day[0] == "*" or self.weekday[0] == "*":
            return by_date & by_weekday
        return by_date | by_weekday


class StartedJob:
    """`@every 2w from 2026-01-02T17:00`: calendar days at equal distances, found by counting dates."""

    is_fixed = True

    def __init__(self, text: str) -> None:
        _, interval, _, start = text.split()
        self.days = int(interval[:-1]) * (7 if interval[-1] == "w" else 1)
        self.start = datetime.fromisoformat(start)

    def matches(self, wall: datetime) -> bool:
        days = wall.toordinal() - self.start.toordinal()
        return days >= 0 and days % self.days == 0 and (wall.hour, wall.minute) == (self.start.hour, self.start.minute)


def days_by_date(field: str, year: int, month: int) -> set[int]:
    last = calendar.monthrange(year, month)[1]
    if "l" in field:
        return {day for term in field.split(",") for day in days_before_end(term, year, month)}
    if field.endswith("w"):
        target = int(field[:-1])
        working = [day for day in range(1, last + 1) if calendar.weekday(year, month, day) < 5]
        return {min(working, key=lambda day: (abs(day - target), -day if target == 1 else day))}
    return {day for day in numbers(field, 1, 31) if day <= last}


def days_before_end(term: str, year: int, month: int) -> set[int]:
    """The days of `l`, `l-2` or `lw`; of any other term as if it stood alone."""
    if not term.startswith("l"):
        return days_by_date(term, year, month)
    days = list(range(1, calendar.monthrange(year, month)[1] + 1))
    if term == "lw":
        return {next(day for day in reversed(days) if calendar.weekday(year, month, day) < 5)}
    return {days[-1 - int(term.partition("-")[2] or 0)]}


def days_by_weekday(field: str, year: int, month: int) -> set[int]:
    by_weekday: dict[int, list[int]] = {number: [] for number in range(7)}
    for day in range(1, calendar.monthrange(year, month)[1] + 1):
        by_weekday[(calendar.weekday(year, month, day) + 1) % 7].append(day)
    if "#" in field:
        found = set()
        for term in field.split(","):
            weekday, _, nth = term.partition("#")
            found |= set(by_weekday[weekday_number(weekday) % 7][int(nth) - 1 : int(nth)])
        return found
    if "l" in field:
        return {by_weekday[weekday_number(term.strip("l")) % 7][-1] for term in field.split(",")}
    return {day for number in numbers(field, 0, 7, _DAYS) for day in by_weekday[number % 7]}


def weekday_number(word: str) -> int:
    return _DAYS[word] if word in _DAYS else int(word)


@cache
def _field(text: str, low: int, high: int, weekdays: bool) -> frozenset[int]:
    found: set[int] = set()
    for term in text.split(","):
        span, slash, step = term.partition("/")
        first, dash, last = span.partition("-")
        if first == "*":
            start, end = low, min(high, 6) if weekdays else high
        else:
            start = _value(first, weekdays)
            end = _value(last, weekdays) if dash else high if slash else start
            if weekdays and last == "sun" and start > 0:
                end = 7
        found |= {number for number in range(start, end + 1) if (number - start) % int(step or 1) == 0}
    return frozenset(found)


def _value(word: str, weekdays: bool) -> int:
    if word.isdigit():
        return int(word)
    return (_DAYS if weekdays else _NAMES)[word]


def numbers(text: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    """The numbers of a plain field: lists, ranges, steps and names."""
    return _field(text, low, high, names is _DAYS)


@cache
def dst_changes(zone: ZoneInfo, year: int) -> tuple[datetime, ...]:
    """The minutes of a UTC year at which the zone's offset changes, found by walking it in steps of a day."""
    step = timedelta(days=1)
    moment, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found = []
    offset = (moment - step).astimezone(zone).utcoffset()
    while moment < end:
        new = moment.astimezone(zone).utcoffset()
        if new != offset:
            instant = moment - step + MINUTE
            while instant.astimezone(zone).utcoffset() != new:
                instant += MINUTE
            found.append(instant)
            offset = new
        moment += step
    return tuple(found)
