"""The click types of times and durations: every option and argument that takes one reads it by the same grammar."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

import click

from scheduler.api.typed_time import Near, Resolve, read_time
from scheduler.cli import times
from scheduler.errors import UsageError

EXAMPLES = "'2027-01-31 09:00', 2027-01-31T09:00:00Z, '14 Oct 02:30', 'tomorrow 8:00', 14:30 or 2h"


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
    return _typed(text, Near.FUTURE)


def past(text: str) -> TypedTime:
    """The click type of a time. A bare duration or weekday means one before now."""
    return _typed(text, Near.PAST)


def duration(text: str) -> float:
    """The click type of a duration such as 90s or 1h30m, in seconds; also `1h 30m`, as durations are printed."""
    from scheduler.schedule import DurationError, parse_duration  # noqa: PLC0415 - imports all of `schedule`

    try:
        return parse_duration(re.sub(r"(?<=[a-z]) (?=\d)", "", text.strip()))
    except DurationError as error:
        raise click.BadParameter(f"{text!r}: {error}") from None


def _typed(text: str, near: Near) -> TypedTime:
    try:
        resolve = read_time(text, near, _zone)
    except UsageError as error:
        raise click.BadParameter(str(error)) from None
    if resolve is None:
        raise click.BadParameter(f"{text!r} is not a valid time; use for example {EXAMPLES}")
    return TypedTime(text, resolve)


def _zone(name: str, wall: datetime) -> tzinfo:
    """The zone with an IANA name, or the offset that an abbreviation has everywhere."""
    return times.zone_of(name) if "/" in name else _of_abbreviation(name.upper(), wall)


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
