"""`Field`: one field of a cron expression, its allowed values, and whether a wall time matches."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime
from enum import StrEnum
from functools import cached_property

import msgspec


class FieldName(StrEnum):
    """The fields of a schedule; also the keys of its mapping form."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    DAY_OF_WEEK = "day_of_week"
    YEAR = "year"


LIMITS = {
    FieldName.SECOND: (0, 59),
    FieldName.MINUTE: (0, 59),
    FieldName.HOUR: (0, 23),
    FieldName.DAY: (1, 31),
    FieldName.MONTH: (1, 12),
    FieldName.DAY_OF_WEEK: (0, 6),
    FieldName.YEAR: (1970, 2099),
}
"""Lowest and highest value of each field. Sunday is 0, and may be written 7."""


class Field(msgspec.Struct, frozen=True, dict=True):
    """The values that one field allows. Schedules share the fields that have the same text.

    `starred` is whether its text begins with `*` (or is `?`): cron decides by this, not by the values, whether the day
    fields are joined by AND. `special` holds what depends on the calendar, in croniter's notation: `l` the last day of
    the month, `15w` the weekday nearest to the 15th, `5#2` the second Friday, `l5` the last Friday; and, unknown to
    croniter, `lw` the last weekday of the month, `l-2` two days before its last day.
    """

    name: FieldName
    text: str
    starred: bool
    values: frozenset[int]
    special: frozenset[str] = frozenset()

    @cached_property
    def is_full(self) -> bool:
        """Whether every value is allowed."""
        low, high = LIMITS[self.name]
        return len(self.values) == high - low + 1

    @cached_property
    def ordered(self) -> tuple[int, ...]:
        """The values, the lowest first."""
        return tuple(sorted(self.values))

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """The first and the last day of a month that a day field, or one of weekdays, may match."""
        if self.is_full or (self.name is FieldName.DAY_OF_WEEK and self.values):
            return 1, 31
        if not self.special:
            return min(self.values), max(self.values)
        bounds = [*((day, day) for day in self.values), *map(_bounds_of, self.special)]
        return min(low for low, _ in bounds), max(high for _, high in bounds)

    def matches(self, wall: datetime) -> bool:
        """Whether the wall time has one of the allowed values."""
        match self.name:
            case FieldName.DAY:
                named, is_special = wall.day in self.values, _day_is
            case FieldName.DAY_OF_WEEK:
                named, is_special = wall.isoweekday() % 7 in self.values, _weekday_is
            case FieldName.YEAR:
                return self.is_full or wall.year in self.values
            case name:
                return getattr(wall, name.value) in self.values
        # Hardly any field has special entries, and creating the generator costs more than everything else here.
        return named or bool(self.special and any(is_special(item, wall) for item in self.special))

    def canonical(self) -> str:
        """The field in the subset of croniter's syntax that all cron implementations agree on."""
        if self.is_full:
            return "*"
        return ",".join([*map(str, sorted(self.values)), *sorted(self.special)])


def _bounds_of(special: str) -> tuple[int, int]:
    """Between which days of a month `l`, `l-2`, `lw`, `15w`, `l5` or `5#2` is."""
    if "#" in special:
        return 7 * int(special[-1]) - 6, min(31, 7 * int(special[-1]))
    if special[0] != "l":
        day = int(special[:-1])
        return max(1, day - 2), min(31, day + 2)
    if special == "lw":
        return 26, 31
    if special[1:].isdigit():
        return 22, 31
    before = int(special[2:] or 0)
    return 28 - before, 31 - before


def _day_is(special: str, wall: datetime) -> bool:
    last = monthrange(wall.year, wall.month)[1]
    if special == "lw":
        return wall.day == last - max(0, wall.replace(day=last).isoweekday() - 5)
    if special[0] == "l":
        return wall.day == last - int(special[2:] or 0)
    day = int(special[:-1])
    weekday = wall.replace(day=day).isoweekday()
    if weekday == 6:
        day += 2 if day == 1 else -1
    elif weekday == 7:
        day += -2 if day == last else 1
    return wall.day == day


def _weekday_is(special: str, wall: datetime) -> bool:
    if special[0] == "l":
        return wall.isoweekday() % 7 == int(special[1]) and wall.day + 7 > monthrange(wall.year, wall.month)[1]
    return wall.isoweekday() % 7 == int(special[0]) and (wall.day + 6) // 7 == int(special[2])
