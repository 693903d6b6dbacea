"""The effects of daylight saving time (DST) changes on a schedule, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from scheduler.schedule.cron import LARGEST_STEP, LATEST, Cron
from scheduler.schedule.restricted import Restricted
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.time_zone import DstChange, first_change, latest_change
from scheduler.schedule.union import Union
from scheduler.text import listed

_ZERO = timedelta()
_SECOND = timedelta(seconds=1)
_LONGEST_REPEAT = timedelta(days=1)
_HORIZON = timedelta(days=3 * 366)
_MOST = 100


class DstEffect(msgspec.Struct, frozen=True):
    """A coming DST change, and one sentence about its effect on the schedule.

    `part` is the text of the schedule, or of one entry where the job has a list of schedules. `matters` is whether a
    run is moved, dropped or repeated.
    """

    change: DstChange
    part: str
    matters: bool
    sentence: str


def dst_effects(schedule: Schedule, after: datetime, count: int = 2) -> tuple[DstEffect, ...]:
    """The next `count` DST changes of the schedule's zone within three years; none for `@every`, `@at`, `@reboot`."""
    if isinstance(schedule, Restricted):
        return dst_effects(schedule.schedule, after, count)
    if isinstance(schedule, Union):
        return tuple(effect for part in schedule.parts for effect in dst_effects(part, after, count))
    if not isinstance(schedule, Cron):
        return ()
    effects: list[DstEffect] = []
    moment, until = after.astimezone(UTC), min(after.astimezone(UTC) + _HORIZON, LATEST)
    while len(effects) < count and (change := first_change(schedule.zone, moment, until)):
        effects.append(_effect(schedule, change))
        moment = change.at
    return tuple(effects)


def dst_note(schedule: Schedule, scheduled: datetime) -> str | None:
    """How a DST change affects this scheduled time; None when none does."""
    if isinstance(schedule, Restricted):
        return dst_note(schedule.schedule, scheduled - schedule.limits.delay)
    if isinstance(schedule, Union):
        due = [part for part in schedule.parts if part.next_after(scheduled - datetime.resolution) == scheduled]
        return next(filter(None, (dst_note(part, scheduled) for part in due)), None)
    if not isinstance(schedule, Cron):
        return None
    scheduled = scheduled.astimezone(UTC)
    return _note_on_skipped(schedule, scheduled) or note_on_repeated(schedule, scheduled)


def note_on_repeated(schedule: Cron, moment: datetime) -> str | None:
    """The rule for a wall time that occurs twice, whether or not the schedule runs at this occurrence."""
    earlier = latest_change(schedule.zone, moment, _LONGEST_REPEAT)
    later = first_change(schedule.zone, moment, moment + _LONGEST_REPEAT)
    for change, which in ((earlier, "second"), (later, "first")):
        if change is None or change.shift > _ZERO:
            continue
        wall = moment.replace(tzinfo=None) + (change.after if which == "second" else change.before)
        if change.wall_after <= wall < change.wall_before:
            rule = f"it runs at both occurrences; this is the {which}"
            if schedule.suppresses(change):
                rule = "a fixed-time schedule runs at the first occurrence only"
            return f"{_clock(wall, change)} occurs twice ({change_in_words(change)}): {rule}"
    return None


def _note_on_skipped(schedule: Cron, scheduled: datetime) -> str | None:
    change = latest_change(schedule.zone, scheduled, _HORIZON)
    if change is None or change.shift < _ZERO or schedule.next_after(change.at - datetime.resolution) != scheduled:
        return None
    if _keeps_rhythm(schedule, change):
        return None
    skipped = _matches(schedule, change.wall_before, change.wall_after)
    if not skipped:
        return None
    if not schedule.catches_up(change):
        date = "" if _spans_dates(change) else f"on {change.wall_before:%Y-%m-%d} "
        times = _times(skipped, change)
        return f"no run {date}at {times} ({change_in_words(change)}{_correction(schedule)})"
    if schedule.pattern.names(change.wall_after):
        skipped.append(change.wall_after)
    one = "" if len(skipped) == 1 else "one run "
    return f"{one}in place of {_times(skipped, change)} ({change_in_words(change)})"


def _effect(schedule: Cron, change: DstChange) -> DstEffect:
    low, high = sorted((change.wall_before, change.wall_after))
    affected = _matches(schedule, low, high)
    matters = bool(affected) and not _keeps_rhythm(schedule, change)
    if matters:
        words = _outcome(schedule, change, affected)
    else:
        words = "no effect, it follows real time" if affected else "no effect"
    return DstEffect(change, schedule.text, matters, f"{_movement(change)}; {words}")


def _outcome(schedule: Cron, change: DstChange, affected: list[datetime]) -> str:
    """What happens to the runs at these wall times, which are skipped or repeated."""
    times = _times(affected, change)
    verb = "runs" if len(affected) == 1 else "run"
    if change.shift < _ZERO and schedule.suppresses(change):
        return f"{times} {verb} at the first occurrence only"
    if change.shift < _ZERO:
        return f"{times} {verb} at both occurrences{_correction(schedule)}"
    if schedule.catches_up(change):
        return f"one run at {_clock(change.wall_after, change)} in place of {times}"
    return f"no run for {times}{_correction(schedule)}"


def change_in_words(change: DstChange) -> str:
    """The kind of change, and how people in the zone move their clocks."""
    kind = "DST" if abs(change.shift) <= LARGEST_STEP else "time zone change"
    return f"{kind}: {_movement(change)}"


def _movement(change: DstChange) -> str:
    direction = "forward" if change.shift > _ZERO else "back"
    before, after = _clock(change.wall_before, change), _clock(change.wall_after, change)
    return f"clocks go {direction} from {before} to {after}"


def _keeps_rhythm(schedule: Cron, change: DstChange) -> bool:
    """Whether whole hours are skipped or repeated, and the schedule has the same minutes in every hour."""
    is_rhythm = schedule.pattern.is_hourly and not schedule.pattern.is_fixed
    return is_rhythm and change.shift % timedelta(hours=1) == _ZERO and abs(change.shift) <= LARGEST_STEP


def _correction(schedule: Cron) -> str:
    """Why a change is neither caught up nor suppressed, where the reason is not that the schedule is a wildcard."""
    return ", since the change is larger than 3h" if schedule.pattern.is_fixed else ""


def _matches(schedule: Cron, first: datetime, end: datetime) -> list[datetime]:
    """The schedule's wall times in [first, end), at most _MOST + 1 of them."""
    found: list[datetime] = []
    wall = first - _SECOND
    while len(found) <= _MOST and (match := schedule.pattern.next_match(wall)) and match < end:
        found.append(match)
        wall = match
    return found


def _times(walls: list[datetime], change: DstChange) -> str:
    if len(walls) <= 3:
        return listed([_clock(wall, change) for wall in walls])
    if len(walls) > _MOST:
        return f"more than {_MOST} times from {_clock(walls[0], change)} on"
    return f"{len(walls)} times from {_clock(walls[0], change)} to {_clock(walls[-1], change)}"


def _spans_dates(change: DstChange) -> bool:
    return change.wall_before.date() != change.wall_after.date()


def _clock(wall: datetime, change: DstChange) -> str:
    date = f"{wall:%Y-%m-%d} " if _spans_dates(change) else ""
    return f"{date}{wall:%H:%M:%S}" if wall.second else f"{date}{wall:%H:%M}"
