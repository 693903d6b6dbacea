"""Schedules as the five fields of cron, with a test in front of the command for what cron does not know."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec

from scheduler.schedule import Schedule
from scheduler.schedule.at import At
from scheduler.schedule.cron import Cron
from scheduler.schedule.cron_field import LIMITS, Field
from scheduler.schedule.day_interval import DayInterval
from scheduler.schedule.every import Every
from scheduler.schedule.on_event import AtStart
from scheduler.schedule.pattern import Pattern
from scheduler.translate.exporters.number_spans import cron_field, every_day_matches, without_star
from scheduler.translate.exporters.shell_text import day_interval_test, day_later
from scheduler.translate.importers.source_file import Dialect

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class NoCronError(Exception):
    """Why cron has no such schedule."""


class CronLine(msgspec.Struct, frozen=True, kw_only=True):
    """The start of a line. `test` is put in front of the command; `why` says what is approximated.

    `zone` is the IANA name of the zone of the times, None where they are the same in all zones.
    """

    times: str
    test: str = ""
    why: str = ""
    zone: str | None = None


def cron_lines(schedule: Schedule, dialect: Dialect) -> list[CronLine]:
    """The lines of which any has the times of the schedule. NoCronError when there are none."""
    match schedule:
        case AtStart():
            if dialect is Dialect.BUSYBOX:
                raise NoCronError("not every BusyBox knows @reboot")
            return [
                CronLine(
                    times="@reboot",
                    why="cron runs @reboot once per boot of the machine; schedd at each of its own starts",
                )
            ]
        case At(instant=instant):
            test = f'[ "$(date -u +%Y)" = {instant.year} ] || exit 0; '
            times = f"{instant.minute} {instant.hour} {instant.day} {instant.month} *"
            if instant.second:
                raise NoCronError("cron has no seconds")
            return [CronLine(times=times, test=test, why="once: a test of the year in the command", zone="UTC")]
        case Every(interval=interval, first=None):
            return [_interval(interval, schedule.text)]
        case Cron(pattern=Pattern() as pattern, zone=zone):
            return _pattern(pattern, dialect, zone.key)
        case Cron(pattern=DayInterval(first=first) as days, zone=zone) if first.second == 0:
            test = day_interval_test(days, zone.key, otherwise="exit 0")
            times = f"{first.minute} {first.hour} * * *"
            return [CronLine(times=times, test=test, why="a test of the date on each day", zone=zone.key)]
    raise NoCronError("has no equivalent in cron")


def _interval(interval: timedelta, text: str) -> CronLine:
    minutes = int(interval.total_seconds()) // 60
    if interval.total_seconds() % 60 == 0 and minutes and 60 % minutes == 0:
        times = f"*/{minutes} * * * *" if minutes < 60 else "0 * * * *"
        # All offsets from UTC are multiples of 15 minutes.
        return CronLine(times=times.replace("*/1 ", "* "), zone="UTC" if 15 % minutes else None)
    if interval % _HOUR == timedelta() and _DAY % interval == timedelta():
        hours = minutes // 60
        return CronLine(times=f"0 */{hours} * * *" if hours < 24 else "0 0 * * *", zone="UTC")
    raise NoCronError(f"{text} does not divide the hour or the day")


def _pattern(pattern: Pattern, dialect: Dialect, zone: str) -> list[CronLine]:
    if pattern.second.values != {0}:
        raise NoCronError("cron has no seconds")
    test, why = "", ""
    if not pattern.year.is_full:
        years = "|".join(map(str, sorted(pattern.year.values)))
        test, why = (
            f'case "$(TZ={zone} date +%Y)" in {years}) ;; *) exit 0;; esac; ',
            "a test of the year in the command",
        )
    if every_day_matches(pattern):
        return [CronLine(times=_times(pattern, "*", "*"), test=test, why=why, zone=zone)]
    days = [*_days(pattern.day, zone), *_nth_weekdays(pattern.day_of_week, zone)]
    if days:  # W, L and # are alone: the other day field allows every day
        found = [(day, "*", day_test) for day, day_test in days]
        found += [(_field(pattern.day), "*", "")] if pattern.day.values and not pattern.day.is_full else []
        why = "a test of the date in the command"
        return [
            CronLine(times=_times(pattern, day, weekday), test=test + day_test, why=why, zone=zone)
            for day, weekday, day_test in found
        ]
    is_and = not (pattern.either_day or pattern.day.is_full or pattern.day_of_week.is_full)
    if dialect is Dialect.BUSYBOX and is_and:
        raise NoCronError("BusyBox joins the day fields by OR")
    return [CronLine(times=_times(pattern, *_day_fields(pattern, is_and=is_and)), test=test, why=why, zone=zone)]


def _times(pattern: Pattern, day: str, weekday: str) -> str:
    return f"{_field(pattern.minute)} {_field(pattern.hour)} {day} {_field(pattern.month)} {weekday}"


def _day_fields(pattern: Pattern, *, is_and: bool) -> tuple[str, str]:
    """The day fields: cron joins them by AND where one begins with `*`, and by OR else."""
    texts = []
    for field in (pattern.day, pattern.day_of_week):
        is_kept = is_and and field.starred
        if is_kept and not re.fullmatch(r"[\d*/,-]+", field.text):
            raise NoCronError(f"{field.text} together with another day field has no equivalent")
        texts.append(field.text if is_kept else without_star(_field(field), *LIMITS[field.name]))
    return texts[0], texts[1]


def _field(field: Field) -> str:
    return cron_field(field.values or {0}, *LIMITS[field.name])


def _days(field: Field, zone: str) -> list[tuple[str, str]]:
    """Days of the month for the field, and a test that the day is the right one."""
    found = []
    for special in sorted(field.special):
        if special.endswith("w"):
            raise NoCronError(f"{field.text}: a weekday nearest to a day of the month has no equivalent")
        back = int(special[2:] or 0)
        found.append((f"{28 - back}-{31 - back}", f'[ "{day_later(zone, back + 1)}" = 01 ] || exit 0; '))
    return found


def _nth_weekdays(field: Field, zone: str) -> list[tuple[str, str]]:
    found = []
    for special in sorted(field.special):
        weekday = f'[ "$(TZ={zone} date +%w)" = {special[1] if special[0] == "l" else special[0]} ]'
        if special[0] == "l":
            found.append(("22-31", f'{weekday} && [ "{day_later(zone, 7)}" -le 7 ] || exit 0; '))
        else:
            first = 7 * int(special[2]) - 6
            found.append((f"{first}-{min(first + 6, 31)}", f"{weekday} || exit 0; "))
    return found
