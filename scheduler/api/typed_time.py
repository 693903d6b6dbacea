"""Times as people type them, and as schedctl and the pages print them: one grammar for both."""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from enum import Enum

from scheduler.errors import UsageError

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_SHIFTS = {"yesterday": -1, "today": 0, "tomorrow": 1}


def _words(names: tuple[str, ...]) -> str:
    """The names, in full or as their first three letters."""
    return "|".join(f"{name[:3]}(?:{name[3:]})?" for name in names)


_BESIDE_RELATIVE = r"(?:in )?\+?[\d.]+[a-z]+(?: [\d.]+[a-z]+)*(?: ago)?|now"
_BESIDE = re.compile(rf"(?a)^(?:{_BESIDE_RELATIVE}), |, (?:{_BESIDE_RELATIVE})$")
"""Text that is printed next to a time: `in 3m 10s, 14:05 CEST` is pasted with it."""

_RELATIVE = re.compile(
    r"(?ai)(in |\+|-)?"
    r"((?:\d+(?:\.\d+)? ?(?:weeks?|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|[wdhms])(?: |(?=\d)|$|(?= ago)))+?)"
    r"( ?ago)?"
)

_WALL = re.compile(
    rf"""(?aix)
    (?:(?P<weekday>{_words(_DAYS)})\b,?\ ?)?
    (?:(?P<word>yesterday|today|tomorrow)\b\ ?)?
    (?:
        (?:(?P<year>\d{{4}})-)?(?P<month>\d\d)-(?P<day>\d\d)[T\ ]?
      | (?P<day_first>\d{{1,2}})\ (?P<name>{_words(_MONTHS)})\b(?:\ (?P<year_last>\d{{4}}))?,?\ ?
    )?
    (?:(?P<hour>\d{{1,2}}):(?P<minute>\d\d)(?::(?P<second>\d\d))?\ ?)?
    (?P<zone>Z|[+-]\d\d(?::?\d\d)?|[a-z][a-z0-9+-]*(?:/[a-z0-9_+/-]+)?)?
    """
)

_FARTHEST = timedelta(days=300)
"""A date that is farther away than this is always printed with its year."""

_AMBIGUOUS = timedelta(days=65)
"""A date without a year is ambiguous if those of two years are almost equally far away: by less than this."""

Resolve = Callable[[datetime, tzinfo], datetime]
"""From the current time and a zone to the time that was typed, naive when no zone was typed."""

FindZone = Callable[[str, datetime], tzinfo]
"""From a typed zone that is not the one in use, and a naive time in it, to the zone. UsageError when it is unknown."""


class Near(Enum):
    """Which of several times a text means: `2h` and `mon 8:00` are before now, or after it.

    With NEXT, a weekday or a time of day that has passed means the following one.
    """

    PAST = "past"
    FUTURE = "future"
    NEXT = "next"


def named_zone(name: str, _wall: datetime) -> tzinfo:
    """The zone with an IANA name; other abbreviations than those of the zone in use are not searched for."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - many commands show UTC only

    try:
        if "/" in name:
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise UsageError(f"unknown time zone {name!r}; use an offset such as +02:00, or an IANA name such as Europe/Berlin")


def read_time(text: str, near: Near, find_zone: FindZone = named_zone) -> Resolve | None:
    """A function that computes the time that a text means; None when it is not a time.

    UsageError for a date or a time of day that does not exist. The function raises it for a date that is ambiguous or
    a zone that is unknown, and OverflowError or ValueError outside of the calendar.
    """
    text = _BESIDE.sub("", " ".join(text.split()))
    if text.lower() == "now":
        return lambda now, _zone: now
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _relative(text, near) or _wall(text, near, find_zone)
    return lambda _now, _zone: moment


def _relative(text: str, near: Near) -> Resolve | None:
    """`2h`, `in 3m 10s`, `+2h`, `2 hours ago`, `-2h`."""
    match = _RELATIVE.fullmatch(text)
    if match is None or (match[1] and match[3]):
        return None
    from scheduler.schedule import DurationError, parse_duration  # noqa: PLC0415 - imports all of `schedule`

    try:
        seconds = parse_duration(re.sub(r"([wdhms])[a-z]*| ", r"\1", match[2].lower()))
    except DurationError as error:
        raise UsageError(f"{text!r} is not a valid time: {error}") from None
    back = bool(match[3]) or match[1] == "-" or (near is Near.PAST and match[1] is None)
    return lambda now, _zone: now + timedelta(seconds=-seconds if back else seconds)


def _wall(text: str, near: Near, find_zone: FindZone) -> Resolve | None:
    """A day, a time of day, or both, as on a clock on the wall of the zone in use or of the one that is typed."""
    match = _WALL.fullmatch(text)
    if match is None or not any(match[part] for part in ("weekday", "word", "month", "name", "hour")):
        return None
    has_date = bool(match["month"] or match["name"])
    if (match["word"] and (match["weekday"] or has_date)) or (match["zone"] and not match["hour"]):
        return None
    _check(text, match)
    weekday = None if match["weekday"] is None else _number(match["weekday"], _DAYS)
    hour, minute, second = _clock(match)

    def resolve(now: datetime, zone: tzinfo) -> datetime:
        today = now.astimezone(zone).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
        day = today + timedelta(days=_SHIFTS[(match["word"] or "today").lower()])
        if has_date:
            day = _date(text, match, weekday, today)
        elif weekday is not None:
            ahead = (weekday - today.weekday()) % 7
            day += timedelta(days=ahead - 7 if near is Near.PAST and ahead else ahead)
        found = _in_typed_zone(day.replace(hour=hour, minute=minute, second=second), match["zone"], zone, find_zone)
        if near is Near.NEXT and not (has_date or match["word"]):
            instant = found if found.tzinfo is not None else found.replace(tzinfo=zone)
            found += timedelta(days=0 if instant > now else 7 if weekday is not None else 1)
        return found

    return resolve


def _check(text: str, match: re.Match[str]) -> None:
    """UsageError for a date or a time of day that never exists."""
    year, month, day = _parts(match)
    hour, minute, second = _clock(match)
    problem = ""
    if hour > 23 or max(minute, second) > 59:
        problem = "hours go from 00 to 23, minutes and seconds from 00 to 59"
    if month:
        try:
            date(2000 if year is None else year, month, day)
        except ValueError:
            problem = f"{'' if year is None else f'{year:04}-'}{month:02}-{day:02} does not exist in the calendar"
    if problem:
        raise UsageError(f"{text!r} is not a valid time: {problem}")


def _parts(match: re.Match[str]) -> tuple[int | None, int, int]:
    """Year, month and day; month 0 for no date."""
    year = match["year"] or match["year_last"]
    month = _number(match["name"], _MONTHS) + 1 if match["name"] else int(match["month"] or 0)
    return None if year is None else int(year), month, int(match["day"] or match["day_first"] or 0)


def _clock(match: re.Match[str]) -> tuple[int, int, int]:
    return int(match["hour"] or 0), int(match["minute"] or 0), int(match["second"] or 0)


def _number(word: str, names: tuple[str, ...]) -> int:
    return [name[:3] for name in names].index(word[:3].lower())


def _date(text: str, match: re.Match[str], weekday: int | None, today: datetime) -> datetime:
    """A date; without a year, the nearest one, or that with the weekday. UsageError when that is ambiguous."""
    year, month, day = _parts(match)
    if year is not None:
        found = today.replace(year=year, month=month, day=day)
        if weekday not in (None, found.weekday()):
            raise UsageError(f"{text!r} is not a valid time: {found:%Y-%m-%d} is a {found:%A}")
        return found
    leap = (month, day) == (2, 29)
    years = [each for each in range(today.year - 8, today.year + 9) if not leap or isleap(each)]
    dates = [today.replace(year=each, month=month, day=day) for each in years]
    one, other = sorted(dates, key=lambda each: abs(each - today))[:2]
    if weekday is None:
        if abs(other - today) - abs(one - today) >= _AMBIGUOUS:
            return one
    else:
        for each in (one, other):
            if each.weekday() == weekday and abs(each - today) <= _FARTHEST:
                return each
    one, other = sorted((one, other))
    both = f"{one:%Y-%m-%d} is a {one:%A}, {other:%Y-%m-%d} a {other:%A}"
    raise UsageError(f"{text!r} is ambiguous: {both}; add the year")


def _in_typed_zone(wall: datetime, name: str | None, zone: tzinfo, find_zone: FindZone) -> datetime:
    """The local time in the zone that was typed: an offset, an IANA name, or an abbreviation such as CEST."""
    if name is None:
        return wall
    if name.upper() in ("Z", "UTC", "GMT"):
        return wall.replace(tzinfo=UTC)
    if name[0] in "+-":
        digits = name[1:].replace(":", "")
        shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
        return wall.replace(tzinfo=timezone(-shift if name[0] == "-" else shift))
    for fold in (0, 1):
        there = wall.replace(tzinfo=zone, fold=fold)
        if there.tzname() == name.upper():
            return there
    return wall.replace(tzinfo=find_zone(name, wall))
