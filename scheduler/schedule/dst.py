"""The effects of daylight saving time (DST) changes on a schedule, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from scheduler.schedule.at import At
from scheduler.schedule.cron import LARGEST_STEP, LATEST, Cron
from scheduler.schedule.every import Every
from scheduler.schedule.restricted import NO_LIMITS, Limits, Restricted
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.time_zone import DstChange, LocalTime, first_change, latest_change
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
    run is moved, dropped or repeated. `by_cron_rules` is whether that follows from the rules of cron(8), which other
    schedulers may not share; not for `@at`, which is one instant.
    """

    change: DstChange
    part: str
    matters: bool
    sentence: str
    by_cron_rules: bool = True


def dst_effects(schedule: Schedule, after: datetime, count: int = 2) -> tuple[DstEffect, ...]:
    """The next `count` DST changes of the schedule's zone within three years; for `@at` only one that affects it.

    None for `@every` and `@reboot`. Runs that `from`, `until` or `except` remove are not affected.
    """
    return tuple(_effects(schedule, NO_LIMITS, after.astimezone(UTC), count))


def _effects(schedule: Schedule, limits: Limits, after: datetime, count: int) -> Iterator[DstEffect]:
    match schedule:
        case Restricted():
            yield from _effects(schedule.schedule, schedule.limits, after, count)
        case Union():
            for part in schedule.parts:
                yield from _effects(part, limits, after, count)
        case At(local=LocalTime() as local) if schedule.instant > after and limits.allows(schedule.instant):
            if change := local.change():
                sentence = f"{_movement(change)}; {_outcome_once(local, change)}"
                yield DstEffect(change, schedule.text, matters=True, sentence=sentence, by_cron_rules=False)
        case Cron():
            until = min(after + _HORIZON, LATEST)
            while count and (change := first_change(schedule.zone, after, until)):
                yield _effect(schedule, limits, change)
                after, count = change.at, count - 1


def has_cron_dst_effect(schedule: Schedule, after: datetime) -> bool:
    """Whether the next DST changes matter to the schedule by the rules of cron(8), which other schedulers lack."""
    return any(effect.matters and effect.by_cron_rules for effect in dst_effects(schedule, after))


def dst_note(schedule: Schedule, scheduled: datetime) -> str | None:
    """How a DST change affects this scheduled time; None when none does."""
    return _note(schedule, NO_LIMITS, scheduled.astimezone(UTC))


def _note(schedule: Schedule, limits: Limits, scheduled: datetime) -> str | None:
    match schedule:
        case Restricted():
            return _note(schedule.schedule, schedule.limits, scheduled - schedule.limits.delay)
        case Union():
            due = [part for part in schedule.parts if part.next_after(scheduled - datetime.resolution) == scheduled]
            return next(filter(None, (_note(part, limits, scheduled) for part in due)), None)
        case At(instant=instant, local=LocalTime() as local) | Every(first=instant, local=LocalTime() as local):
            return _note_on_local(local) if scheduled == instant else None
        case Cron():
            return _note_on_skipped(schedule, limits, scheduled) or note_on_repeated(schedule, scheduled)
    return None


def _note_on_local(local: LocalTime) -> str | None:
    """The rule for a single time, written without an offset, that occurs twice or not at all."""
    change = local.change()
    if change is None:
        return None
    if change.shift > _ZERO:
        return f"in place of {_clock(local.wall, change)} ({change_in_words(change)})"
    return f"{_clock(local.wall, change)} occurs twice ({change_in_words(change)}): this is the first occurrence"


def _outcome_once(local: LocalTime, change: DstChange) -> str:
    if change.shift > _ZERO:
        return f"one run at {_clock(change.wall_after, change)} in place of {_clock(local.wall, change)}"
    return f"{_clock(local.wall, change)} runs at the first occurrence only"


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


def _note_on_skipped(schedule: Cron, limits: Limits, scheduled: datetime) -> str | None:
    change = latest_change(schedule.zone, scheduled, _HORIZON)
    if change is None or change.shift < _ZERO or schedule.next_after(change.at - datetime.resolution) != scheduled:
        return None
    if _keeps_rhythm(schedule, change):
        return None
    skipped = _affected(schedule, limits, change)
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


def _effect(schedule: Cron, limits: Limits, change: DstChange) -> DstEffect:
    affected = _affected(schedule, limits, change)
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


def _affected(schedule: Cron, limits: Limits, change: DstChange) -> list[datetime]:
    """The schedule's wall times that the change skips or repeats, without those that its limits remove anyway."""
    walls = _matches(schedule, *sorted((change.wall_before, change.wall_after)))
    if limits == NO_LIMITS or not walls:
        return walls
    if schedule.catches_up(change):
        return walls if limits.allows(change.at) else []
    if change.shift > _ZERO:
        if not (limits.is_within(change.at - _SECOND) and limits.is_within(change.at)):
            return []
        excluded = limits.exclusions
        return [wall for wall in walls if excluded is None or excluded.reason_on_clock(wall) is None]
    offsets = [change.before] if schedule.suppresses(change) else [change.before, change.after]
    return [wall for wall in walls if all(limits.allows((wall - each).replace(tzinfo=UTC)) for each in offsets)]


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
