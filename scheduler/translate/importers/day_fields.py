"""Day of the month and day of the week of programs that do not join the two fields as cron does.

cron, and schedd, want both to match where one begins with `*`, and are content with one elsewhere.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from scheduler.errors import ScheduleError
from scheduler.schedule.cron_field import LIMITS, Field, FieldName
from scheduler.schedule.field_parser import WEEKDAY_NAMES, parse_field
from scheduler.translate.exporters.number_spans import cron_field
from scheduler.translate.translation import Keys

ABOUT_BOTH = "both days must match there, either of them here; test one of them in the command"
"""Why a schedule is refused for which `both` has no fields."""

_HASHED = re.compile(r"(?i)\bh\b")


class Days(NamedTuple):
    """The two fields, and `except` for days that they match and the program does not."""

    day: str
    weekday: str
    keys: Keys


def either(day: str, weekday: str, *, any_day: str) -> tuple[str, str]:
    """The fields of a program for which one match is enough, unless an item of a field is one of `any_day`."""
    fields = [_plain(field, any_day) for field in (day, weekday)]
    if not any(field in {"*", "?"} for field in fields):
        fields = [re.sub(r"^\*", span, field) for field, span in zip(fields, ("1-31", "0-6"), strict=True)]
    return fields[0], fields[1]


def both(day: str, weekday: str) -> Days | None:
    """The fields of a program for which both must match; None where no fields have these days."""
    try:
        days = parse_field(FieldName.DAY, day, job_name="job")
        weekdays = parse_field(FieldName.DAY_OF_WEEK, weekday, job_name="job")
    except ScheduleError:
        return Days(day, weekday, {})  # the schedule is refused, with the reason
    if days.is_full or weekdays.is_full:
        return Days("*" if days.is_full else day, "*" if weekdays.is_full else weekday, {})
    if not _is_special(days) and not _is_special(weekdays) and (days.starred or weekdays.starred):
        return Days(day, weekday, {})
    if not _is_special(weekdays):
        if not _is_special(days) and (week := _week(days)):
            nth = ",".join(f"{WEEKDAY_NAMES[value]}#{week}" for value in weekdays.ordered)
            return Days("*", nth, {})
        others = ",".join(name for value, name in enumerate(WEEKDAY_NAMES) if value not in weekdays.values)
        return Days(day, "*", {"except": [{"day_of_week": others}]})
    if not _is_special(days):
        low, high = LIMITS[FieldName.DAY]
        others = cron_field(set(range(low, high + 1)) - days.values, low, high)
        return Days("*", weekday, {"except": [{"day": others}]})
    return None


def from_zero(day: str) -> str:
    """The field of a program that counts the steps of `*/2` from 0, so that the days are even."""
    return re.sub(r"(?<![^,])\*/0*([1-9]\d*)(?![^,])", lambda step: _from(int(step[1])), day, flags=re.ASCII)


def busybox_fields(times: list[str]) -> list[str]:
    """Five fields of BusyBox: a step after a single value has no effect, and all weekdays are no restriction."""
    fields = [re.sub(r"(?<![^,])(\w+)/\d+", r"\1", field, flags=re.ASCII) for field in times]
    try:
        if parse_field(FieldName.DAY_OF_WEEK, fields[4]).is_full:
            fields[4] = "*"
    except ScheduleError:
        return fields  # the schedule is refused, with the reason
    fields[2], fields[4] = either(from_zero(fields[2]), fields[4], any_day=r"\*")
    return fields


def _plain(field: str, any_day: str) -> str:
    is_any = any(re.fullmatch(any_day, item, re.ASCII) for item in field.split(","))
    return "*" if is_any and field != "?" else field


def _from(step: int) -> str:
    return "*" if step == 1 else f"{step}-31/{step}"


def _is_special(field: Field) -> bool:
    """Whether the days of a field depend on the month, or on the name of the job."""
    return bool(field.special or _HASHED.search(field.text))


def _week(days: Field) -> int | None:
    """Which seven days of the month these are: 1 for the first ones."""
    weeks = {frozenset(range(7 * week - 6, min(7 * week, 31) + 1)): week for week in range(1, 6)}
    return weeks.get(days.values)
