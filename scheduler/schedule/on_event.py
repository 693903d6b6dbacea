"""Schedules that follow an event instead of the clock: `@reboot` and `@after JOB`."""
# ruff: noqa: ARG002 - the base class implements the whole protocol

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from scheduler.errors import ScheduleError
from scheduler.schedule.only_after import OnlyAfter
from scheduler.schedule.restricted import Restricted
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.union import Union

_JOB_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"


class _OnEvent(msgspec.Struct, frozen=True):
    """A schedule without scheduled times on the clock, which steps of the clock do not change."""

    text: str

    @property
    def at_start(self) -> bool:
        return False

    def next_after(self, moment: datetime) -> datetime | None:
        return None

    def last_before(self, moment: datetime) -> datetime | None:
        return None

    def after_step_back(self, handled: datetime) -> Schedule:
        return self

    def after_correction(self, handled: datetime) -> Schedule:
        return self


class AtStart(_OnEvent, frozen=True):
    """`@reboot`: when schedd starts, but not at a reload."""

    @property
    def at_start(self) -> bool:
        return True


class AfterJob(_OnEvent, frozen=True):
    """`@after JOB`: when `job` has succeeded; the scheduled time is then that of the run that did."""

    job: str


def parse_after(text: str, column: int) -> AfterJob:
    """Parse the text behind `@after`."""
    if not re.fullmatch(_JOB_NAME, text):
        raise ScheduleError("@after needs the name of one job; use a list of schedules for several", column=column)
    return AfterJob(f"@after {text}", text)


def predecessors(schedule: Schedule | None) -> tuple[str, ...]:
    """The jobs after whose success the schedule runs its job."""
    match schedule:
        case AfterJob(job=job):
            return (job,)
        case Union(parts=parts):
            return tuple(dict.fromkeys(job for part in parts for job in predecessors(part)))
        case Restricted(schedule=inner) | OnlyAfter(schedule=inner):
            return predecessors(inner)
    return ()


def runs_after(schedule: Schedule, job: str, scheduled_at: datetime) -> bool:
    """Whether a success of `job` for that scheduled time runs the schedule's job, with regard to `from` and so on."""
    allowed = not isinstance(schedule, Restricted) or schedule.limits.allows(scheduled_at)
    return allowed and job in predecessors(schedule)
