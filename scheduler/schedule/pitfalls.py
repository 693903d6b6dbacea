"""Pitfalls: effects of a schedule that its author may not expect."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise

import msgspec

from scheduler.schedule.cron import Cron
from scheduler.schedule.cron_field import LIMITS, Field, FieldName
from scheduler.schedule.day_interval import DayInterval
from scheduler.schedule.description import MONTHS, WEEKDAYS
from scheduler.schedule.every import Every
from scheduler.schedule.pattern import Pattern
from scheduler.schedule.restricted import Restricted
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.time_zone import LocalTime, instant_of, skipped_by
from scheduler.schedule.union import Union
from scheduler.text import listed, plural

_LEAP_YEAR = 2024
_STEP = r"(?a)\*/(\d+)"
_LARGER = {
    FieldName.SECOND: "minute",
    FieldName.MINUTE: "hour",
    FieldName.HOUR: "day",
    FieldName.DAY: "month",
    FieldName.MONTH: "year",
    FieldName.DAY_OF_WEEK: "week",
}
_DURATIONS = {FieldName.SECOND: "s", FieldName.MINUTE: "m", FieldName.HOUR: "h", FieldName.DAY: "d"}
_DAY = timedelta(days=1)


class PitfallKind(StrEnum):
    """The kinds of pitfalls; each is also the code of a warning (lint rule)."""

    UNEVEN_STEP = "uneven-step"
    EVERY_MINUTE = "every-minute"
    TWO_DAY_FIELDS = "two-day-fields"
    SHORT_MONTHS = "short-months"
    EVERY_DAYS = "every-days"
    SKIPPED_START = "skipped-start"


class Pitfall(msgspec.Struct, frozen=True):
    """One pitfall, explained in one sentence."""

    kind: PitfallKind
    sentence: str


def find_pitfalls(schedule: Schedule) -> tuple[Pitfall, ...]:
    """The pitfalls of a schedule; none for one that does what it seems to."""
    match schedule:
        case Restricted(schedule=Cron(pattern=DayInterval(first=first)) as inner, limits=limits):
            return find_pitfalls(inner) if limits.allows(instant_of(first, inner.zone)) else ()
        case Restricted():
            return find_pitfalls(schedule.schedule)
        case Union():
            return tuple(dict.fromkeys(pitfall for part in schedule.parts for pitfall in find_pitfalls(part)))
        case Every() if schedule.interval >= _DAY and schedule.first is None:
            sentence = (
                f"`{schedule.text}` counts from 1970-01-01T00:00 UTC, not from midnight in the job's time zone; "
                f"`{schedule.text} from 2027-01-01T09:00` begins then"
            )
            return (Pitfall(PitfallKind.EVERY_DAYS, sentence),)
        case Every(local=LocalTime() as start):
            return _skipped_start(start)
        case Cron(pattern=DayInterval(first=first)):
            return _skipped_start(LocalTime(first, schedule.zone))
        case Cron(pattern=Pattern() as pattern):
            return tuple(Pitfall(kind, sentence) for kind, sentence in _of_pattern(pattern))
    return ()


def _skipped_start(start: LocalTime) -> tuple[Pitfall, ...]:
    sentence = f"DST skips {start.wall:%Y-%m-%d %H:%M}: the first run is right after the skipped hour"
    is_skipped = skipped_by(start.wall, start.zone) is not None
    return (Pitfall(PitfallKind.SKIPPED_START, sentence),) if is_skipped else ()


def _of_pattern(pattern: Pattern) -> Iterator[tuple[PitfallKind, str]]:
    for field in pattern:
        for sentence in _uneven_step(field, pattern):
            yield PitfallKind.UNEVEN_STEP, sentence
    for sentence in _every_minute(pattern):
        yield PitfallKind.EVERY_MINUTE, sentence
    for sentence in _two_day_fields(pattern):
        yield PitfallKind.TWO_DAY_FIELDS, sentence
    for sentence in _missing_days(pattern):
        yield PitfallKind.SHORT_MONTHS, sentence


def _every_minute(pattern: Pattern) -> Iterator[str]:
    """A minute of `*` or `*/1` with single hours, as a list or a step; with a range of hours it is probably meant."""
    hours = sorted(pattern.hour.values)
    minute = pattern.minute.text
    if minute in {"*", "*/1"} and not pattern.hour.is_full and all(b - a > 1 for a, b in pairwise(hours)):
        which = f"hour {hours[0]}" if len(hours) == 1 else f"each of the hours {pattern.hour.text}"
        yield f"`{minute}` as the minute means all 60 minutes of {which}; write 0 to run once"


def _uneven_step(field: Field, pattern: Pattern) -> Iterator[str]:
    match = re.fullmatch(_STEP, field.text)
    if match is None or field.name not in _LARGER:
        return
    step, (low, high) = int(match[1]), LIMITS[field.name]
    larger, unit = _LARGER[field.name], field.name.replace("day_of_week", "day")
    always = all(other.is_full for other in [*pattern][[*pattern].index(field) + 1 :])
    every = f"; `@every {step}{_DURATIONS[field.name]}` has equal intervals" if field.name in _DURATIONS else ""
    every = every if always else ""
    if field.name is FieldName.DAY:
        yield f"`{field.text}` starts again on day 1 of every month, so the last interval may be shorter{every}"
    elif step > high - low:
        yield f"`{field.text}` matches {_value(field.name, low)} only, once per {larger}{every}"
    elif (rest := high + 1 - max(field.values)) != step and _goes_on(field.name, pattern):
        last, first = _value(field.name, max(field.values)), _value(field.name, low)
        later = f"{plural(rest, unit)} later"
        yield f"`{field.text}` starts again every {larger}: after {last} comes {first}, {later}{every}"


def _goes_on(name: FieldName, pattern: Pattern) -> bool:
    """Whether the next larger unit, such as the hour of a minute, ever follows upon another one that matches."""
    larger = {
        FieldName.SECOND: [pattern.minute],
        FieldName.MINUTE: [pattern.hour],
        FieldName.HOUR: [pattern.day, pattern.day_of_week],
    }
    return all(_has_neighbours(field) for field in larger.get(name, ()))


def _has_neighbours(field: Field) -> bool:
    values = sorted(field.values)
    return (
        field.is_full
        or LIMITS[field.name] == (*values[:1], *values[-1:])
        or any(b - a == 1 for a, b in pairwise(values))
    )


def _value(name: FieldName, number: int) -> str:
    if name is FieldName.DAY_OF_WEEK:
        return WEEKDAYS[number]
    return MONTHS[number - 1] if name is FieldName.MONTH else f"{name} {number}"


def _two_day_fields(pattern: Pattern) -> Iterator[str]:
    day, weekday = pattern.day, pattern.day_of_week
    if pattern.either_day:
        yield f"day `{day.text}` and weekday `{weekday.text}`: runs when either matches, since neither begins with `*`"
    elif not day.is_full and not weekday.is_full:
        yield f"day `{day.text}` and weekday `{weekday.text}`: runs when both match, since one of them begins with `*`"


def _missing_days(pattern: Pattern) -> Iterator[str]:
    """Days that some of the months in question do not have."""
    if pattern.either_day or not pattern.day.values or pattern.day.special:
        return
    first = min(pattern.day.values)
    lengths = {month: monthrange(_LEAP_YEAR, month)[1] for month in sorted(pattern.month.values)}
    without = [MONTHS[month - 1] for month, length in lengths.items() if length < first]
    if without:
        verb = "has" if len(without) == 1 else "have"
        yield f"never in {listed(without)}, which {verb} no day {first}; `L` is the last day of every month"
    if first == 29 and 2 in lengths:
        yield "in February it runs only in leap years; other years have no day 29"
