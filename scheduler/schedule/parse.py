"""The parser of schedules: from a value of the file to a `Schedule`, or to one ScheduleError."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduler.errors import ScheduleError
from scheduler.schedule.at import At
from scheduler.schedule.cron import Cron
from scheduler.schedule.cron_expression import ALIASES, read_expression
from scheduler.schedule.day_interval import DayInterval
from scheduler.schedule.duration import DurationError, parse_duration
from scheduler.schedule.every import Every
from scheduler.schedule.field_parser import check_characters
from scheduler.schedule.named_fields import NamedFields, named_fields, one_line, read_fields
from scheduler.schedule.on_event import AtStart, parse_after
from scheduler.schedule.pattern import Pattern
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.time_zone import LocalTime, instant_of
from scheduler.schedule.union import Union
from scheduler.text import typo_of

_LONGEST_LIST = 100
_FORMS = (
    "five cron fields like '30 2 * * *', an alias like @daily, '@every 90s', '@at 2027-01-01T09:00', "
    "a mapping like {hour: 2, minute: 30}, or a list of these"
)
_HASH = re.compile(r"(?<![A-Za-z])[Hh](?![A-Za-z])")
_INSTANT = r"(?ai)\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?"
_DATE_OR_INSTANT = rf"(?ai)\d{{4}}-\d\d-\d\d|{_INSTANT.removeprefix('(?ai)')}"
_FROM = r"(?i)(?:^|\s+)(from)(?:\s+|$)"
_WHOLE_DAYS = r"(?a)(?:\d+w)?(?:\d+d)?"
_BEFORE_ALL_YEARS = datetime(1969, 12, 31, tzinfo=UTC).replace(tzinfo=None)


def parse_schedule(spec: object, timezone: ZoneInfo, *, job_name: str) -> Schedule:
    """Parse text, a mapping of fields, or a list of both. Raises ScheduleError and nothing else.

    Equal texts in one zone give the same object, so that jobs share its last answer; `job_name` matters for `H` only.
    """
    if isinstance(spec, str):
        is_hashed = ("h" in spec or "H" in spec) and _HASH.search(spec)
        return _parse_text(spec.rstrip(), timezone, job_name if is_hashed else "")
    if isinstance(spec, Mapping):
        fields = named_fields(spec)
        return _parse_fields(fields, timezone, job_name if any(_HASH.search(text) for _, text in fields) else "")
    if isinstance(spec, list):
        return _parse_list(spec, timezone, job_name)
    raise ScheduleError(f"a schedule must be {_FORMS}")


@lru_cache(maxsize=16_384)
def _parse_text(text: str, zone: ZoneInfo, job_name: str) -> Schedule:
    check_characters(text)
    words = text.split(maxsplit=1)
    if not words:
        raise ScheduleError(f"the schedule is empty; it must be {_FORMS}")
    first, rest = words[0].lower(), words[1].strip() if len(words) > 1 else ""
    if first == "@every":
        return _parse_every(rest, text.rfind(rest), zone)
    if first == "@at":
        return _parse_at(rest, text.rfind(rest), zone)
    if first == "@after":
        return parse_after(rest, text.rfind(rest))
    if not first.startswith("@"):
        return _cron(" ".join(text.split()), read_expression(text, job_name), zone)
    if rest or first not in {*ALIASES, "@reboot"}:
        raise _unknown_alias(first, rest, text.index("@"))
    return AtStart(first) if first == "@reboot" else _cron(first, read_expression(ALIASES[first], ""), zone)


def _unknown_alias(word: str, rest: str, column: int) -> ScheduleError:
    known = [*ALIASES, "@reboot", "@every", "@at", "@after"]
    if word in known:
        return ScheduleError(f"{word} takes no argument, but {rest[:20]!r} follows")
    reason = f"unknown alias {word[:20]}; valid are {', '.join(known)}"
    return ScheduleError(reason, column=column, help=typo_of(word, known))


def _parse_every(text: str, column: int, zone: ZoneInfo) -> Schedule:
    duration, keyword, start = re.split(_FROM, text, maxsplit=1) if re.search(_FROM, text) else (text, "", "")
    try:
        seconds = parse_duration(duration)
    except DurationError as error:
        raise ScheduleError(f"@every: {error}", column=column) from None
    if seconds < 1:
        raise ScheduleError("@every: the shortest interval is 1s", column=column)
    if not keyword:
        return Every(f"@every {text}", timedelta(seconds=seconds))
    first, instant, local = _parse_instant(start, column + text.rfind(start), zone, "@every … from", _DATE_OR_INSTANT)
    if re.fullmatch(_WHOLE_DAYS, duration.strip()):
        return Cron(f"@every {duration} from {start}", DayInterval(first, round(seconds / 86_400)), zone)
    return Every(f"@every {duration} from {start}", timedelta(seconds=seconds), instant, local)


def _parse_at(text: str, column: int, zone: ZoneInfo) -> At:
    _, instant, local = _parse_instant(text, column, zone, "@at", _INSTANT)
    return At(f"@at {text}", instant, local)


def _parse_instant(
    text: str, column: int, zone: ZoneInfo, owner: str, shape: str
) -> tuple[datetime, datetime, LocalTime | None]:
    """The wall time in the zone and the instant (UTC) of a date and time; last, what is written without an offset."""
    if not re.fullmatch(shape, text):
        reason = (
            f"{owner} needs a date and a time: 2027-01-01T09:00 in the job's time zone, or 2027-01-01T09:00:00+01:00"
        )
        raise ScheduleError(reason, column=column)
    try:
        moment = datetime.fromisoformat(text.upper())
        if moment.tzinfo is None:
            return moment, instant_of(moment, zone), LocalTime(moment, zone)
        return moment.astimezone(zone).replace(tzinfo=None, fold=0), moment.astimezone(UTC), None
    except (ValueError, OverflowError):
        raise ScheduleError(f"{owner}: {text} does not exist in the calendar", column=column) from None


@lru_cache(maxsize=16_384)
def _parse_fields(fields: NamedFields, zone: ZoneInfo, job_name: str) -> Cron:
    return _cron(one_line(fields), read_fields(fields, job_name), zone)


def _cron(text: str, pattern: Pattern, zone: ZoneInfo) -> Cron:
    if not pattern.comes_every_month and pattern.next_match(_BEFORE_ALL_YEARS) is None:
        day, month = pattern.day.text, pattern.month.text
        raise ScheduleError(f"this never runs: day {day} does not exist in month {month}", field="day")
    return Cron(text, pattern, zone)


def _parse_list(spec: list[object], zone: ZoneInfo, job_name: str) -> Schedule:
    if not 0 < len(spec) <= _LONGEST_LIST:
        raise ScheduleError(f"a list of schedules must have 1 to {_LONGEST_LIST} entries, not {len(spec)}")
    parts = tuple(_parse_entry(index, entry, zone, job_name) for index, entry in enumerate(spec))
    if len(parts) == 1:
        return parts[0]
    texts = (part.text if part.text.startswith("{") else f'"{part.text}"' for part in parts)
    return Union(f"[{', '.join(texts)}]", parts)


def _parse_entry(index: int, entry: object, zone: ZoneInfo, job_name: str) -> Schedule:
    try:
        if isinstance(entry, list):
            raise ScheduleError("a list of schedules cannot contain a list")
        return parse_schedule(entry, zone, job_name=job_name)
    except ScheduleError as error:
        error.entry = index
        raise
