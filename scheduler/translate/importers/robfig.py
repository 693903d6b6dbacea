"""Schedules of the Go library robfig/cron, which Kubernetes and ofelia use: five fields, or six with seconds first."""

from __future__ import annotations

import re

from scheduler.translate.translation import Value

_NAMES = ("second", "minute", "hour", "day", "month", "day_of_week")


def as_schedule(text: str) -> Value:
    """The schedule as a schedule file has it.

    The library joins the day fields by OR unless one is `*`; `*/2` is a restriction like any other. cron, and schedd,
    join them by AND where one begins with `*`.
    """
    fields = text.split()
    if len(fields) not in {5, 6}:
        return text
    day, weekday = fields[-3], fields[-1]
    if not {day, weekday} & {"*", "?", "*/1"}:
        fields[-3], fields[-1] = re.sub(r"^[*?]", "1-31", day), re.sub(r"^[*?]", "0-6", weekday)
    if len(fields) == 5 or fields[0] in {"0", "00"}:
        return " ".join(fields[-5:])
    return {
        name: field
        for name, field in zip(_NAMES, fields, strict=True)
        if name in {"second", "minute", "hour"} or field not in {"*", "?"}
    }
