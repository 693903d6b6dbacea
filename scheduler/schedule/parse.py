"""From what a file says to a schedule, or to one ScheduleError that says what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduler.errors import ScheduleError
from scheduler.schedule.cron import Cron
from scheduler.schedule.duration import parse_duration
from scheduler.schedule.field import FieldName, parse_field
from scheduler.schedule.pattern import Pattern
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.simple import At, AtStart, Every, Union
from scheduler.schedule.zone import instant_of

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_LONGEST_TEXT = 256
_LONGEST_LIST = 100
_CRON = (FieldName.MINUTE, FieldName.HOUR, FieldName.DAY, FieldName.MONTH, FieldName.DAY_OF_WEEK)
_COARSENESS = (FieldName.SECOND, FieldName.MINUTE, FieldName.HOUR, FieldName.DAY, FieldName.MONTH, FieldName.YEAR)
_FORMS = (
    "five fields like '30 2 * * *', @daily, @every 90s, @at 2027-01-01T09:00, a mapping of fields, or a list of these"
)


def parse_schedule(spec: object, timezone: ZoneInfo, *, job_name: str) -> Schedule:
    """Text, a mapping of fields or a list of both, as the file has it. ScheduleError is the only error.

    Equal schedules are the same object. `job_name` matters for `H` only.
    """
    if isinstance(spec, str):
        return _parse_text(spec, timezone, job_name if _has_hash(spec) else "")
    if isinstance(spec, Mapping):
        return _parse_mapping(spec, timezone, job_name)
    if isinstance(spec, list):
        return _parse_list(spec, timezone, job_name)
    raise ScheduleError(f"a schedule is {_FORMS}")


def _has_hash(text: str) -> bool:
    return not text.lstrip().startswith("@") and re.search(r"(?<![a-z])h(?![a-z])", text, re.IGNORECASE) is not None


@lru_cache(maxsize=16_384)
def _parse_text(text: str, zone: ZoneInfo, job_name: str) -> Schedule:
    if not text.strip():
        raise ScheduleError(f"the schedule is empty: write {_FORMS}, or leave the key out")
    _refuse_unreadable(text)
    word, _, rest = text.strip().partition(" ")
    match word.lower():
        case "@every":
            return _parse_every(rest.strip())
        case "@at":
            return _parse_at(rest.strip(), zone)
        case "@reboot" if not rest:
            return AtStart("@reboot")
        case alias if alias in ALIASES and not rest:
            return _cron(alias, ALIASES[alias], zone, "")
        case alias if alias.startswith("@"):
            raise _unknown_alias(text, alias)
    return _cron(" ".join(text.split()), text, zone, job_name)


def _refuse_unreadable(text: str) -> None:
    for column, character in enumerate(text):
        if not (" " <= character <= "~" or character == "\t"):
            raise ScheduleError(f"the character {ascii(character)} does not belong in a schedule", column=column)
    if len(text) > _LONGEST_TEXT:
        raise ScheduleError(f"a schedule has at most {_LONGEST_TEXT} characters; use ranges and steps, or a list")


def _unknown_alias(text: str, alias: str) -> ScheduleError:
    known = [*ALIASES, "@every", "@at", "@reboot"]
    column = len(text) - len(text.lstrip())
    if alias in known:
        return ScheduleError(f"{alias} stands alone", column=column, write=alias)
    near = difflib.get_close_matches(alias, known, 1)
    return ScheduleError(
        f"{alias[:40]} is unknown; there are {', '.join(known)}", column=column, write=near[0] if near else None
    )


def _parse_every(text: str) -> Every:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise ScheduleError(f"@every: {error}", column=0, write="@every 90s") from None
    if seconds < 1:
        raise ScheduleError("@every: the shortest interval is one second", column=0, write="@every 1s")
    return Every(f"@every {text}", timedelta(seconds=seconds))


def _parse_at(text: str, zone: ZoneInfo) -> At:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?", text, re.ASCII | re.IGNORECASE):
        raise ScheduleError(
            "@at needs a date and a time, with an offset or else in the job's time zone",
            column=0,
            write="@at 2027-01-01T09:00:00+01:00",
        )
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ScheduleError(f"@at: {error}", column=0) from None
    return At(f"@at {text}", instant_of(moment, zone) if moment.tzinfo is None else moment.astimezone(UTC))


def _cron(text: str, expression: str, zone: ZoneInfo, job_name: str) -> Cron:
    words = list(re.finditer(r"\S+", expression))
    if len(words) != len(_CRON):
        raise ScheduleError(f"{len(words)} fields: a cron expression has five")
    fields = {
        name: parse_field(name, word[0], job_name=job_name, column=word.start())
        for name, word in zip(_CRON, words, strict=True)
    }
    fields[FieldName.SECOND] = parse_field(FieldName.SECOND, "0", job_name="")
    fields[FieldName.YEAR] = parse_field(FieldName.YEAR, "*", job_name="")
    return _checked(Cron(text, Pattern(**{name.value: field for name, field in fields.items()}), zone))


def _checked(schedule: Cron) -> Cron:
    if schedule.pattern.next_match(datetime(1970, 1, 1)) is None:
        raise ScheduleError("this never comes")
    return schedule


def _parse_mapping(spec: Mapping[object, object], zone: ZoneInfo, job_name: str) -> Schedule:
    raise ScheduleError("mappings: in a moment")


def _parse_list(spec: list[object], zone: ZoneInfo, job_name: str) -> Schedule:
    parts = tuple(parse_schedule(part, zone, job_name=job_name) for part in spec)
    return Union(", ".join(part.text for part in parts), parts)
