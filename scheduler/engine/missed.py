"""Scheduled times before the start of schedd: the latest one of a job, and which to report as missed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from scheduler.engine.timetable import Timetable
from scheduler.model.job import Job
from scheduler.schedule import Schedule

MISSED_REPORTED = timedelta(hours=1)
"""How long before the start of schedd a scheduled time may lie to be reported as missed."""


def latest_time(schedule: Schedule, now: datetime, within: timedelta) -> datetime | None:
    """The latest scheduled time up to `now`, unless it is further back. A cheaper check comes first."""
    first = schedule.next_after(now - within - datetime.resolution)
    return None if first is None or first > now else schedule.last_before(now + datetime.resolution)


def missed_runs(timetable: Timetable, now: datetime) -> Iterator[tuple[Job, datetime]]:
    """Jobs with their latest scheduled time in the MISSED_REPORTED before `now`, the start of schedd."""
    for job in timetable.jobs().values():
        if job.schedule is not None and job.enabled and job.catch_up is None:
            missed = latest_time(job.schedule, now, MISSED_REPORTED)
            if missed is not None:
                yield job, missed
