"""Schedules of the Ruby library fugit: cron with seconds first and a zone at the end, and a few English phrases."""

from __future__ import annotations

import re
from typing import NamedTuple

from scheduler.schedule import find_zone
from scheduler.translate.importers.day_fields import either
from scheduler.translate.translation import Value

_NAMES = ("second", "minute", "hour", "day", "month", "day_of_week")
_UNITS: dict[str, tuple[str | dict[str, str], int]] = {
    "second": ({"second": "*", "minute": "*", "hour": "*"}, 60),
    "minute": ("* * * * *", 60),
    "hour": ("0 * * * *", 24),
    "day": ("0 0 * * *", 0),
    "week": ("0 0 * * 0", 0),
    "month": ("0 0 1 * *", 0),
    "year": ("0 0 1 1 *", 0),
}
"""For each unit: the schedule of `every UNIT`, and how many of them make the next larger unit."""

_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_TIME = r"(?:noon|midnight|\d{1,2}(?::\d\d)?\s*(?:am|pm)?)"
_PHRASE = re.compile(
    rf"(?:at (?P<before>{_TIME}) )?every (?P<days>day|weekday|{_WEEKDAY}(?:(?:,| and|, and) {_WEEKDAY})*)"
    rf"(?: at (?P<after>{_TIME}))?",
    re.IGNORECASE,
)
_EVERY = re.compile(r"every (?:(\d{1,2}) )?(second|minute|hour|day|week|month|year)s?", re.IGNORECASE)
_AT_MINUTE = re.compile(r"every hour at minute (\d{1,2})", re.IGNORECASE)
_ZONE = re.compile(r"(.*?)(?: (?:in|on))? (\S+)")


class FugitError(Exception):
    """Why a schedule cannot be carried over."""


class FugitSchedule(NamedTuple):
    """A schedule as a schedule file has it, and the time zone that it names."""

    schedule: Value
    zone: str | None


def read_fugit(text: str) -> FugitSchedule:
    """Read a schedule. FugitError for a phrase whose meaning is not certain."""
    words = " ".join(text.split())
    zone = None
    if (match := _ZONE.fullmatch(words)) and re.search(r"[A-Z]", match[2]) and find_zone(match[2]):
        words, zone = match.groups()
    fields = words.split()
    if words.startswith("@"):
        return FugitSchedule(words, zone)
    if len(fields) in {5, 6} and re.match(r"[\d*]", words):
        fields[-3], fields[-1] = either(fields[-3], _weekday(fields[-1]), any_day=r"\*(?:/0*1)?")
        if len(fields) == 5:
            return FugitSchedule(" ".join(fields), zone)
        if fields[0] in {"0", "00"}:
            return FugitSchedule(" ".join(fields[1:]), zone)
        pairs = zip(_NAMES, fields, strict=True)
        return FugitSchedule({name: value for name, value in pairs if name in _NAMES[:3] or value != "*"}, zone)
    return FugitSchedule(_phrase(words), zone)


def _weekday(field: str) -> str:
    """The day of the week, in which `*/1` is all seven days, and `*` next to other items has no effect."""
    items = [re.sub(r"^\*/0*1$", "0-6", item) for item in field.split(",")]
    return ",".join(item for item in items if item != "*") or "*"


def _phrase(words: str) -> Value:
    if match := _EVERY.fullmatch(words):
        return _every(int(match[1] or 1), match[2].lower(), words)
    if (at := _AT_MINUTE.fullmatch(words)) and int(at[1]) < 60:
        return f"{int(at[1])} * * * *"
    match = _PHRASE.fullmatch(words)
    if match is None or (match["before"] and match["after"]):
        raise FugitError(f"the meaning of {words!r} is not certain; write a cron expression")
    hour, minute = _time(match["before"] or match["after"] or "midnight", words)
    days = match["days"].lower()
    if days == "day":
        return f"{minute} {hour} * * *"
    if days == "weekday":
        return f"{minute} {hour} * * mon-fri"
    return f"{minute} {hour} * * {','.join(day[:3] for day in re.findall(_WEEKDAY, days))}"


def _every(count: int, unit: str, words: str) -> Value:
    schedule, size = _UNITS[unit]
    if count == 1:
        return {**schedule} if isinstance(schedule, dict) else schedule
    if not size or count == 0 or size % count:
        raise FugitError(f"the meaning of {words!r} is not certain; write a cron expression, or @every")
    if isinstance(schedule, dict):
        return {**schedule, "second": f"*/{count}"}
    return f"*/{count} * * * *" if unit == "minute" else f"0 */{count} * * *"


def _time(text: str, words: str) -> tuple[int, int]:
    if text.lower() in {"noon", "midnight"}:
        return (12 if text.lower() == "noon" else 0), 0
    match = re.fullmatch(r"(\d{1,2})(?::(\d\d))?\s*(am|pm)?", text, re.IGNORECASE)
    if match is None:
        raise FugitError(f"the time {text} cannot be read")
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
    if minute > 59 or hour > (12 if half else 23) or (half and hour == 0):
        raise FugitError(f"the time in {words!r} does not exist")
    return (hour % 12 + 12 * (half == "pm") if half else hour), minute
