"""systemd's OnCalendar: `Mon *-*-* 09:00:00`, `*-*-01 04:00`, `Mon..Fri 9:30`, `*:0/15`, `daily`."""

from __future__ import annotations

import re

from scheduler.schedule.cron_field import LIMITS, FieldName
from scheduler.schedule.dialects.reading import Dialect, Spec, Translation

_WEEKDAY = r"(?:sun|mon|tue|tues|wed|weds|wednes|thu|thur|thurs|fri|sat|satur)(?:days?)?"
_WEEKDAYS = re.compile(rf"{_WEEKDAY}(?:(?:\.\.|,){_WEEKDAY})*,?")
_DATE = re.compile(r"(?:(?P<year>[\d*.,/]+)-)?(?P<month>[\d*.,/]+)(?P<from_end>-|~)(?P<day>[\d*.,/]+)")
_TIME = re.compile(r"(?P<hour>[\d*.,/]+):(?P<minute>[\d*.,/]+)(?::(?P<second>[\d*.,/]+))?")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)")
_REASON = "this is the syntax of systemd's OnCalendar"


def read_on_calendar(text: str) -> Dialect | None:
    """The meaning of an OnCalendar expression, without its time zone."""
    lower = " ".join(text.lower().split())
    if match := _INSTANT.fullmatch(lower):
        return Dialect("a single date is written with @at", (Translation(f"@at {match[1]}T{match[2]}"),))
    if re.search(r"\d:\d\d,\d\d?:\d\d", lower):
        return None  # `9:00,17:00`: two times for people, and 9:00 and 9:17 for systemd
    found = _components(lower.split())
    if found is None or not (found.keys() & {"month", "weekdays"} or re.search(r"[*/.]", found.get("hour", ""))):
        return None
    if found.get("from_end") == "~":
        return Dialect(_REASON, _last_day(found))
    fields = {
        "minute": _field(FieldName.MINUTE, found.get("minute", "0")),
        "hour": _field(FieldName.HOUR, found.get("hour", "0")),
        "day": _field(FieldName.DAY, found.get("day", "*")),
        "month": _field(FieldName.MONTH, found.get("month", "*")),
        "day_of_week": _weekdays(found.get("weekdays", "")),
        "second": _field(FieldName.SECOND, found.get("second", "0")),
        "year": found.get("year", "*").replace("..", "-"),
    }
    spec = None if None in fields.values() else _spec({name: str(value) for name, value in fields.items()})
    if spec is None:
        return Dialect(_REASON)
    return Dialect(_REASON, (Translation(spec, converted=_converted(found)),))


def _components(words: list[str]) -> dict[str, str] | None:
    """The components by name; None when the words are not an expression."""
    found: dict[str, str] = {}
    if words and _WEEKDAYS.fullmatch(words[0]):
        found["weekdays"] = words.pop(0).rstrip(",")
    for pattern in (_DATE, _TIME):
        if words and (match := pattern.fullmatch(words[0])):
            found |= {name: value for name, value in match.groupdict().items() if value}
            words.pop(0)
    return found if found and not words else None


def _last_day(found: dict[str, str]) -> tuple[Translation, ...]:
    """`*-*~01` is the last day of each month."""
    hour, minute = _field(FieldName.HOUR, found.get("hour", "0")), _field(FieldName.MINUTE, found.get("minute", "0"))
    month = _field(FieldName.MONTH, found["month"])
    plain = found["day"].lstrip("0") == "1" and "weekdays" not in found and found.get("year", "*") == "*"
    if not plain or None in {hour, minute, month} or found.get("second", "0").strip("0"):
        return ()
    return (Translation(f"{minute} {hour} L {month} *", converted=(*_converted(found), found["day"])),)


def _spec(fields: dict[str, str]) -> Spec | None:
    """Five fields, or a mapping with seconds or years. systemd joins day and weekday by AND, which cron does not."""
    minute, hour, day, month, weekday = (fields[name] for name in ("minute", "hour", "day", "month", "day_of_week"))
    if day != "*" and weekday != "*":
        return None
    if fields["second"] == "0" and fields["year"] == "*":
        return f"{minute} {hour} {day} {month} {weekday}"
    given = {name: fields[name] for name in ("year", "month", "day", "day_of_week") if fields[name] != "*"}
    return {**given, "hour": hour, "minute": minute, "second": fields["second"]}


def _field(name: FieldName, text: str) -> str | None:
    """One component as a cron field: `0/15` is `*/15`, `1..5` is `1-5`."""
    low, high = LIMITS[name]
    items = []
    for item in text.split(","):
        match = re.fullmatch(r"(?a)(\*|\d+)(?:\.\.(\d+))?(?:/(\d+))?", item)
        if match is None or (match[1] == "*" and match[2]):
            return None
        start, end, step = match[1], match[2], match[3]
        if start != "*" and not low <= int(start) <= high:
            return None
        first = start if start == "*" else str(int(start))
        if step:
            whole = first in {"*", str(low)} and end is None
            items.append(f"*/{int(step)}" if whole else f"{first}-{int(end or high)}/{int(step)}")
        else:
            items.append(f"{first}-{int(end)}" if end else first)
    return ",".join(items)


def _weekdays(text: str) -> str:
    if not text:
        return "*"
    return re.sub(r"[a-z]+", lambda word: word[0][:3], text).replace("..", "-")


def _converted(found: dict[str, str]) -> tuple[str, ...]:
    """Zeros that are left out: of the seconds, and of a step that starts at the lowest value."""
    zeros = ["0"] if "second" in found and not found["second"].strip("0") else []
    for name in ("hour", "minute", "second"):
        zeros += ["0"] * len(re.findall(r"(?<!\d)0+/", found.get(name, "")))
    for name in ("day", "month"):
        zeros += ["1"] * len(re.findall(r"(?<!\d)0*1/", found.get(name, "")))
    return tuple(zeros)
