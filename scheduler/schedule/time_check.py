"""Whether an instant is a scheduled time, and why or why not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from scheduler.schedule.cron import Cron
from scheduler.schedule.cron_field import Field, FieldName
from scheduler.schedule.day_interval import DayInterval
from scheduler.schedule.description import WEEKDAYS
from scheduler.schedule.dst import dst_note, note_on_repeated
from scheduler.schedule.duration import format_duration
from scheduler.schedule.restricted import Restricted
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.time_zone import offset_at
from scheduler.schedule.union import Union


class Mismatch(msgspec.Struct, frozen=True):
    """A field of the schedule that does not match the instant.

    `part` is the text of the schedule, or of one entry of a list; `allowed` is what the field says, `shown` what the
    wall clock shows.
    """

    part: str
    field: str
    allowed: str
    shown: str


class TimeCheck(msgspec.Struct, frozen=True):
    """Whether an instant is a scheduled time, the reasons, and the nearest scheduled times (UTC) before and after."""

    is_scheduled: bool
    mismatches: tuple[Mismatch, ...]
    note: str | None
    before: datetime | None
    after: datetime | None


def check_time(schedule: Schedule, moment: datetime) -> TimeCheck:
    """Check one instant. Scheduled times are whole seconds, so an instant with a fraction never is one."""
    moment = moment.astimezone(UTC)
    is_scheduled = _is_time_of(schedule, moment)
    return TimeCheck(
        is_scheduled=is_scheduled,
        mismatches=() if is_scheduled else _mismatches(schedule, moment),
        note=dst_note(schedule, moment) if is_scheduled else _reason(schedule, moment),
        before=schedule.last_before(moment),
        after=schedule.next_after(moment),
    )


def _mismatches(schedule: Schedule, moment: datetime) -> tuple[Mismatch, ...]:
    if isinstance(schedule, Restricted):
        is_named = any(_is_time_of(schedule.schedule, each) for each in (moment - schedule.limits.delay, moment))
        return () if is_named else _mismatches(schedule.schedule, moment)
    if isinstance(schedule, Union):
        return tuple(mismatch for part in schedule.parts for mismatch in _mismatches(part, moment))
    if not isinstance(schedule, Cron):
        return ()
    pattern, wall = schedule.pattern, _wall(schedule, moment)
    if isinstance(pattern, DayInterval):
        return tuple(_interval_mismatches(schedule.text, pattern, wall))
    wrong = [field for field in pattern if not field.matches(wall)]
    if pattern.either_day and not (pattern.day in wrong and pattern.day_of_week in wrong):
        wrong = [field for field in wrong if field not in {pattern.day, pattern.day_of_week}]
    return tuple(
        Mismatch(schedule.text, field.name.value, _allowed(field), _shown(field.name, wall)) for field in wrong
    )


def _interval_mismatches(text: str, interval: DayInterval, wall: datetime) -> Iterator[Mismatch]:
    if wall.time() != interval.first.time():
        yield Mismatch(text, "time", f"{interval.first:%H:%M:%S}", f"{wall:%H:%M:%S}")
    date = datetime.combine(wall.date(), interval.first.time())
    if not interval.names(date):
        every = f"every {interval.days} days from {interval.first:%Y-%m-%d}"
        yield Mismatch(text, "date", every, f"{wall:%Y-%m-%d}")


def _allowed(field: Field) -> str:
    """The field as written; for `H` with the value that the job's name gives."""
    return f"{field.text}, here {field.canonical()}" if "H" in field.text else field.text


def _reason(schedule: Schedule, moment: datetime) -> str | None:
    """Why there is no run although every field matches."""
    if not isinstance(schedule, Restricted):
        return _suppressed(schedule, moment)
    limits, inner = schedule.limits, schedule.schedule
    for named in dict.fromkeys((moment - limits.delay, moment)):
        if not _is_time_of(inner, named):
            continue
        if limits.first is not None and named < limits.first:
            return f"`from` is {limits.shown(limits.first)}"
        if limits.last is not None and named > limits.last:
            return f"`until` is {limits.shown(limits.last)}"
        if limits.exclusions is not None and (reason := limits.exclusions.reason(named)):
            return f"excluded by `except`: {reason}"
        break
    else:
        if (reason := _suppressed(inner, moment - limits.delay)) or not limits.delay:
            return reason
    return f"`splay` delays this job by {format_duration(limits.delay.total_seconds())}"


def _is_time_of(schedule: Schedule, moment: datetime) -> bool:
    return schedule.next_after(moment - datetime.resolution) == moment


def _suppressed(schedule: Schedule, moment: datetime) -> str | None:
    """Why there is no run although the wall clock matches: the second occurrence of a repeated hour."""
    if isinstance(schedule, Union):
        return next(filter(None, (_suppressed(part, moment) for part in schedule.parts)), None)
    if isinstance(schedule, Cron) and schedule.pattern.names(_wall(schedule, moment)):
        return note_on_repeated(schedule, moment)
    return None


def _wall(schedule: Cron, moment: datetime) -> datetime:
    return moment.replace(tzinfo=None) + offset_at(schedule.zone, moment)


def _shown(name: FieldName, wall: datetime) -> str:
    if name is FieldName.DAY_OF_WEEK:
        return WEEKDAYS[wall.isoweekday() % 7]
    return str(getattr(wall, name.value))
