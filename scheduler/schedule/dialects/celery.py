"""Celery's `crontab(minute=0, hour='*/3')`, in which a missing field is `*`."""

from __future__ import annotations

import re

from scheduler.schedule.dialects.reading import Dialect, Translation

_CALL = re.compile(r"crontab\((?P<arguments>[^()]*)\)")
_ARGUMENT = re.compile(r"\s*(\w+)\s*=\s*(?:(\d+)|'([^']*)'|\"([^\"]*)\")\s*,?")
_ORDER = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


def read_celery(text: str) -> Dialect | None:
    """The five fields of a call."""
    match = _CALL.fullmatch(text)
    if match is None:
        return None
    rest, given = match["arguments"].strip(), {}
    while rest and (argument := _ARGUMENT.match(rest)):
        given[argument[1]] = "".join((argument[2] or argument[3] or argument[4] or "").split())
        rest = rest[argument.end() :].strip()
    reason = "crontab(…) is the syntax of Celery"
    if rest or given.keys() - {*_ORDER} or not all(given.values()):
        return Dialect(reason)
    if not any(given.get(name, "*").startswith("*") for name in ("day_of_month", "day_of_week")):
        return Dialect(f"{reason}, where both day fields must match; here one is enough")
    converted = ("crontab", *(part for name in given for part in name.split("_")))
    return Dialect(reason, (Translation(" ".join(given.get(name, "*") for name in _ORDER), converted=converted),))
