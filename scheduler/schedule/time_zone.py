"""Time zones: their names, and their DST changes, which `zoneinfo` does not expose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_ZERO = timedelta()


def find_zone(name: str) -> ZoneInfo | None:
    """Return the zone with this IANA name, or None; any text is accepted."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


class DstChange(NamedTuple):
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

    Probes the offset once a day and bisects: no zone ever had two changes less than six days apart.
    """
    changes = []
    day = datetime(year, 1, 1, tzinfo=UTC) - _SECOND
    offset = offset_at(zone, day)
    while day.year <= year:
        next_day = day + _DAY
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
