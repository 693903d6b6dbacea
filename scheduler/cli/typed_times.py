"""Times as people type them: one grammar for every option and argument that takes a time or a duration."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

import click

from scheduler.cli import times
from scheduler.errors import UsageError

EXAMPLES = "'2027-01-31 09:00', 2027-01-31T09:00:00Z, 'tomorrow 8:00', 14:30 or 2h"

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHIFTS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_WEEKDAY = "|".join(f"{day[:3]}(?:{day[3:]})?" for day in _DAYS)

_RELATIVE = r"(?:in )?\+?[\d.]+[a-z]+(?: [\d.]+[a-z]+)*(?: ago)?|now"
_BESIDE = re.compile(rf"^(?:{_RELATIVE}), |, (?:{_RELATIVE})$")
"""Text that is printed next to a time: `in 3m 10s, 14:05 CEST` is pasted with it."""

_WALL = re.compile(
    rf"""(?ix)
    (?:(?P<weekday>{_WEEKDAY})\b,?\ ?)?
    (?:(?P<word>yesterday|today|tomorrow)\b\ ?)?
    (?:(?P<year>\d{{4}})-)?(?:(?P<month>\d\d)-(?P<day>\d\d)[T\ ]?)?
    (?:(?P<hour>\d{{1,2}}):(?P<minute>\d\d)(?::(?P<second>\d\d))?\ ?)?
    (?P<zone>Z|[+-]\d\d(?::?\d\d)?|[a-z][a-z0-9+-]*(?:/[a-z0-9_+/-]+)?)?
    """
)

Resolve = Callable[[datetime, tzinfo], datetime]
"""From the current time and a zone to the time that was typed, naive when no zone was typed."""


class TypedTime(NamedTuple):
    """A time as it was typed. What it means depends on when and in which zone it is read."""

    text: str
    resolve: Resolve

    def at(self, zone: tzinfo) -> datetime:
        """The instant in UTC, read in `zone` when no zone was typed. UsageError outside of the calendar."""
        moment = self.wall(zone)
        return _utc(self.text, moment if moment.tzinfo is not None else moment.replace(tzinfo=zone))

    def wall(self, zone: tzinfo) -> datetime:
        """The same, but naive local time of `zone` when no zone was typed: it may not exist there."""
        try:
            return self.resolve(times.now(), zone)
        except (OverflowError, ValueError):
            raise UsageError(f"{self.text!r} is outside the supported range of dates") from None


def future(text: str) -> TypedTime:
    """The click type of a time. A bare duration or weekday means one after now."""
    return _typed(text, past=False)


def past(text: str) -> TypedTime:
    """The click type of a time. A bare duration or weekday means one before now."""
    return _typed(text, past=True)


def duration(text: str) -> float:
    """The click type of a duration such as 90s or 1h30m, in seconds; also `1h 30m`, as durations are printed."""
    from scheduler.schedule import DurationError, parse_duration  # noqa: PLC0415 - imports all of `schedule`

    try:
        return parse_duration(re.sub(r"(?<=[a-z]) (?=\d)", "", text.strip()))
    except DurationError as error:
        raise click.BadParameter(f"{text!r}: {error}") from None


def _typed(text: str, *, past: bool) -> TypedTime:
    resolve = parse(text, past=past)
    if resolve is None:
        raise click.BadParameter(f"{text!r} is not a valid time; use for example {EXAMPLES}")
    return TypedTime(text, resolve)


def parse(text: str, *, past: bool) -> Resolve | None:
    """A function that computes the time that a text means; None when it is not a time."""
    text = _BESIDE.sub("", " ".join(text.split()))
    if text.lower() == "now":
        return lambda now, _zone: now
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _relative(text, past=past) or _wall(text, past=past)
    return lambda _now, _zone: moment


def _relative(text: str, *, past: bool) -> Resolve | None:
    """`2h`, `in 3m 10s`, `+2h`, `2h ago`, `-2h`."""
    match = re.fullmatch(r"(?i)(in |\+|-)?((?:\d+(?:\.\d+)?[a-z]+ ?)+?)( ago)?", text)
    if match is None or (match[1] and match[3]):
        return None
    from scheduler.schedule import DurationError, parse_duration  # noqa: PLC0415 - imports all of `schedule`

    try:
        shift = timedelta(seconds=parse_duration(match[2].replace(" ", "").lower()))
    except DurationError:
        return None
    back = bool(match[3]) or match[1] == "-" or (past and match[1] is None)
    return lambda now, _zone: now - shift if back else now + shift


def _wall(text: str, *, past: bool) -> Resolve | None:
    """A day, a time of day, or both, as on a clock on the wall of `zone` or of the zone that is typed behind them."""
    match = _WALL.fullmatch(text)
    if match is None or not any(match[part] for part in ("weekday", "word", "month", "hour")):
        return None
    if match["word"] and (match["weekday"] or match["month"]):
        return None
    if (match["year"] and not match["month"]) or (match["zone"] and not match["hour"]):
        return None
    parts = {name: int(value) for name, value in match.groupdict().items() if value and value.isdigit()}
    clock = (parts.get("hour", 0), parts.get("minute", 0), parts.get("second", 0))
    weekday = None if match["weekday"] is None else [day[:3] for day in _DAYS].index(match["weekday"][:3].lower())
    shift = _SHIFTS.get((match["word"] or "today").lower(), 0)

    def resolve(now: datetime, zone: tzinfo) -> datetime:
        today = now.astimezone(zone).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
        if "month" in parts:
            day = _date(parts, today)
            if weekday is not None and day.weekday() != weekday:
                raise UsageError(f"{text!r} is not a valid time: {day:%Y-%m-%d} is a {day:%A}")
        elif weekday is not None:
            ahead = (weekday - today.weekday()) % 7
            day = today + timedelta(days=ahead - 7 if past and ahead else ahead)
        else:
            day = today + timedelta(days=shift)
        hour, minute, second = clock
        wall = day.replace(hour=hour, minute=minute, second=second)
        return wall if match["zone"] is None else _in_typed_zone(wall, match["zone"], zone)

    try:
        datetime(2000, parts.get("month", 1), parts.get("day", 1), *clock)  # noqa: DTZ001 - only a check
    except ValueError:
        return None
    return resolve


def _date(parts: dict[str, int], today: datetime) -> datetime:
    """A date; without a year, the nearest one."""
    month, day = parts["month"], parts["day"]
    if "year" in parts:
        return today.replace(year=parts["year"], month=month, day=day)
    years = [year for year in range(today.year - 4, today.year + 5) if (month, day) != (2, 29) or year % 4 == 0]
    return min((today.replace(year=year, month=month, day=day) for year in years), key=lambda date: abs(date - today))


def _in_typed_zone(wall: datetime, name: str, zone: tzinfo) -> datetime:
    """The local time in the zone that was typed: an offset, an IANA name, or an abbreviation such as CEST."""
    if name.upper() in ("Z", "UTC", "GMT"):
        return wall.replace(tzinfo=UTC)
    if name[0] in "+-":
        digits = name[1:].replace(":", "")
        shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
        return wall.replace(tzinfo=timezone(-shift if name[0] == "-" else shift))
    if "/" in name:
        return wall.replace(tzinfo=times.zone_of(name))
    for fold in (0, 1):
        there = wall.replace(tzinfo=zone, fold=fold)
        if there.tzname() == name.upper():
            return there
    return wall.replace(tzinfo=_of_abbreviation(name.upper(), wall))


def _of_abbreviation(name: str, wall: datetime) -> tzinfo:
    """The offset that every zone with this abbreviation has at that time. UsageError when it differs or none has it."""
    from zoneinfo import ZoneInfo, available_timezones  # noqa: PLC0415

    found = {
        there.utcoffset()
        for key in available_timezones()
        for fold in (0, 1)
        if (there := wall.replace(tzinfo=ZoneInfo(key), fold=fold)).tzname() == name
    }
    if len(found) != 1:
        problem = "ambiguous" if found else "unknown"
        raise UsageError(f"the time zone {name} is {problem}; use an offset such as +02:00, or an IANA name")
    return timezone(found.pop() or timedelta())


def _utc(text: str, moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise UsageError(f"{text!r} is outside the supported range of dates") from None
