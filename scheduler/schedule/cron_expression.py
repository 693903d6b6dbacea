"""The parser of cron expressions: five fields to a pattern, or an error that says how to write it."""

from __future__ import annotations

import re

from scheduler.errors import ScheduleError
from scheduler.schedule.cron_field import Field, FieldName
from scheduler.schedule.dialects import named_weekdays, translated
from scheduler.schedule.field_parser import parse_field
from scheduler.schedule.named_fields import NamedFields, one_line, read_fields
from scheduler.schedule.pattern import Pattern
from scheduler.schedule.time_zone import find_zone

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
    """Parse five fields. Columns of errors are offsets in `text`. Raises ScheduleError."""
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
        "L, W or # together with the other day field has different meanings in different crons; "
        "to run on both days use a list of schedules"
    )
    return ScheduleError(reason, field=FieldName.DAY.value, column=column, help=help)


def _wrong_count(words: list[str]) -> ScheduleError:
    text = " ".join(words)
    if zone := _ZONE.fullmatch(words[0]):
        return ScheduleError("the time zone is a separate key", column=0, help=f"timezone: {zone[1][:40]}")
    if _is_valid(joined := re.sub(r"\s*,\s*", ",", text)):
        return ScheduleError("a comma-separated list must not contain blanks", help=joined)
    if error := translated(text):
        return error
    if len(words) == 6 and (error := _six_fields(words)):
        return error
    if len(words) == 7 and (error := _seven_fields(words)):
        return error
    if len(words) > 5:
        return _trailing_text(words)
    alias = f"@{text.lower()}"
    reason = f"a cron expression has five fields ({_ORDER}), not {len(words)}"
    return ScheduleError(reason, help=alias if alias in ALIASES else None)


def _trailing_text(words: list[str]) -> ScheduleError:
    """Five fields followed by something: a user, a command or a time zone, as in crontabs; or too many fields."""
    first, rest = " ".join(words[:5]), words[5:]
    help = first if _is_valid(first) else None
    if help is None or re.fullmatch(r"[\d*?,/-]+", rest[0]):
        return ScheduleError(f"a cron expression has five fields ({_ORDER}), not {len(words)}")
    shown = " ".join(rest)[:40]
    if len(rest) == 1 and find_zone(rest[0]):
        return ScheduleError(f"{shown!r} follows the five fields; use the key timezone: {shown}", help=help)
    keys = "the command goes under the key command"
    if not rest[0].startswith(("/", ".", "~")):
        keys = "a user goes under the key user, the command under command"
    return ScheduleError(f"{shown!r} follows the five fields; {keys}", help=help)


def _six_fields(words: list[str]) -> ScheduleError | None:
    """The readings of six fields: Quartz and Spring begin with seconds, AWS and yacron end with the year."""
    seconds_first = _seconds_first(words, (FieldName.SECOND, *_FIELDS))
    year_last = _reading(words, (*_FIELDS, FieldName.YEAR))
    if not seconds_first and not year_last:
        return None
    first = " or ".join(f"{text} ({name})" for name, text in seconds_first.items()) or "not valid"
    if len(set(seconds_first.values())) == 1:
        first = next(iter(seconds_first.values()))
    reason = (
        f"six fields are ambiguous; with seconds first, as in Quartz and Spring: {first}; "
        f"with the year last, as in AWS and yacron: {year_last or 'not valid'}"
    )
    readings = dict.fromkeys(filter(None, (*seconds_first.values(), year_last)))
    return ScheduleError(reason, help=" or ".join(readings))


def _seven_fields(words: list[str]) -> ScheduleError | None:
    readings = _seconds_first(words, (FieldName.SECOND, *_FIELDS, FieldName.YEAR))
    if "Quartz" not in readings:
        return None
    reason = "seven fields are the syntax of Quartz, with seconds and years; write these fields by name"
    return ScheduleError(reason, help=readings["Quartz"])


def _seconds_first(words: list[str], names: tuple[FieldName, ...]) -> dict[str, str]:
    """The readings by program: Quartz counts weekdays from Sunday = 1, Spring from Sunday = 0."""
    weekday = words[5]
    readings: dict[str, str] = {}
    for program, sunday in (("Quartz", 1), ("Spring", 0)):
        if sunday == 1 and "0" in re.findall(r"(?<![#/\d])\d", weekday):
            continue
        named = [*words[:5], named_weekdays(weekday, sunday=sunday), *words[6:]]
        if text := _reading(named, names):
            readings[program] = text
    return readings


def _reading(words: list[str], names: tuple[FieldName, ...]) -> str | None:
    """The schedule that these words mean when they are the fields `names`; None when they are not valid."""
    given = dict(zip(names, words, strict=True))
    if given.get(FieldName.SECOND, "0") == "0" and given.get(FieldName.YEAR, "*") in {"*", "?"}:
        text = " ".join(given[name] for name in _FIELDS)
        return text if _is_valid(text) else None
    # Keep the finest field even if it is `*`: without it, the default would be its minimum.
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
