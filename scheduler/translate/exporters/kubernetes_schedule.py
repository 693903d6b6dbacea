"""Schedules for Kubernetes, whose parser is robfig/cron: five fields, @every, and no L, W, #, seconds or years."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from scheduler.schedule import Schedule
from scheduler.schedule.cron import Cron
from scheduler.schedule.cron_field import LIMITS, Field
from scheduler.schedule.every import Every
from scheduler.schedule.pattern import Pattern
from scheduler.translate.exporters.number_spans import cron_field, every_day_matches, without_star

NEVER = "0 0 1 1 *"
"""For a CronJob that is suspended, which needs a schedule nevertheless."""

_HOUR, _DAY, _MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


class NoScheduleError(Exception):
    """Why Kubernetes has no such schedule."""


class ZonedSchedule(NamedTuple):
    """`schedule` and `timeZone` of a CronJob. `why` says what is approximated."""

    schedule: str
    zone: str
    why: str = ""


def zoned_schedule(part: Schedule) -> ZonedSchedule:
    """The schedule for Kubernetes. NoScheduleError when it has none."""
    match part:
        case Cron(pattern=Pattern() as pattern, zone=zone):
            return ZonedSchedule(_five_fields(pattern), "Etc/UTC" if zone.key == "UTC" else zone.key)
        case Every(interval=interval, first=None) if interval >= _MINUTE:
            return _every(interval)
    raise NoScheduleError(f"{part.text} has no equivalent")


def _every(interval: timedelta) -> ZonedSchedule:
    """Fields where the interval divides the hour or the day: schedd counts from midnight in UTC."""
    minutes = int(interval.total_seconds()) // 60
    if interval.total_seconds() % 60 == 0 and 60 % minutes == 0:
        return ZonedSchedule(f"*/{minutes} * * * *" if minutes < 60 else "0 * * * *", "Etc/UTC")
    if interval % _HOUR == timedelta() and _DAY % interval == timedelta():
        hours = minutes // 60
        return ZonedSchedule(f"0 */{hours} * * *" if hours < 24 else "0 0 * * *", "Etc/UTC")
    text = f"@every {int(interval.total_seconds())}s"
    return ZonedSchedule(text, "Etc/UTC", "the interval is counted from the previous run")


def _five_fields(pattern: Pattern) -> str:
    """The fields for robfig/cron, which joins the day fields by OR unless one is `*`."""
    if pattern.second.values != {0}:
        raise NoScheduleError("seconds have no equivalent")
    if not pattern.year.is_full:
        raise NoScheduleError("years have no equivalent")
    for field in (pattern.day, pattern.day_of_week):
        if field.special:
            raise NoScheduleError(f"{field.text} has no equivalent: Kubernetes knows no L, W and #")
    days = (pattern.day, pattern.day_of_week)
    if every_day_matches(pattern):
        day = weekday = "*"
    elif pattern.either_day or pattern.day.is_full or pattern.day_of_week.is_full:
        day, weekday = (without_star(_field(field), *LIMITS[field.name]) for field in days)
    else:
        raise NoScheduleError("both day fields must match; Kubernetes joins them by OR")
    return f"{_field(pattern.minute)} {_field(pattern.hour)} {day} {_field(pattern.month)} {weekday}"


def _field(field: Field) -> str:
    return cron_field(field.values, *LIMITS[field.name])
