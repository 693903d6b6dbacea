"""The parser of `except`, `from` and `until`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from scheduler.errors import ScheduleError
from scheduler.schedule.cron import Cron
from scheduler.schedule.exclusions import (
    DateRange,
    ExcludedPattern,
    Exclusions,
    YearlyDate,
    YearlyRange,
    end_of_date,
    start_of_date,
)
from scheduler.schedule.holiday_dates import HolidayDates, holidays_of
from scheduler.schedule.named_fields import named_fields, one_line
from scheduler.schedule.parse import parse_schedule
from scheduler.schedule.pattern import Pattern
from scheduler.schedule.time_zone import instant_of

Exclusion = date | YearlyDate | DateRange | YearlyRange | HolidayDates | ExcludedPattern
"""One entry of `except`."""

_DATE = r"(?a)\d{4}-\d\d-\d\d"
_YEARLY = r"(?a)\d\d-\d\d"
_INSTANT = r"(?ai)\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?"
_FORMS = "a date (2026-12-25), a yearly date (12-25), a range (2026-12-24..2027-01-01), or a cron expression"
_LEAP_YEAR = 2024


def parse_exclusion(spec: object, timezone: ZoneInfo, *, job_name: str) -> Exclusion:
    """Parse one entry of `except`: text or a mapping, all but `{file: …}`. Raises ScheduleError."""
    if isinstance(spec, Mapping) and "holidays" in spec:
        return _holidays(spec)
    if isinstance(spec, Mapping):
        return _pattern(spec, timezone, job_name)
    if not isinstance(spec, str) or not spec.strip():
        raise ScheduleError(f"must be {_FORMS}")
    text = spec.strip()
    if len(text.split()) == 5 or text.startswith("@"):
        return _pattern(text, timezone, job_name)
    return parse_dates(text)


def parse_dates(text: str) -> Exclusion:
    """Parse a date, a yearly date, or a range of either. Raises ScheduleError."""
    first, dots, last = text.partition("..")
    first, last = first.strip(), last.strip()
    if not dots:
        if re.fullmatch(_DATE, first):
            return _date(first)
        if re.fullmatch(_YEARLY, first):
            return _yearly(first)
    elif re.fullmatch(_DATE, first) and re.fullmatch(_DATE, last):
        if _date(first) > _date(last):
            raise ScheduleError(f"range {text} is reversed")
        return DateRange(_date(first), _date(last))
    elif re.fullmatch(_YEARLY, first) and re.fullmatch(_YEARLY, last):
        return YearlyRange(_yearly(first), _yearly(last))
    raise ScheduleError(f"{text[:40]!r} is not {_FORMS}")


def exclusions_of(items: Iterable[Exclusion], timezone: ZoneInfo) -> Exclusions:
    """All entries of `except` together."""
    items = list(items)
    return Exclusions(
        timezone,
        dates=frozenset(item for item in items if isinstance(item, date)),
        yearly=frozenset(item for item in items if isinstance(item, YearlyDate)),
        ranges=tuple(item for item in items if isinstance(item, DateRange | YearlyRange)),
        holidays=tuple(item for item in items if isinstance(item, HolidayDates)),
        patterns=tuple(item for item in items if isinstance(item, ExcludedPattern)),
    )


def parse_from(text: str, timezone: ZoneInfo) -> datetime:
    """The first instant (UTC) of `from`: a date or a date and time. Raises ScheduleError."""
    return _bound(text, timezone, start_of_date)


def parse_until(text: str, timezone: ZoneInfo) -> datetime:
    """The last instant (UTC) of `until`: a date, to its end, or a date and time. Raises ScheduleError."""
    return _bound(text, timezone, end_of_date)


def _bound(text: str, timezone: ZoneInfo, of_date: Callable[[date, ZoneInfo], datetime]) -> datetime:
    text = text.strip()
    if re.fullmatch(_DATE, text):
        return of_date(_date(text), timezone)
    if not re.fullmatch(_INSTANT, text):
        reason = f"{text[:40]!r} is not a date (2027-01-31) or a date and time (2027-01-31T18:00)"
        raise ScheduleError(reason)
    try:
        moment = datetime.fromisoformat(text.upper())
        return instant_of(moment, timezone) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ScheduleError(f"{text} does not exist in the calendar") from None


def _date(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ScheduleError(f"{text} does not exist in the calendar") from None
    if not 1900 <= found.year < 9000:
        raise ScheduleError(f"year {found.year} is out of range (1900-8999)")
    return found


def _yearly(text: str) -> YearlyDate:
    month, day = int(text[:2]), int(text[3:])
    try:
        date(_LEAP_YEAR, month, day)
    except ValueError:
        raise ScheduleError(f"{text} does not exist in the calendar; a yearly date is month-day") from None
    return YearlyDate(month, day)


def _holidays(spec: Mapping[object, object]) -> HolidayDates:
    code = spec["holidays"]
    if len(spec) > 1 or not isinstance(code, str) or not code.strip():
        raise ScheduleError("holidays must be the code of a country, a part of it, or an exchange, such as DE or DE-BE")
    holidays_of(code.strip(), _LEAP_YEAR)
    return HolidayDates(code.strip())


def _pattern(spec: object, timezone: ZoneInfo, job_name: str) -> ExcludedPattern:
    text = None
    if isinstance(spec, Mapping):  # a field that is not given matches all: {day_of_week: sat} is the whole day
        text = one_line(named_fields(spec))
        spec = {"hour": "*", "minute": "*", **spec}
    schedule = parse_schedule(spec, timezone, job_name=job_name)
    if not isinstance(schedule, Cron) or not isinstance(schedule.pattern, Pattern):
        raise ScheduleError(f"{schedule.text} cannot be excluded; use a cron expression or dates")
    return ExcludedPattern.of(text or schedule.text, schedule.pattern)
