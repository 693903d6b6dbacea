"""Instants and durations in words, as people read and type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import click

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def now() -> datetime:
    """The wall clock, aware UTC. Only here does schedctl look at it; the daemon's Clock would bring asyncio along."""
    return datetime.now(UTC)


def span(duration: float) -> str:
    """Seconds as `0.4s`, `12s`, `3m 10s`, `2h 5m`, `3d 4h`. Two units at most, since more is noise."""
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
    """The wall clock of `zone`, with as much of the date as is needed: `14:05`, `Tue 14:05`, `2027-01-01 09:00`.

    Seconds only where there are some; always with the name of the zone's time, which tells summer from winter.
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
    """The instant in a zone; as it is at the edges of the calendar, where it has no name there."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def zone_of(name: str) -> tzinfo:
    """The zone of that name; UTC does without the database. BadParameter when there is none."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - most lists show UTC only

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(f"{name!r} is no time zone; write an IANA name like Europe/Berlin") from None


# What people type. Used as click types: BadParameter names the option it came with.


def instant(text: str) -> datetime:
    """An RFC 3339 instant, with its zone: a time without one means something else on every machine."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time; write one like 2027-01-31T09:00:00Z") from None
    if moment.tzinfo is None:
        raise click.BadParameter(f"{text!r} names no zone; write {text}Z for UTC, or an offset like +02:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise click.BadParameter(f"{text!r} lies outside the calendar") from None


def seconds(text: str) -> float:
    """A duration like 90s or 1h30m."""
    from scheduler.schedule import DurationError, parse_duration  # noqa: PLC0415 - it comes with all of `schedule`

    try:
        return parse_duration(text)
    except DurationError as error:
        raise click.BadParameter(str(error)) from None


def past(text: str) -> datetime:
    """An instant, or how long ago it was."""
    if "-" in text:
        return instant(text)
    try:
        return now() - timedelta(seconds=seconds(text))
    except OverflowError:
        raise click.BadParameter(f"{text!r} ago lies outside the calendar") from None
