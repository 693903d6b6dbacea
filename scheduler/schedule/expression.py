"""The five-field cron expression: its text to a pattern, and a useful word when it is something else."""

from __future__ import annotations

import re

from scheduler.errors import ScheduleError
from scheduler.schedule.field import Field, FieldName
from scheduler.schedule.field_parser import parse_field
from scheduler.schedule.mapping import NamedFields, one_line, read_fields
from scheduler.schedule.pattern import Pattern

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_FIELDS = (FieldName.MINUTE, FieldName.HOUR, FieldName.DAY, FieldName.MONTH, FieldName.DAY_OF_WEEK)
_ORDER = "minute hour day month day-of-week"
_ZONE = re.compile(r"(?:CRON_)?TZ=(\S+)")


def read_expression(text: str, job_name: str) -> Pattern:
    """The pattern of five fields. Columns of errors count from the start of `text`."""
    words = list(re.finditer(r"\S+", text))
    if len(words) != len(_FIELDS):
        raise _wrong_count([word[0] for word in words])
    fields = {
        name: parse_field(name, word[0], job_name=job_name, column=word.start())
        for name, word in zip(_FIELDS, words, strict=True)
    }
    day, day_of_week = fields[FieldName.DAY], fields[FieldName.DAY_OF_WEEK]
    if (day.special and day_of_week.text not in {"*", "?"}) or (day_of_week.special and day.text not in {"*", "?"}):
        raise _refused_combination(day, day_of_week, [word[0] for word in words], words[2].start())
    fields[FieldName.SECOND] = parse_field(FieldName.SECOND, "0")
    fields[FieldName.YEAR] = parse_field(FieldName.YEAR, "*")
    return Pattern.of(fields)


def _refused_combination(day: Field, day_of_week: Field, words: list[str], column: int) -> ScheduleError:
    minute, hour, _, month, _ = words
    help = f'["{minute} {hour} {day.text} {month} *", "{minute} {hour} * {month} {day_of_week.text}"]'
    reason = (
        "cron implementations disagree about L, W or # together with the other day field; for either day give a list"
    )
    return ScheduleError(reason, field=FieldName.DAY.value, column=column, help=help)


def _wrong_count(words: list[str]) -> ScheduleError:
    text = " ".join(words)
    if zone := _ZONE.fullmatch(words[0]):
        return ScheduleError("the time zone is a key of its own", column=0, help=f"timezone: {zone[1][:40]}")
    if _is_valid(joined := re.sub(r"\s*,\s*", ",", text)):
        return ScheduleError("the entries of a comma list stand without blanks between them", help=joined)
    if len(words) == 6:
        return _six_fields(words)
    if len(words) == 7:
        reason = "seven fields are Quartz's, with seconds and years: give the fields by name"
        return ScheduleError(reason, help=_reading(words, (FieldName.SECOND, *_FIELDS, FieldName.YEAR)))
    if len(words) > 7:
        first = " ".join(words[:5])
        reason = f"{len(words)} fields; a cron expression has five, and what is to be run stands under `command`"
        return ScheduleError(reason, help=first if _is_valid(first) else None)
    if re.fullmatch(r"(\d{1,6}[dhms])+", text):
        return ScheduleError("a duration alone does not say that it repeats", help=f"@every {text}")
    alias = f"@{text.lower()}"
    reason = f"{len(words)} field{'s' if len(words) > 1 else ''}; a cron expression has five: {_ORDER}"
    return ScheduleError(reason, help=alias if alias in ALIASES else None)


def _six_fields(words: list[str]) -> ScheduleError:
    """Seconds come first in Quartz and Spring; AWS and yacron have the year last."""
    seconds_first = _reading(words, (FieldName.SECOND, *_FIELDS))
    year_last = _reading(words, (*_FIELDS, FieldName.YEAR))
    reason = (
        f"six fields have two readings: seconds first, as in Quartz and Spring, is {seconds_first or 'no schedule'}; "
        f"year last, as in AWS and yacron, is {year_last or 'no schedule'}"
    )
    return ScheduleError(reason, help=" or ".join(filter(None, (seconds_first, year_last))) or None)


def _reading(words: list[str], names: tuple[FieldName, ...]) -> str | None:
    """What more than five fields mean when they stand for `names`, as schedd would have it; None when they cannot."""
    given = dict(zip(names, words, strict=True))
    if given.get(FieldName.SECOND, "0") == "0" and given.get(FieldName.YEAR, "*") in {"*", "?"}:
        text = " ".join(given[name] for name in _FIELDS)
        return text if _is_valid(text) else None
    # The finest field stays whatever it says: left out, it would be the minimum and not every one.
    fields: NamedFields = tuple(
        (name, given[name])
        for name in reversed(FieldName)
        if name is names[0] or given.get(name, "*") not in {"*", "?"}
    )
    if FieldName.DAY in dict(fields) and FieldName.DAY_OF_WEEK in dict(fields):
        return None
    try:
        read_fields(fields, "")
    except ScheduleError:
        return None
    return one_line(fields)


def _is_valid(text: str) -> bool:
    try:
        return len(text.split()) == len(_FIELDS) and read_expression(text, "") is not None
    except ScheduleError:
        return False
