"""Cron schedules: a pattern in a time zone, with cron(8)'s rules for daylight saving time (DST) changes.

The search goes through time in stretches of constant UTC offset. Within one, the wall clock is UTC plus the offset, so
a search that knows no time zones is exact. Wall times are naive datetimes, instants are aware ones.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from scheduler.schedule.day_interval import DayInterval
from scheduler.schedule.only_after import OnlyAfter
from scheduler.schedule.pattern import Pattern
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.time_zone import DstChange, first_change, instant_of, latest_change, offset_at, stretch_at

LARGEST_STEP = timedelta(hours=3)
"""As in cron(8), a larger change of the UTC offset or of the clock itself is a correction: nothing is caught up or
suppressed, and all scheduled times are computed again."""

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""Before EARLIEST and after LATEST a cron schedule has no scheduled times, so that no calendar arithmetic overflows."""

_ZERO = timedelta()
_SECOND = timedelta(seconds=1)
_TWO_DAYS = timedelta(days=2)


class _LastAnswer:
    """The last answer of `next_after`: `span` holds (since, until, answer), valid for since <= moment < until.

    It does not belong to the value of the schedule, so all instances are equal.
    """

    __slots__ = ("span",)

    def __init__(self) -> None:
        self.span: tuple[datetime, datetime, datetime | None] = (LATEST, EARLIEST, None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _LastAnswer)

    def __hash__(self) -> int:
        return 0


class Cron(msgspec.Struct, frozen=True):
    """Wall times in a time zone: a cron expression, a mapping of fields, or `@every 2w from …`.

    Jobs with the same schedule share one object, and with it the last answer.
    """

    text: str
    pattern: Pattern | DayInterval
    zone: ZoneInfo
    _last: _LastAnswer = msgspec.field(default_factory=_LastAnswer)

    @property
    def at_start(self) -> bool:
        return False

    def next_after(self, moment: datetime) -> datetime | None:
        since, until, answer = self._last.span
        if since <= moment < until:
            return answer
        answer = self._first_after(moment.astimezone(UTC))
        self._last.span = (moment, answer or LATEST, answer)
        return answer

    def last_before(self, moment: datetime) -> datetime | None:
        """Search the wall clock backwards, confirm the result with `next_after`, and bisect where it is wrong."""
        guess = self._guess_before(moment)
        if guess is None or not self._is_last_before(guess, moment):
            guess = self._bisect_before(moment)
        return guess

    def after_step_back(self, handled: datetime) -> Schedule:
        return OnlyAfter(self, handled) if self.pattern.is_fixed else self

    def after_correction(self, handled: datetime) -> Schedule:  # noqa: ARG002
        return self

    def catches_up(self, change: DstChange) -> bool:
        """Whether the times that the change skips run once, at the first instant after it."""
        return self.pattern.is_fixed and _ZERO < change.shift < LARGEST_STEP

    def suppresses(self, change: DstChange) -> bool:
        """Whether the second occurrence of the hours that the change repeats is left out."""
        return self.pattern.is_fixed and -LARGEST_STEP <= change.shift < _ZERO

    def _first_after(self, moment: datetime) -> datetime | None:
        if moment >= LATEST:
            return None
        moment = max(moment, EARLIEST)
        since, until, offset, wall_since = stretch_at(self.zone, moment)
        gone = moment - since
        wall = wall_since + gone
        if gone < LARGEST_STEP and self.pattern.is_fixed:
            change = latest_change(self.zone, moment, LARGEST_STEP)
            if change and self.suppresses(change):
                wall = max(wall, change.wall_before - _SECOND)
        match = self.pattern.next_match(wall)
        if match and (due := since + (match - wall_since)) < until:  # hardly any search goes beyond a DST change
            return due
        while True:
            due = (match - offset).replace(tzinfo=UTC) if match else moment + _TWO_DAYS
            change = first_change(self.zone, moment, due)
            if change is None:
                return due if match else None
            # The wall time from which the pattern applies again.
            resume = change.wall_before if self.suppresses(change) else change.wall_after
            if match and match < resume and self.catches_up(change):
                return change.at
            # A match after the change stays the first one, unless repeated hours before it may contain another.
            if match is None or match < resume or self._recurs(resume, change.wall_before):
                match = self.pattern.next_match(resume - _SECOND)
            moment, offset = change.at, change.after

    def _recurs(self, resume: datetime, wall_before: datetime) -> bool:
        return resume < wall_before and self.pattern.names_any_date(resume, wall_before)

    def _is_last_before(self, guess: datetime, moment: datetime) -> bool:
        if guess >= moment or self._first_after(guess - datetime.resolution) != guess:
            return False
        following = self._first_after(guess)
        return following is None or following >= moment

    def _guess_before(self, moment: datetime) -> datetime | None:
        if not EARLIEST <= moment < LATEST:
            return None
        offset = offset_at(self.zone, moment)
        match = self.pattern.previous_match(moment.astimezone(UTC).replace(tzinfo=None) + offset)
        return instant_of(match, self.zone) if match else None

    def _bisect_before(self, moment: datetime) -> datetime | None:
        """Bisect with `next_after`, which is monotonic: exact, about sixty calls."""
        beyond = min(moment.astimezone(UTC), LATEST)
        found = self._first_after(EARLIEST)
        if found is None or found >= beyond:
            return None
        back = timedelta(minutes=1)
        while beyond - back > found:
            following = self._first_after(beyond - back)
            if following is not None and following < moment:
                found = following
            back *= 4
        while beyond - found >= _SECOND:  # `beyond` itself may be a scheduled time
            middle = found + (beyond - found) / 2
            following = self._first_after(middle)
            if following is None or following >= moment:
                beyond = middle
            else:
                found = following
        return found
