"""The clock changes of a time zone, which `zoneinfo` knows and does not tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_ZERO = timedelta()


def find_zone(name: str) -> ZoneInfo | None:
    """The zone of this IANA name, if there is one; whatever a person may write is asked for."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


class ClockChange(NamedTuple):
    """The instant (UTC) from which a zone's clocks show `after` instead of `before` as their offset from UTC."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def shift(self) -> timedelta:
        """How far the clocks jump: positive forward (a gap), negative back (a fold)."""
        return self.after - self.before

    @property
    def wall_before(self) -> datetime:
        """What the clock would have shown at the instant, had it not been changed."""
        return self.at.replace(tzinfo=None) + self.before

    @property
    def wall_after(self) -> datetime:
        """What the clock shows at the instant."""
        return self.at.replace(tzinfo=None) + self.after


def offset_at(zone: ZoneInfo, moment: datetime) -> timedelta:
    """What a clock in `zone` shows at the instant `moment`, less UTC."""
    return moment.astimezone(zone).utcoffset() or _ZERO


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) at which a clock in `zone` shows the naive `wall`, or more where that is skipped."""
    change = skipping(wall, zone)
    return change.at if change else wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def skipping(wall: datetime, zone: ZoneInfo) -> ClockChange | None:
    """The clock change that leaves the naive `wall` out, or None when a clock in `zone` does show it."""
    # zoneinfo reads a skipped time with the offset of before, which lands beyond the change.
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    change = latest_change(zone, instant, 2 * _DAY)
    return change if change and change.wall_before <= wall < change.wall_after else None


@lru_cache(maxsize=4096)
def clock_changes(zone: ZoneInfo, year: int) -> tuple[ClockChange, ...]:
    """All clock changes of a UTC year, in order.

    Probes once a day and bisects: in no zone have two changes ever been less than six days apart.
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
                changes.append(ClockChange(at, offset, next_offset))
        day, offset = next_day, next_offset
    return tuple(changes)


def _bisect(zone: ZoneInfo, low: datetime, high: datetime, offset: timedelta) -> datetime:
    """The first whole second after `low`, at the latest `high`, at which the zone has left `offset`."""
    seconds_low, seconds_high = 0, round((high - low).total_seconds())
    while seconds_high - seconds_low > 1:
        middle = (seconds_low + seconds_high) // 2
        if offset_at(zone, low + middle * _SECOND) == offset:
            seconds_low = middle
        else:
            seconds_high = middle
    return low + seconds_high * _SECOND


def first_change(zone: ZoneInfo, after: datetime, until: datetime) -> ClockChange | None:
    """The first clock change after `after` and at the latest at `until`."""
    for year in range(after.year, until.year + 1):
        for change in clock_changes(zone, year):
            if after < change.at <= until:
                return change
    return None


def latest_change(zone: ZoneInfo, until: datetime, within: timedelta) -> ClockChange | None:
    """The last clock change at or before `until`, looking back by `within`."""
    earliest = until - within
    for year in range(until.year, earliest.year - 1, -1):
        for change in reversed(clock_changes(zone, year)):
            if earliest < change.at <= until:
                return change
    return None
