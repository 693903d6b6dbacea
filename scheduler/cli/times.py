"""Times and durations: as the command line prints them, and as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import click

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def now() -> datetime:
    """The current time, aware UTC. schedctl reads the clock only here; `scheduler.clock` would import asyncio."""
    return datetime.now(UTC)


def span(duration: float) -> str:
    """Seconds as `0.4s`, `12s`, `3m 10s`, `2h 5m`, `3d 4h`. Two units at most."""
    if duration < 9.95 and not float(duration).is_integer():
        return f"{max(duration, 0.1):.1f}s"
    rest = round(duration)
    words = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count}{unit}")
        elif words:
            break
        if len(words) == 2:
            break
    return " ".join(words) or "0s"


def relative(moment: datetime, now: datetime) -> str:
    """`in 3m 10s`, `2h 5m ago`, `now`."""
    ahead = round((moment - now).total_seconds())
    if ahead == 0:
        return "now"
    return f"in {span(ahead)}" if ahead > 0 else f"{span(-ahead)} ago"


def absolute(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """The local time in `zone`, with as much of the date as is needed: `14:05`, `Tue 14:05`, `2027-01-01 09:00`.

    Seconds only when they are not zero; always with the abbreviation of the zone, which differs between DST and
    standard time.
    """
    there = _seen_in(zone, moment)
    clock = "%H:%M:%S" if there.second else "%H:%M"
    days = abs((there.date() - now.astimezone(zone).date()).days)
    date = "" if days == 0 else "%a " if days < 7 else "%Y-%m-%d "
    return there.strftime(f"{date}{clock} %Z")


def full(moment: datetime, zone: tzinfo) -> str:
    """Weekday, date, time and zone: `Mon 2026-05-04 14:05:00 CEST`."""
    return _seen_in(zone, moment).strftime("%a %Y-%m-%d %H:%M:%S %Z")


def _seen_in(zone: tzinfo, moment: datetime) -> datetime:
    """The time in a zone; unchanged at the limits of the calendar, where it cannot be expressed there."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def zone_of(name: str) -> tzinfo:
    """The zone of that name; UTC needs no database. BadParameter when it does not exist."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - most lists show UTC only

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(f"unknown time zone {name!r}; use an IANA name such as Europe/Berlin") from None


# The following are click types: they parse what people type, and click adds the option to a BadParameter.


def instant(text: str) -> datetime:
    """A time in RFC 3339 with its offset: without one it would mean another time on each machine."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a valid time; use the form 2027-01-31T09:00:00Z") from None
    if moment.tzinfo is None:
        raise click.BadParameter(f"{text!r} has no time zone; use {text}Z for UTC, or an offset such as +02:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise click.BadParameter(f"{text!r} is outside the supported range of dates") from None


def seconds(text: str) -> float:
    """A duration such as 90s or 1h30m, in seconds."""
    from scheduler.schedule import DurationError, parse_duration  # noqa: PLC0415 - it comes with all of `schedule`

    try:
        return parse_duration(text)
    except DurationError as error:
        raise click.BadParameter(str(error)) from None


def past(text: str) -> datetime:
    """A time, or a duration before now."""
    if "-" in text:
        return instant(text)
    try:
        return now() - timedelta(seconds=seconds(text))
    except OverflowError:
        raise click.BadParameter(f"{text!r} ago is outside the supported range of dates") from None
