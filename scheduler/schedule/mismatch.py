"""Why an instant is, or is not, a fire time."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from scheduler.schedule.changes import note_on, note_on_fold
from scheduler.schedule.cron import Cron
from scheduler.schedule.field import Field, FieldName
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.simple import Union
from scheduler.schedule.words import WEEKDAYS
from scheduler.schedule.zone import offset_at


class Mismatch(msgspec.Struct, frozen=True):
    """A field that keeps the instant from being a fire time.

    `part` is the text of the schedule, one entry of a list of them; `shown` is what the wall clock has there.
    """

    part: str
    field: str
    allowed: str
    shown: str


class Why(msgspec.Struct, frozen=True):
    """Whether an instant is a slot, the reasons, and the nearest slots (UTC) strictly before and after it."""

    is_slot: bool
    mismatches: tuple[Mismatch, ...]
    note: str | None
    before: datetime | None
    after: datetime | None


def why(schedule: Schedule, moment: datetime) -> Why:
    """Explain one instant. Fire times lie on whole seconds, so a fraction of a second is never one."""
    moment = moment.astimezone(UTC)
    is_slot = schedule.next_after(moment - datetime.resolution) == moment
    return Why(
        is_slot=is_slot,
        mismatches=() if is_slot else _mismatches(schedule, moment),
        note=note_on(schedule, moment) if is_slot else _left_out(schedule, moment),
        before=schedule.last_before(moment),
        after=schedule.next_after(moment),
    )


def _mismatches(schedule: Schedule, moment: datetime) -> tuple[Mismatch, ...]:
    if isinstance(schedule, Union):
        return tuple(mismatch for part in schedule.parts for mismatch in _mismatches(part, moment))
    if not isinstance(schedule, Cron):
        return ()
    pattern, wall = schedule.pattern, _wall(schedule, moment)
    wrong = [field for field in pattern if not field.matches(wall)]
    if pattern.either_day and not (pattern.day in wrong and pattern.day_of_week in wrong):
        wrong = [field for field in wrong if field not in {pattern.day, pattern.day_of_week}]
    return tuple(
        Mismatch(schedule.text, field.name.value, _allowed(field), _shown(field.name, wall)) for field in wrong
    )


def _allowed(field: Field) -> str:
    """As it was written; what a hash stands for is not to be read off it."""
    return f"{field.text}, here {field.canonical()}" if "H" in field.text else field.text


def _left_out(schedule: Schedule, moment: datetime) -> str | None:
    """Why the wall clock matched and yet nothing was due: the second pass of a repeated hour."""
    if isinstance(schedule, Union):
        return next(filter(None, (_left_out(part, moment) for part in schedule.parts)), None)
    if isinstance(schedule, Cron) and schedule.pattern.names(_wall(schedule, moment)):
        return note_on_fold(schedule, moment)
    return None


def _wall(schedule: Cron, moment: datetime) -> datetime:
    return moment.replace(tzinfo=None) + offset_at(schedule.zone, moment)


def _shown(name: FieldName, wall: datetime) -> str:
    if name is FieldName.DAY_OF_WEEK:
        return WEEKDAYS[wall.isoweekday() % 7]
    return str(getattr(wall, name.value))
