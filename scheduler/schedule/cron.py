"""Cron schedules: a pattern in a time zone, answered through every clock change as cron(8) does.

Time is walked one stretch of constant UTC offset at a time: within it a wall clock is UTC plus the offset, and a
search that knows no time zones is exact. Wall times are naive, instants aware.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from scheduler.schedule.held import Held
from scheduler.schedule.pattern import Pattern
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.zone import ClockChange, first_change, instant_of, latest_change, offset_at

LARGEST_STEP = timedelta(hours=3)
"""cron(8): a larger jump of the clock, by a change of the offset or of the clock itself, is a correction. Nothing is
caught up, nothing suppressed, and all fire times are asked afresh."""

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""Before and after these a cron schedule has no fire times, so that no calendar arithmetic can overflow."""

_ZERO = timedelta()
_SECOND = timedelta(seconds=1)
_TWO_DAYS = timedelta(days=2)


class _Memory:
    """The last answer: each question asked from the first instant on and before the second has it too.

    It belongs to no schedule's meaning, so all memories are equal.
    """

    __slots__ = ("span",)

    def __init__(self) -> None:
        self.span: tuple[datetime, datetime, datetime | None] = (LATEST, EARLIEST, None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Memory)

    def __hash__(self) -> int:
        return 0


class Cron(msgspec.Struct, frozen=True):
    """A cron expression or mapping in a time zone.

    Jobs with the same schedule share one object, and with it the last answer.
    """

    text: str
    pattern: Pattern
    zone: ZoneInfo
    _memory: _Memory = msgspec.field(default_factory=_Memory)

    @property
    def at_start(self) -> bool:
        return False

    def next_after(self, moment: datetime) -> datetime | None:
        since, until, answer = self._memory.span
        if since <= moment < until:
            return answer
        answer = self._first_after(moment.astimezone(UTC))
        self._memory.span = (moment, answer or LATEST, answer)
        return answer

    def last_before(self, moment: datetime) -> datetime | None:
        """Takes the wall clock's way back where `next_after` confirms it, and bisects where not."""
        guess = self._guess_before(moment)
        if guess is None or not self._is_last_before(guess, moment):
            guess = self._bisect_before(moment)
        return guess

    def after_step_back(self, taken: datetime) -> Schedule:
        return Held(self, taken) if self.pattern.is_fixed else self

    def after_correction(self, taken: datetime) -> Schedule:  # noqa: ARG002
        return self

    def catches_up(self, change: ClockChange) -> bool:
        """Whether what the change skips runs once, at the first instant after it."""
        return self.pattern.is_fixed and _ZERO < change.shift < LARGEST_STEP

    def suppresses(self, change: ClockChange) -> bool:
        """Whether the second pass of the hours that the change repeats is left out."""
        return self.pattern.is_fixed and -LARGEST_STEP <= change.shift < _ZERO

    def _first_after(self, moment: datetime) -> datetime | None:
        if moment >= LATEST:
            return None
        moment = max(moment, EARLIEST)
        offset = offset_at(self.zone, moment)
        wall = moment.replace(tzinfo=None) + offset
        if self.pattern.is_fixed:
            change = latest_change(self.zone, moment, LARGEST_STEP)
            if change and self.suppresses(change):
                wall = max(wall, change.wall_before - _SECOND)
        match = self.pattern.next_match(wall)
        while True:
            due = (match - offset).replace(tzinfo=UTC) if match else moment + _TWO_DAYS
            change = first_change(self.zone, moment, due)
            if change is None:
                return due if match else None
            # The wall time from which the pattern counts again.
            resume = change.wall_before if self.suppresses(change) else change.wall_after
            if match and match < resume and self.catches_up(change):
                return change.at
            # A match beyond the change stays the first one, unless hours come again before it that may hold another.
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
        """Exact, since `next_after` never falls; about sixty questions."""
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
        while beyond - found >= _SECOND:  # `beyond` itself may be one
            middle = found + (beyond - found) / 2
            following = self._first_after(middle)
            if following is None or following >= moment:
                beyond = middle
            else:
                found = following
        return found
