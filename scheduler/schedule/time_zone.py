"""Time zones: their names, and their DST changes, which `zoneinfo` does not expose."""

from __future__ import annotations

import re
import zoneinfo
from bisect import bisect_right
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from scheduler.text import plural

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_ZERO = timedelta()

_FIXED_OFFSET = r"(?a)Etc/GMT([+-])(\d+)"
_FIXED_ABBREVIATIONS = {"EST": "America/New_York", "MST": "America/Denver", "HST": "Pacific/Honolulu"}


_zone_data: dict[str, bytes] = {}
"""A cache: the contents of the files of the zones that `find_zone` returned, by name."""


def find_zone(name: str) -> ZoneInfo | None:
    """Return the zone with this IANA name, or None; any text is accepted."""
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    if name not in _zone_data:
        _zone_data[name] = _read_zone(name)
    return zone


def refresh_zones() -> tuple[str, ...]:
    """Forget the zones whose data files changed since `find_zone` read them, and return their names.

    The next `find_zone` reads them again. zoneinfo itself caches a zone for the life of the process.
    """
    changed = tuple(name for name, data in _zone_data.items() if _read_zone(name) != data)
    if changed:
        ZoneInfo.clear_cache(only_keys=changed)
        dst_changes.cache_clear()
        _stretches.clear()
        for name in changed:
            del _zone_data[name]
    return changed


def _read_zone(name: str) -> bytes:
    """The data of a valid zone name: from the system as zoneinfo does, else from the package tzdata."""
    for directory in zoneinfo.TZPATH:
        with suppress(OSError):
            return Path(directory, name).read_bytes()
    package = find_spec("tzdata")
    if package is not None and package.origin is not None:
        with suppress(OSError):
            return Path(package.origin).with_name("zoneinfo").joinpath(name).read_bytes()
    return b""


def timezone_pitfall(name: str) -> str | None:
    """Why a valid zone name may not be what its author expects, and a better one where that is certain."""
    if name in {"localtime", "Factory", "posixrules"}:
        return f"{name} depends on the machine; use a city such as Europe/Berlin, or UTC"
    if name.startswith("right/"):
        return f"{name} counts leap seconds, which clocks of machines do not; use {name.removeprefix('right/')}"
    if match := re.fullmatch(_FIXED_OFFSET, name):
        behind = "behind" if match[1] == "+" else "ahead of"
        return f"{name} is {plural(int(match[2]), 'hour')} {behind} UTC, since the sign of these names is reversed"
    if name in _FIXED_ABBREVIATIONS:
        return f"{name} is a fixed offset without daylight saving time; use a city such as {_FIXED_ABBREVIATIONS[name]}"
    return None


class DstChange(msgspec.Struct, frozen=True):
    """A change of a zone's UTC offset at the instant `at` (UTC) from `before` to `after`: mostly a DST change."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def shift(self) -> timedelta:
        """How far clocks move: positive is forward (hours are skipped), negative is back (hours are repeated)."""
        return self.after - self.before

    @property
    def wall_before(self) -> datetime:
        """The wall time at which the change happens, before the clock is moved."""
        return self.at.replace(tzinfo=None) + self.before

    @property
    def wall_after(self) -> datetime:
        """The wall time right after the clock is moved."""
        return self.at.replace(tzinfo=None) + self.after


class LocalTime(NamedTuple):
    """A naive wall time as it is written without an offset, and the zone in which it is read."""

    wall: datetime
    zone: ZoneInfo

    def change(self) -> DstChange | None:
        """The DST change that skips or repeats the wall time; None when it occurs once."""
        first = self.wall.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
        again = self.wall.replace(tzinfo=self.zone, fold=1).astimezone(UTC)
        return None if first == again else first_change(self.zone, min(first, again), max(first, again))


def offset_at(zone: ZoneInfo, moment: datetime) -> timedelta:
    """The UTC offset of `zone` at the instant `moment`."""
    return moment.astimezone(zone).utcoffset() or _ZERO


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) at which a clock in `zone` shows the naive `wall`, or a later time if that is skipped."""
    change = skipped_by(wall, zone)
    return change.at if change else wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def skipped_by(wall: datetime, zone: ZoneInfo) -> DstChange | None:
    """The DST change that skips the naive `wall`, or None when a clock in `zone` shows it."""
    # zoneinfo reads a skipped time with the offset before the change, which gives an instant after it.
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    change = latest_change(zone, instant, 2 * _DAY)
    return change if change and change.wall_before <= wall < change.wall_after else None


@lru_cache(maxsize=4096)
def dst_changes(zone: ZoneInfo, year: int) -> tuple[DstChange, ...]:
    """All DST changes of a UTC year, in order.

    Probes the offset every five days and bisects: no zone ever had two changes less than six days apart.
    """
    changes = []
    day = datetime(year, 1, 1, tzinfo=UTC) - _SECOND
    offset = offset_at(zone, day)
    while day.year <= year:
        next_day = day + 5 * _DAY
        next_offset = offset_at(zone, next_day)
        if next_offset != offset:
            at = _bisect(zone, day, next_day, offset)
            if at.year == year:
                changes.append(DstChange(at, offset, next_offset))
        day, offset = next_day, next_offset
    return tuple(changes)


def _bisect(zone: ZoneInfo, low: datetime, high: datetime, offset: timedelta) -> datetime:
    """The first whole second in (low, high] at which the UTC offset is no longer `offset`."""
    seconds_low, seconds_high = 0, round((high - low).total_seconds())
    while seconds_high - seconds_low > 1:
        middle = (seconds_low + seconds_high) // 2
        if offset_at(zone, low + middle * _SECOND) == offset:
            seconds_low = middle
        else:
            seconds_high = middle
    return low + seconds_high * _SECOND


class Stretch(NamedTuple):
    """A part of a UTC year in which a zone has one UTC offset, from `since` up to but not including `until`.

    `wall_since` is the wall time at `since`.
    """

    since: datetime
    until: datetime
    offset: timedelta
    wall_since: datetime


_stretches: dict[ZoneInfo, Stretch] = {}
"""A cache: the stretch that `stretch_at` returned last, by zone. Most questions are about the present."""


def stretch_at(zone: ZoneInfo, moment: datetime) -> Stretch:
    """The longest such part that contains `moment`, which is in UTC."""
    stretch = _stretches.get(zone)
    if stretch is None or not stretch.since <= moment < stretch.until:
        year = datetime(moment.year, 1, 1, tzinfo=UTC)
        edges = (year, *(change.at for change in dst_changes(zone, year.year)), year.replace(year=year.year + 1))
        place = bisect_right(edges, moment)
        since, until, offset = edges[place - 1], edges[place], offset_at(zone, moment)
        stretch = _stretches[zone] = Stretch(since, until, offset, since.replace(tzinfo=None) + offset)
    return stretch


def first_change(zone: ZoneInfo, after: datetime, until: datetime) -> DstChange | None:
    """The first DST change in (after, until]."""
    for year in range(after.year, until.year + 1):
        for change in dst_changes(zone, year):
            if after < change.at <= until:
                return change
    return None


def latest_change(zone: ZoneInfo, until: datetime, within: timedelta) -> DstChange | None:
    """The last DST change in (until - within, until]."""
    earliest = until - within
    for year in range(until.year, earliest.year - 1, -1):
        for change in reversed(dst_changes(zone, year)):
            if earliest < change.at <= until:
                return change
    return None
