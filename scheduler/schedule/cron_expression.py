"""The parser of cron expressions: five fields to a pattern."""

from __future__ import annotations

from scheduler.errors import ScheduleError
from scheduler.schedule.cron_field import FieldName
from scheduler.schedule.field_parser import parse_field
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
_SECOND, _YEAR = FieldName.SECOND, FieldName.YEAR
_ORDER = "minute hour day month day-of-week"


def read_expression(text: str, job_name: str) -> Pattern:
    """Parse five fields. Columns of errors are offsets in `text`. Raises ScheduleError."""
    words = text.split()
    if len(words) != len(_FIELDS):
        raise ScheduleError(f"a cron expression has five fields ({_ORDER}), not {len(words)}")
    fields = []
    columns = []
    end = 0
    for name, word in zip(_FIELDS, words, strict=True):
        column = text.index(word, end)
        end = column + len(word)
        columns.append(column)
        fields.append(parse_field(name, word, job_name=job_name, column=column))
    minute, hour, day, month, day_of_week = fields
    if (day.special and day_of_week.text not in {"*", "?"}) or (day_of_week.special and day.text not in {"*", "?"}):
        reason = (
            "L, W or # together with the other day field has different meanings in different crons; "
            "to run on both days use a list of schedules"
        )
        raise ScheduleError(reason, field=FieldName.DAY.value, column=columns[2])
    return Pattern(
        second=parse_field(_SECOND, "0"),
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        day_of_week=day_of_week,
        year=parse_field(_YEAR, "*"),
        either_day=not (day.starred or day_of_week.starred),
    )
