"""Schedules in plain English, where the wording is exact and shorter than the expression."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from itertools import pairwise

from scheduler.clock import rfc3339
from scheduler.schedule.at import At
from scheduler.schedule.cron import Cron
from scheduler.schedule.cron_field import Field
from scheduler.schedule.day_interval import DayInterval
from scheduler.schedule.duration import format_duration
from scheduler.schedule.every import Every
from scheduler.schedule.on_event import AfterJob, AtStart
from scheduler.schedule.pattern import Pattern
from scheduler.schedule.restricted import Limits, Restricted
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.union import Union
from scheduler.text import listed

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

_ORDINALS = ("", "first", "second", "third", "fourth", "fifth")
_MOST_TIMES = 6
_MOST_RUNS = 8


class _NoWordsError(Exception):
    """An exact description would be longer than the expression."""


def describe(schedule: Schedule) -> str | None:
    """Describe the schedule without its time zone, or return None when words would not be clearer."""
    match schedule:
        case Every():
            start = "1970-01-01T00:00Z" if schedule.first is None else rfc3339(schedule.first)
            return f"every {format_duration(schedule.interval / timedelta(seconds=1))}, counted from {start}"
        case At():
            return f"once, at {rfc3339(schedule.instant)}"
        case AtStart():
            return "when schedd starts"
        case AfterJob():
            return f"when {schedule.job} has succeeded"
        case Union():
            parts = [describe(part) for part in schedule.parts]
            return None if None in parts else "; also ".join(filter(None, parts))
        case Restricted(schedule=inner, limits=limits):
            return "; ".join([describe(inner) or f"`{inner.text}`", *_limits(limits)])
        case Cron(pattern=DayInterval() as interval):
            return _interval(interval)
        case Cron(pattern=Pattern() as pattern):
            return _pattern(pattern)
    return None


def _limits(limits: Limits) -> Iterator[str]:
    if limits.first is not None:
        yield f"from {limits.shown(limits.first)}"
    if limits.last is not None:
        yield f"until {limits.shown(limits.last)}"
    if limits.exclusions is not None:
        texts = limits.exclusions.texts
        shown = texts if len(texts) <= _MOST_RUNS else (*texts[: _MOST_RUNS - 1], f"{len(texts) - _MOST_RUNS + 1} more")
        yield f"except {listed(shown)}"
    if limits.splay:
        yield f"delayed by {format_duration(limits.delay.total_seconds())} (splay)"


def _interval(interval: DayInterval) -> str:
    first, days = interval.first, interval.days
    unit, number = ("week", days // 7) if days % 7 == 0 else ("day", days)
    every = f"every {unit}" if number == 1 else f"every {number} {unit}s"
    on = f" on {WEEKDAYS[first.isoweekday() % 7]}" if unit == "week" else ""
    return f"{every}{on} at {first:%H:%M}, from {first:%Y-%m-%d}"


def _pattern(pattern: Pattern) -> str | None:
    try:
        return _time(pattern) + _date(pattern)
    except _NoWordsError:
        return None


def kind(schedule: Schedule) -> str:
    """The kind of schedule, which decides its DST behaviour: cron(8)'s `wildcard` and `fixed-time`, or another."""
    match schedule:
        case Every():
            return "interval"
        case At():
            return "once"
        case AtStart():
            return "at start"
        case AfterJob():
            return "after a job"
        case Cron():
            return "fixed-time" if schedule.pattern.is_fixed else "wildcard"
        case Restricted():
            return kind(schedule.schedule)
        case Union():
            kinds = dict.fromkeys(kind(part) for part in schedule.parts)
            return " and ".join(kinds)
    return "other"


def _time(pattern: Pattern) -> str:
    minute, hour, second = pattern.minute, pattern.hour, pattern.second
    if second.values != {0}:
        return _seconds(second) + _within(minute, "minute") + _within(hour, "hour")
    times = [f"{h:02}:{m:02}" for h in sorted(hour.values) for m in sorted(minute.values)]
    if len(times) <= _MOST_TIMES:
        return f"at {listed(times)}" + ("" if _has_date(pattern) else " every day")
    if minute.is_full:
        return "every minute" + _within(hour, "hour")
    step = _even_step(minute.values, 60)
    if step:
        return f"every {step} minutes" + _within(hour, "hour")
    words = "on the hour" if minute.values == {0} else f"at minute{_plural(minute.values)} {_numbers(minute.values)}"
    return f"{words} of every hour" if hour.is_full else words + _within(hour, "hour")


def _seconds(second: Field) -> str:
    if second.is_full:
        return "every second"
    if step := _even_step(second.values, 60):
        return f"every {step} seconds"
    return f"at second{_plural(second.values)} {_numbers(second.values)}"


def _within(field: Field, unit: str) -> str:
    return "" if field.is_full else f", in {unit}{_plural(field.values)} {_numbers(field.values)}"


def _has_date(pattern: Pattern) -> bool:
    return not (pattern.month.is_full and pattern.year.is_full) or bool(_days(pattern))


def _date(pattern: Pattern) -> str:
    months = "" if pattern.month.is_full else f" in {_runs(pattern.month.values, lambda month: MONTHS[month - 1])}"
    years = "" if pattern.year.is_full else f" {'of' if months else 'in'} {_numbers(pattern.year.values)}"
    return _days(pattern) + months + years


def _days(pattern: Pattern) -> str:
    day, day_of_week = pattern.day, pattern.day_of_week
    if pattern.either_day:
        return "" if day.is_full or day_of_week.is_full else f" on {_days_of_month(day)} or on {_weekdays(day_of_week)}"
    if day.is_full:
        return "" if day_of_week.is_full else f" on {_weekdays(day_of_week)}"
    return f" on {_days_of_month(day)}" + ("" if day_of_week.is_full else f", if on {_weekdays(day_of_week)}")


def _days_of_month(field: Field) -> str:
    words = [f"day{_plural(field.values)} {_numbers(field.values)}"] if field.values else []
    words += [_special_day(item) for item in sorted(field.special)]
    return f"{listed(words)} of the month"


def _special_day(item: str) -> str:
    if item == "l":
        return "the last day"
    if item == "lw":
        return "the last weekday (Monday to Friday)"
    if item[0] == "l":
        days = int(item[2:])
        return f"the day {days} day{_plural(range(days))} before the last day"
    return f"the weekday (Monday to Friday) nearest to day {item[:-1]}"


def _weekdays(field: Field) -> str:
    if field.values:
        return _runs(field.values, lambda day: WEEKDAYS[day])
    words = []
    for item in sorted(field.special):
        nth, day = ("last", item[1]) if item[0] == "l" else (_ORDINALS[int(item[2])], item[0])
        words.append(f"the {nth} {WEEKDAYS[int(day)]}")
    return f"{listed(words)} of the month"


def _even_step(values: Collection[int], size: int) -> int | None:
    """Return n when the values are exactly 0, n, 2n, … with equal distances across the end, else None."""
    step = size // len(values)
    return step if 1 < step < size and sorted(values) == list(range(0, size, step)) else None


def _plural(values: Collection[int]) -> str:
    return "" if len(values) == 1 else "s"


def _numbers(values: Collection[int]) -> str:
    """The values as a list, as ranges, or as the beginning and end of an even sequence."""
    numbers = sorted(values)
    steps = {high - low for low, high in pairwise(numbers)}
    if len(numbers) > 4 and len(steps) == 1 and steps != {1}:
        return f"{', '.join(map(str, numbers[:3]))}, … {numbers[-1]}"
    return _runs(values, str)


def _runs(values: Collection[int], name: Callable[[int], str]) -> str:
    """The values by name, with three or more neighbours as a range."""
    words: list[str] = []
    numbers = sorted(values)
    while numbers:
        length = 1
        while length < len(numbers) and numbers[length] == numbers[0] + length:
            length += 1
        run, numbers = numbers[:length], numbers[length:]
        words += [f"{name(run[0])} to {name(run[-1])}"] if length > 2 else [name(number) for number in run]
    if len(words) > _MOST_RUNS:
        raise _NoWordsError
    return listed(words)
