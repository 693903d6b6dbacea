"""Times, durations and time zones as the command line prints them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import click

from scheduler.errors import UsageError
from scheduler.machine_zone import machine_zone
from scheduler.text import did_you_mean
from scheduler.text import span as span  # noqa: PLC0414 - one of the ways to print times

LOCAL = "local"
"""The name that --timezone takes for the time zone of this machine."""


_SAME_YEAR = 180
"""Days from now within which a date is printed without its year: it is the nearest day with that date."""


def now() -> datetime:
    """The current time, aware UTC. schedctl reads the clock only here; `scheduler.clock` would import asyncio."""
    return datetime.now(UTC)


def relative(moment: datetime, now: datetime) -> str:
    """`in 3m 10s`, `2h 5m ago`, `now`."""
    ahead = round((moment - now).total_seconds())
    if ahead == 0:
        return "now"
    return f"in {span(ahead)}" if ahead > 0 else f"{span(-ahead)} ago"


def absolute(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """The local time in `zone`, with as much of the date as is needed.

    `14:05 CEST` is today, `Tue 05-05 14:05 CEST` within half a year, else `2027-01-01 09:00 CET`. Seconds only when
    they are not zero. The abbreviation of the zone differs between DST and standard time.
    """
    there = _in_zone(moment, zone)
    clock = "%H:%M:%S" if there.second else "%H:%M"
    days = abs((there.date() - now.astimezone(zone).date()).days)
    date = "" if days == 0 else "%a %m-%d " if days < _SAME_YEAR else "%Y-%m-%d "
    return there.strftime(f"{date}{clock} %Z")


def coming(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """A time to come, short enough for a table: `in 3m 10s, 14:05 CEST` today, otherwise with its date alone."""
    text = absolute(moment, zone, now)
    today = _in_zone(moment, zone).date() == now.astimezone(zone).date()
    return f"{relative(moment, now)}, {text}" if today else text


def full(moment: datetime, zone: tzinfo) -> str:
    """Weekday, date, time and zone: `Mon 2026-05-04 14:05:00 CEST`."""
    return _in_zone(moment, zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")


def _in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """The time in a zone; unchanged at the limits of the calendar, where it cannot be expressed there."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def zone_of(name: str) -> tzinfo:
    """The zone of that name; UTC needs no database. UsageError when it does not exist."""
    if name == "UTC":
        return UTC
    if name == LOCAL:
        name = local_zone_name()
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - many lists show UTC only

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        advice = did_you_mean_zone(name) or "; use an IANA name such as Europe/Berlin"
        raise UsageError(f"unknown time zone {name!r}{advice}") from None


def did_you_mean_zone(name: str) -> str:
    """`; did you mean 'Europe/Berlin'?` for `berlin`: the zone of a city, or the nearest name; empty for none."""
    from zoneinfo import available_timezones  # noqa: PLC0415 - only for errors

    zones = sorted(available_timezones())
    wanted = name.strip().lower().replace(" ", "_")
    cities = [zone for zone in zones if zone.lower().rpartition("/")[2] == wanted]
    return did_you_mean(cities[0] if cities else name, zones)


def local_zone_name() -> str:
    """The IANA name of the time zone of this machine: that of TZ, else of /etc/localtime, else UTC.

    UsageError when TZ is set to something else than a name, such as CET-1CEST.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415

    name = machine_zone()
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"the local time zone {name!r} has no IANA name; use --timezone NAME") from None


def typed_zone(text: str) -> tzinfo:
    """The click type of --timezone."""
    try:
        return zone_of(text)
    except UsageError as error:
        raise click.BadParameter(str(error)) from None


def zone_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The completion of --timezone."""
    from zoneinfo import available_timezones  # noqa: PLC0415

    return [name for name in sorted({LOCAL, *available_timezones()}) if name.lower().startswith(incomplete.lower())]
