"""Schedules as systemd's calendar expressions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from scheduler.schedule import Schedule
from scheduler.schedule.at import At
from scheduler.schedule.cron import Cron
from scheduler.schedule.cron_field import Field
from scheduler.schedule.every import Every
from scheduler.schedule.pattern import Pattern
from scheduler.translate.exporters.number_spans import every_day_matches, spans_of

_WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_DAY = timedelta(days=1)
_MOST_LINES = 24


class NoCalendarError(Exception):
    """Why a schedule has no calendar expression."""


def calendar_lines(schedule: Schedule) -> list[str]:
    """Expressions of which any has the times of the schedule. NoCalendarError when there are none."""
    match schedule:
        case At(instant=instant):
            return [f"{instant:%Y-%m-%d %H:%M:%S} UTC"]
        case Cron(pattern=Pattern() as pattern, zone=zone):
            times = _time(pattern.hour.values, pattern.minute.values, pattern.second.values)
            return [f"{date} {times} {zone.key}" for date in _dates(pattern)]
        case Every(interval=interval, first=None) if _DAY % interval == timedelta() and interval.microseconds == 0:
            lines = _interval(int(interval.total_seconds()))
            if len(lines) <= _MOST_LINES:
                return lines
    raise NoCalendarError(f"{schedule.text} is not a set of times of the calendar")


def _dates(pattern: Pattern) -> list[str]:
    """Weekday and date: two expressions where cron joins the day fields by OR, since systemd joins them by AND."""
    year = _numbers(pattern.year.values, 1970, 2099, width=4) if not pattern.year.is_full else "*"
    month = _numbers(pattern.month.values, 1, 12)
    if every_day_matches(pattern):
        return [f"{year}-{month}-*"]
    by_day, by_weekday = _days(pattern.day), _weekdays(pattern.day_of_week)
    if pattern.either_day:
        return [f"{year}-{month}{day}" for day in by_day] + [
            f"{weekday}{year}-{month}{day or '-*'}" for weekday, day in by_weekday
        ]
    if any(day for _, day in by_weekday) and by_day != ["-*"]:
        raise NoCalendarError(f"{pattern.day_of_week.text} together with days of the month has no equivalent")
    return [f"{weekday}{year}-{month}{nth or day}" for day in by_day for weekday, nth in by_weekday]


def _days(field: Field) -> list[str]:
    """`-DAY`, or `~DAY` counted from the end of the month."""
    found = [f"-{_numbers(field.values, 1, 31)}"] if field.values else []
    for special in sorted(field.special):
        if special == "lw" or special.endswith("w"):
            raise NoCalendarError(f"{field.text}: a weekday nearest to a day of the month has no equivalent")
        found.append(f"~{int(special[2:] or 0) + 1:02}")
    return found


def _weekdays(field: Field) -> list[tuple[str, str]]:
    """The weekdays, and the days of the month of an nth or last weekday."""
    if field.is_full:
        return [("", "")]
    found = []
    if field.values:
        # systemd's week begins with Monday.
        days = sorted((day - 1) % 7 for day in field.values)
        spans = spans_of(days) if len(days) > 2 else []
        if len(spans) == 1 and spans[0].step == 1:
            names = f"{_WEEKDAYS[(days[0] + 1) % 7]}..{_WEEKDAYS[(days[-1] + 1) % 7]}"
        else:
            names = ",".join(_WEEKDAYS[(day + 1) % 7] for day in days)
        found.append((f"{names} ", ""))
    for special in sorted(field.special):
        if special[0] == "l":
            found.append((f"{_WEEKDAYS[int(special[1])]} ", "~07/1"))
        else:
            first = 7 * int(special[2]) - 6
            found.append((f"{_WEEKDAYS[int(special[0])]} ", f"-{first:02}..{min(first + 6, 31):02}"))
    return found


def _time(hours: Iterable[int], minutes: Iterable[int], seconds: Iterable[int]) -> str:
    return f"{_numbers(hours, 0, 23)}:{_numbers(minutes, 0, 59)}:{_numbers(seconds, 0, 59)}"


def _numbers(values: Iterable[int], low: int, high: int, *, width: int = 2) -> str:
    """A part of an expression. An open end (`0/15`) is used only where the step divides the whole."""
    numbers = set(values)
    if len(numbers) == high - low + 1:
        return "*"
    texts = []
    for start, end, step in spans_of(numbers):
        if step == 1:
            texts.append(f"{start:0{width}}" if start == end else f"{start:0{width}}..{end:0{width}}")
        elif low == 0 and start < step and (high + 1) % step == 0 and end + step > high:
            texts.append(f"{start:0{width}}/{step}")
        else:
            texts.append(f"{start:0{width}}..{end:0{width}}/{step}")
    return ",".join(texts)


def _interval(seconds: int) -> list[str]:
    """The times of an interval that divides the day, from midnight in UTC on."""
    hours_at: dict[tuple[int, int], set[int]] = defaultdict(set)
    for moment in range(0, 86_400, seconds):
        hours_at[moment // 60 % 60, moment % 60].add(moment // 3600)
    minutes_at: dict[tuple[frozenset[int], int], set[int]] = defaultdict(set)
    for (minute, second), hours in hours_at.items():
        minutes_at[frozenset(hours), second].add(minute)
    seconds_at: dict[tuple[frozenset[int], frozenset[int]], set[int]] = defaultdict(set)
    for (hours_of, second), minutes in minutes_at.items():
        seconds_at[hours_of, frozenset(minutes)].add(second)
    return [f"*-*-* {_time(hours, minutes, found)} UTC" for (hours, minutes), found in seconds_at.items()]
