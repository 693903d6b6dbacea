"""What clock changes do to a schedule, in words and for single fire times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from scheduler.schedule.cron import LARGEST_STEP, LATEST, Cron
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.simple import Union
from scheduler.schedule.words import listed
from scheduler.schedule.zone import ClockChange, first_change, latest_change

_ZERO = timedelta()
_SECOND = timedelta(seconds=1)
_LONGEST_PASS = timedelta(days=1)
_HORIZON = timedelta(days=3 * 366)
_MOST = 100


class ChangeEffect(msgspec.Struct, frozen=True):
    """A coming clock change, and one sentence about what it does to the schedule.

    `part` is the text of the schedule, which is one entry where the job has a list of them. `moves` tells whether a
    run comes at another time than it would have, or more or less often.
    """

    change: ClockChange
    part: str
    moves: bool
    sentence: str


def coming_changes(schedule: Schedule, after: datetime, count: int = 2) -> tuple[ChangeEffect, ...]:
    """The next `count` clock changes of the schedule's zone within three years. None where clocks do not matter."""
    if isinstance(schedule, Union):
        return tuple(effect for part in schedule.parts for effect in coming_changes(part, after, count))
    if not isinstance(schedule, Cron):
        return ()
    effects: list[ChangeEffect] = []
    moment, until = after.astimezone(UTC), min(after.astimezone(UTC) + _HORIZON, LATEST)
    while len(effects) < count and (change := first_change(schedule.zone, moment, until)):
        effects.append(_effect(schedule, change))
        moment = change.at
    return tuple(effects)


def note_on(schedule: Schedule, fire_time: datetime) -> str | None:
    """What a clock change has to do with this fire time; None for an ordinary one."""
    if isinstance(schedule, Union):
        due = [part for part in schedule.parts if part.next_after(fire_time - datetime.resolution) == fire_time]
        return next(filter(None, (note_on(part, fire_time) for part in due)), None)
    if not isinstance(schedule, Cron):
        return None
    fire_time = fire_time.astimezone(UTC)
    return _note_on_gap(schedule, fire_time) or note_on_fold(schedule, fire_time)


def note_on_fold(schedule: Cron, moment: datetime) -> str | None:
    """What to say of a wall time that comes twice, whether it is a fire time in this pass or not."""
    earlier = latest_change(schedule.zone, moment, _LONGEST_PASS)
    later = first_change(schedule.zone, moment, moment + _LONGEST_PASS)
    for change, which in ((earlier, "second"), (later, "first")):
        if change is None or change.shift > _ZERO:
            continue
        wall = moment.replace(tzinfo=None) + (change.after if which == "second" else change.before)
        if change.wall_after <= wall < change.wall_before:
            rule = f"it runs in both passes, and this is the {which}"
            if schedule.suppresses(change):
                rule = "a fixed-time schedule runs in the first pass only"
            return f"{_clock(wall, change)} comes twice ({jump(change)}): {rule}"
    return None


def _note_on_gap(schedule: Cron, fire_time: datetime) -> str | None:
    change = latest_change(schedule.zone, fire_time, _HORIZON)
    if change is None or change.shift < _ZERO or schedule.next_after(change.at - datetime.resolution) != fire_time:
        return None
    if _keeps_rhythm(schedule, change):
        return None
    skipped = _named(schedule, change.wall_before, change.wall_after)
    if not skipped:
        return None
    if not schedule.catches_up(change):
        return f"no run before this one for {_times(skipped, change)} ({jump(change)}{_not_made_up_for(schedule)})"
    if schedule.pattern.names(change.wall_after):
        skipped.append(change.wall_after)
    one = "" if len(skipped) == 1 else "one run "
    return f"{one}in place of {_times(skipped, change)} ({jump(change)})"


def _effect(schedule: Cron, change: ClockChange) -> ChangeEffect:
    low, high = sorted((change.wall_before, change.wall_after))
    named = _named(schedule, low, high)
    moves = bool(named) and not _keeps_rhythm(schedule, change)
    if moves:
        words = _moved(schedule, change, _times(named, change))
    else:
        words = "no effect, it goes on in real time" if named else "no effect"
    return ChangeEffect(change, schedule.text, moves, f"{jump(change)}: {words}")


def _moved(schedule: Cron, change: ClockChange, times: str) -> str:
    """What becomes of the runs at these wall times, which are skipped or repeated."""
    if change.shift < _ZERO and schedule.suppresses(change):
        return f"{times} in the first pass only"
    if change.shift < _ZERO:
        return f"{times} in both passes{_not_made_up_for(schedule)}"
    if schedule.catches_up(change):
        return f"one run at {_clock(change.wall_after, change)} in place of {times}"
    return f"no run for {times}{_not_made_up_for(schedule)}"


def jump(change: ClockChange) -> str:
    """The change as people in the zone see it on their clocks."""
    way = "forward" if change.shift > _ZERO else "back"
    return f"clocks go {way} from {_clock(change.wall_before, change)} to {_clock(change.wall_after, change)}"


def _keeps_rhythm(schedule: Cron, change: ClockChange) -> bool:
    """Whether whole hours are skipped or repeated of a schedule that takes every hour alike."""
    every_hour = schedule.pattern.hour.is_full and not schedule.pattern.is_fixed
    return every_hour and change.shift % timedelta(hours=1) == _ZERO and abs(change.shift) <= LARGEST_STEP


def _not_made_up_for(schedule: Cron) -> str:
    """Why a change is neither caught up nor suppressed, where that is not for the schedule being a wildcard."""
    return ", too far to make up for" if schedule.pattern.is_fixed else ""


def _named(schedule: Cron, first: datetime, end: datetime) -> list[datetime]:
    """The wall times from `first` and before `end` that the schedule names; one more than _MOST stands for many."""
    found: list[datetime] = []
    wall = first - _SECOND
    while len(found) <= _MOST and (match := schedule.pattern.next_match(wall)) and match < end:
        found.append(match)
        wall = match
    return found


def _times(walls: list[datetime], change: ClockChange) -> str:
    if len(walls) <= 3:
        return listed([_clock(wall, change) for wall in walls])
    if len(walls) > _MOST:
        return f"more than {_MOST} times from {_clock(walls[0], change)} on"
    return f"{len(walls)} times from {_clock(walls[0], change)} to {_clock(walls[-1], change)}"


def _clock(wall: datetime, change: ClockChange) -> str:
    date = "" if change.wall_before.date() == change.wall_after.date() else f"{wall:%Y-%m-%d} "
    return f"{date}{wall:%H:%M:%S}" if wall.second else f"{date}{wall:%H:%M}"
