"""Times and durations as people type them into a form, read in a job's zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scheduler.errors import UsageError
from scheduler.schedule import DurationError, instant_of, parse_duration

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(
    r"(?:(today|tomorrow|yesterday|mon|tue|wed|thu|fri|sat|sun)[a-z]*,? +)?(\d{1,2}):(\d\d)(?::(\d\d))?",
    re.IGNORECASE | re.ASCII,
)
_DAY = re.compile(r"today|tomorrow|yesterday|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}", re.IGNORECASE | re.ASCII)
_DAY_MONTH = re.compile(
    r"(?:[a-z]{3},? +)?(\d{1,2}) ([a-z]{3})[a-z]*(?: (\d{4}))?,? +(\d{1,2}):(\d\d)(?::(\d\d))?",
    re.IGNORECASE | re.ASCII,
)
_RELATIVE = re.compile(
    r"(in |\+|-)?((?:\d+(?:\.\d+)? ?(?:weeks?|days?|hours?|minutes?|min|seconds?|sec|[wdhms]) ?)+?)( ago)?",
    re.IGNORECASE | re.ASCII,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

EXAMPLES = "use a time such as 18:00, Mon 07:00, yesterday or 2026-10-14 02:30, or a duration such as 1h"


def typed_instant(text: str, now: datetime, zone: ZoneInfo, *, coming: bool = False) -> datetime:
    """A time such as `10:05`, `now`, `2m ago`, `-2m`, `in 2m`, `Mon 07:00`, `yesterday`, `14 Oct 02:30`, ISO 8601.

    Without a zone it is in `zone`. A bare time is today's, a bare day means its midnight. A weekday or a bare duration
    goes back from now, or with `coming` ahead. The result has a zone, or none when it is to be read in the job's.
    UsageError for anything else.
    """
    text, second = " ".join(text.split()), now.replace(microsecond=0)
    if _DAY.fullmatch(text):
        text += " 0:00"
    local = now.astimezone(zone)
    if text.lower() == "now":
        return second
    if match := _RELATIVE.fullmatch(text):
        return _of_distance(match, text, second, coming=coming)
    if match := _CLOCK.fullmatch(text):
        return _of_clock(match, text, local, zone, coming=coming)
    if match := _DAY_MONTH.fullmatch(text):
        day, month, year, *clock = match.groups()
        if month.lower() in _MONTHS:
            number = _MONTHS.index(month.lower()) + 1
            return _made(text, int(year or local.year), number, int(day), *(int(each or 0) for each in clock))
    try:
        found = datetime.fromisoformat(re.sub(r" (?:UTC|Z)$", "Z", text))
    except ValueError:
        raise UsageError(f"{text!r} is not a valid time: {EXAMPLES}") from None
    return found


def typed_until(text: str, now: datetime, zone: ZoneInfo) -> float | None:
    """Seconds until a time that lies ahead, or a duration; None for an empty text. UsageError otherwise."""
    if not text.strip():
        return None
    try:
        return parse_duration(text.replace(" ", ""))
    except DurationError:
        pass
    at = typed_instant(text, now, zone, coming=True)
    at = instant_of(at, zone) if at.tzinfo is None else at
    seconds = (at - now).total_seconds()
    if seconds <= 0:
        raise UsageError(f"{text!r} is in the past")
    return seconds


def _of_distance(match: re.Match[str], text: str, now: datetime, *, coming: bool) -> datetime:
    """So long before or after now."""
    try:
        seconds = parse_duration(re.sub(r"([wdhms])[a-z]*| ", r"\1", match[2].lower()))
        back = bool(match[3]) or match[1] == "-" or (match[1] is None and not coming)
        return now + timedelta(seconds=-seconds if back else seconds)
    except (DurationError, OverflowError) as error:
        raise UsageError(f"{text!r} is not a valid time: {error}") from None


def _of_clock(match: re.Match[str], text: str, local: datetime, zone: ZoneInfo, *, coming: bool) -> datetime:
    word = (match[1] or "").lower()
    clock = int(match[2]), int(match[3]), int(match[4] or 0)
    day = local.date()
    if word in _DAYS:
        ahead = (_DAYS.index(word) - local.weekday()) % 7
        day += timedelta(days=ahead if coming or not ahead else ahead - 7)
    else:
        day += timedelta(days={"tomorrow": 1, "yesterday": -1}.get(word, 0))
    found = _made(text, day.year, day.month, day.day, *clock)
    if coming and word not in ("today", "tomorrow", "yesterday") and instant_of(found, zone) <= local:
        found += timedelta(days=7 if word else 1)
    return found


def _made(text: str, year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime:
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - read in the job's zone
    except ValueError as error:
        raise UsageError(f"{text!r} is not a valid time: {error}") from None
