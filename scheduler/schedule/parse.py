"""From what a file says to a schedule, or to one ScheduleError that says what to write instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduler.errors import ScheduleError
from scheduler.schedule.cron import Cron
from scheduler.schedule.duration import DurationError, parse_duration
from scheduler.schedule.expression import ALIASES, read_expression
from scheduler.schedule.field_parser import refuse_unreadable
from scheduler.schedule.mapping import NamedFields, named_fields, one_line, read_fields
from scheduler.schedule.pattern import Pattern
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.simple import At, AtStart, Every, Union
from scheduler.schedule.zone import instant_of
from scheduler.text import nearest

_LONGEST_LIST = 100
_FORMS = (
    "five cron fields like '30 2 * * *', an alias like @daily, '@every 90s', '@at 2027-01-01T09:00', "
    "a mapping like {hour: 2, minute: 30}, or a list of these"
)
_HASH = re.compile(r"(?<![A-Za-z])[Hh](?![A-Za-z])")
_INSTANT = r"(?ai)\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?"
_BEFORE_ALL_YEARS = datetime(1969, 12, 31, tzinfo=UTC).replace(tzinfo=None)


def parse_schedule(spec: object, timezone: ZoneInfo, *, job_name: str) -> Schedule:
    """Text, a mapping of fields or a list of both, as the file has it. ScheduleError is the only error.

    Equal texts in one zone give the same object, so that jobs share its answers; `job_name` matters for `H` only.
    """
    if isinstance(spec, str):
        return _parse_text(spec.rstrip(), timezone, job_name if _HASH.search(spec) else "")
    if isinstance(spec, Mapping):
        fields = named_fields(spec)
        return _parse_fields(fields, timezone, job_name if any(_HASH.search(text) for _, text in fields) else "")
    if isinstance(spec, list):
        return _parse_list(spec, timezone, job_name)
    raise ScheduleError(f"a schedule is {_FORMS}")


@lru_cache(maxsize=16_384)
def _parse_text(text: str, zone: ZoneInfo, job_name: str) -> Schedule:
    refuse_unreadable(text)
    words = text.split(maxsplit=1)
    if not words:
        raise ScheduleError(f"the schedule is empty; it is {_FORMS}")
    first, rest = words[0].lower(), words[1].strip() if len(words) > 1 else ""
    if first == "@every":
        return _parse_every(rest, text.rfind(rest))
    if first == "@at":
        return _parse_at(rest, text.rfind(rest), zone)
    if not first.startswith("@"):
        return _cron(" ".join(text.split()), read_expression(text, job_name), zone)
    if rest or first not in {*ALIASES, "@reboot"}:
        raise _unknown_alias(first, rest, text.index("@"))
    return AtStart(first) if first == "@reboot" else _cron(first, read_expression(ALIASES[first], ""), zone)


def _unknown_alias(word: str, rest: str, column: int) -> ScheduleError:
    known = [*ALIASES, "@reboot", "@every", "@at"]
    if word in known:
        return ScheduleError(f"{word} stands alone, without {rest[:20]!r}", help=word)
    reason = f"{word[:20]} is unknown; there are {', '.join(known)}"
    return ScheduleError(reason, column=column, help=nearest(word, known))


def _parse_every(text: str, column: int) -> Every:
    try:
        seconds = parse_duration(text)
    except DurationError as error:
        joined = "".join(text.split())
        help = f"{text}s" if text.isdigit() and int(text) else joined if _is_duration(joined) else "90s"
        raise ScheduleError(f"@every: {error.reason}", column=column, help=help) from None
    if seconds < 1:
        raise ScheduleError("@every: the shortest interval is one second", column=column, help="1s")
    return Every(f"@every {text}", timedelta(seconds=seconds))


def _is_duration(text: str) -> bool:
    try:
        return parse_duration(text) >= 1
    except DurationError:
        return False


def _parse_at(text: str, column: int, zone: ZoneInfo) -> At:
    if not re.fullmatch(_INSTANT, text):
        reason = "@at needs a date and a time, with an offset from UTC or else in the job's time zone"
        raise ScheduleError(reason, column=column, help="2027-01-01T09:00:00+01:00 or 2027-01-01T09:00")
    try:
        moment = datetime.fromisoformat(text.upper())
        instant = instant_of(moment, zone) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ScheduleError("@at: there is no such date or time", column=column) from None
    return At(f"@at {text}", instant)


@lru_cache(maxsize=16_384)
def _parse_fields(fields: NamedFields, zone: ZoneInfo, job_name: str) -> Cron:
    return _cron(one_line(fields), read_fields(fields, job_name), zone)


def _cron(text: str, pattern: Pattern, zone: ZoneInfo) -> Cron:
    if not pattern.comes_every_month and pattern.next_match(_BEFORE_ALL_YEARS) is None:
        day, month = pattern.day.text, pattern.month.text
        raise ScheduleError(f"this never comes: no date has day {day} in month {month}", field="day")
    return Cron(text, pattern, zone)


def _parse_list(spec: list[object], zone: ZoneInfo, job_name: str) -> Schedule:
    if not 0 < len(spec) <= _LONGEST_LIST:
        raise ScheduleError(f"a list of schedules has 1 to {_LONGEST_LIST} entries, this one {len(spec)}")
    parts = tuple(_parse_entry(index, entry, zone, job_name) for index, entry in enumerate(spec))
    if len(parts) == 1:
        return parts[0]
    texts = (part.text if part.text.startswith("{") else f'"{part.text}"' for part in parts)
    return Union(f"[{', '.join(texts)}]", parts)


def _parse_entry(index: int, entry: object, zone: ZoneInfo, job_name: str) -> Schedule:
    try:
        if isinstance(entry, list):
            raise ScheduleError("a list of schedules cannot hold another list")
        return parse_schedule(entry, zone, job_name=job_name)
    except ScheduleError as error:
        error.entry = index
        raise
