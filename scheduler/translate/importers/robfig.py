"""Schedules of the Go library robfig/cron, which Kubernetes and ofelia use: five fields, or six with seconds first."""

from __future__ import annotations

from scheduler.translate.importers.day_fields import either
from scheduler.translate.translation import Value

_NAMES = ("second", "minute", "hour", "day", "month", "day_of_week")


def as_schedule(text: str) -> Value:
    """The schedule as a schedule file has it.

    For the library, one match of the day fields is enough unless one is `*`; `*/2` is a restriction like any other.
    """
    fields = text.split()
    if len(fields) not in {5, 6}:
        return text
    fields[-3], fields[-1] = either(fields[-3], fields[-1], any_day=r"[*?](?:/0*1)?")
    if len(fields) == 5 or fields[0] in {"0", "00"}:
        return " ".join(fields[-5:])
    return {
        name: field
        for name, field in zip(_NAMES, fields, strict=True)
        if name in {"second", "minute", "hour"} or field not in {"*", "?"}
    }
