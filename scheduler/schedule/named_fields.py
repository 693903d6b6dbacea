"""The schedule as a mapping of named fields: the only form with seconds and years."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scheduler.errors import ScheduleError
from scheduler.schedule.cron_field import LIMITS, FieldName
from scheduler.schedule.field_parser import check_characters, parse_field
from scheduler.schedule.pattern import Pattern
from scheduler.text import nearest

NamedFields = tuple[tuple[FieldName, str], ...]
"""The given fields as text, from the coarsest to the finest."""

_COARSENESS = {
    FieldName.YEAR: 5,
    FieldName.MONTH: 4,
    FieldName.DAY: 3,
    FieldName.DAY_OF_WEEK: 3,
    FieldName.HOUR: 2,
    FieldName.MINUTE: 1,
    FieldName.SECOND: 0,
}
_OTHER_NAMES = {
    "weekday": "day_of_week",
    "dow": "day_of_week",
    "dom": "day",
    "day_of_month": "day",
    "minutes": "minute",
}
_PLAIN = r"[A-Za-z0-9]+(-[A-Za-z0-9]+)?"


def named_fields(spec: Mapping[object, object]) -> NamedFields:
    """Check the names and values of the mapping. Raises ScheduleError."""
    if not spec:
        raise ScheduleError("the mapping is empty; it needs at least one field", help="{hour: 2, minute: 30}")
    for key in spec:
        if key not in list(FieldName):
            raise _unknown(key)
    if "day" in spec and "day_of_week" in spec:
        reason = (
            "day and day_of_week cannot be combined, since crons disagree whether one or both must match; "
            "use a list of two schedules"
        )
        raise ScheduleError(reason, field="day_of_week")
    return tuple((name, _as_text(name, spec[name])) for name in _COARSENESS if name in spec)


def one_line(fields: NamedFields) -> str:
    """The mapping on one line, as it can be written in the file."""
    return "{" + ", ".join(f"{name}: {_quoted(text)}" for name, text in fields) + "}"


def read_fields(fields: NamedFields, job_name: str) -> Pattern:
    """Build the pattern: fields coarser than the finest given one default to `*`, finer ones to their minimum."""
    given = dict(fields)
    finest = min(_COARSENESS[name] for name in given)
    texts = {name: "*" if rank >= finest else str(LIMITS[name][0]) for name, rank in _COARSENESS.items()}
    texts[FieldName.DAY_OF_WEEK] = "*"
    texts.update(given)
    return Pattern.of({name: parse_field(name, text, job_name=job_name) for name, text in texts.items()})


def _quoted(text: str) -> str:
    return text if re.fullmatch(_PLAIN, text) else f'"{text}"'


def _as_text(name: FieldName, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10_000 else "9999"
    if isinstance(value, str):
        check_characters(value, name.value)
        return value.strip()
    reason, help = f"{name} must be a number or a cron field as text", "*/5"
    if isinstance(value, list):
        reason += "; a list is written with commas"
        help = ",".join(_as_text(name, entry) for entry in value) or help
    raise ScheduleError(reason, field=name.value, help=f'"{help}"')


def _unknown(key: object) -> ScheduleError:
    word = str(key) if isinstance(key, str | int | float) else type(key).__name__
    known = [name.value for name in FieldName]
    near = nearest(_OTHER_NAMES.get(word.lower(), word.lower()), known, 0.7)
    reason = f"unknown field {word[:40]!r}; the fields are {', '.join(known)}"
    return ScheduleError(reason, field=word[:40], help=near)
