"""Times and durations that are typed into a form or a request over HTTP, read in a job's zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.api.typed_time import Near, read_time
from scheduler.errors import UsageError
from scheduler.schedule import DurationError, instant_of, parse_duration

EXAMPLES = "use a time such as 18:00, Mon 07:00, yesterday or 2026-10-14 02:30, or a duration such as 1h"


def typed_instant(text: str, now: datetime, zone: ZoneInfo, near: Near = Near.PAST) -> datetime:
    """A time such as `10:05`, `now`, `2m ago`, `-2m`, `in 2m`, `Mon 07:00`, `yesterday`, `14 Oct 02:30`, ISO 8601.

    A bare time is today's, a bare day means its midnight. The result has a zone, or none when it is to be read in the
    job's. UsageError for anything else.
    """
    resolve = read_time(text, near)
    if resolve is None:
        raise UsageError(f"{' '.join(text.split())!r} is not a valid time: {EXAMPLES}")
    try:
        return resolve(now.replace(microsecond=0), zone)
    except (OverflowError, ValueError):
        raise UsageError(f"{text!r} is not a valid time: it is outside the supported range of dates") from None


def typed_until(text: str, now: datetime, zone: ZoneInfo) -> float | None:
    """Seconds until a time that lies ahead, or a duration; None for an empty text. UsageError otherwise."""
    if not text.strip():
        return None
    try:
        return parse_duration(text.replace(" ", ""))
    except DurationError:
        pass
    at = typed_instant(text, now, zone, Near.NEXT)
    at = instant_of(at, zone) if at.tzinfo is None else at
    seconds = (at - now).total_seconds()
    if seconds <= 0:
        raise UsageError(f"{text!r} is in the past")
    return seconds
