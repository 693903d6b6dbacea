"""The parser of cron expressions: five fields to a pattern."""

from __future__ import annotations

import re

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
_ORDER = "minute hour day month day-of-week"


def read_expression(text: str, job_name: str) -> Pattern:
    """Parse five fields. Columns of errors are offsets in `text`. Raises ScheduleError."""
    words = list(re.finditer(r"\S+", text))
    if len(words) != len(_FIELDS):
        raise ScheduleError(f"a cron expression has five fields ({_ORDER}), not {len(words)}")
    fields = {
        name: parse_field(name, word[0], job_name=job_name, column=word.start())
        for name, word in zip(_FIELDS, words, strict=True)
    }
    day, day_of_week = fields[FieldName.DAY], fields[FieldName.DAY_OF_WEEK]
    if (day.special and day_of_week.text not in {"*", "?"}) or (day_of_week.special and day.text not in {"*", "?"}):
        reason = (
            "L, W or # together with the other day field has different meanings in different crons; "
            "to run on both days use a list of schedules"
        )
        raise ScheduleError(reason, field=FieldName.DAY.value, column=words[2].start())
    fields[FieldName.SECOND] = parse_field(FieldName.SECOND, "0")
    fields[FieldName.YEAR] = parse_field(FieldName.YEAR, "*")
    return Pattern.of(fields)
