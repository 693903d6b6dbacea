"""The start of schedd: what runs because of it, and scheduled times before it that are caught up with or reported."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from scheduler.engine.history import History
from scheduler.engine.timetable import Timetable
from scheduler.model.job import Job
from scheduler.schedule import Schedule, starts_at

MISSED_REPORTED = timedelta(hours=1)
"""How long before the start of schedd a scheduled time may lie to be reported as missed."""


GAP = timedelta(minutes=2)
"""The longest time that is taken to pass between the end of one schedd and the start of the next."""


def latest_time(schedule: Schedule, now: datetime, within: timedelta) -> datetime | None:
    """The latest scheduled time up to `now`, unless it is further back. Cheaper checks come first."""
    first = schedule.next_after(now - within - datetime.resolution)
    if first is None or first > now:
        return None
    second = schedule.next_after(first)
    return first if second is None or second > now else schedule.last_before(now + datetime.resolution)


class MissedRuns:
    """The latest scheduled times in the MISSED_REPORTED before `now`, the start of schedd.

    They are computed once for all jobs that share a schedule.
    """

    def __init__(self, history: History, now: datetime) -> None:
        self._history = history
        self._now = now
        self._found: dict[int, tuple[Schedule, datetime | None, bool]] = {}
        """By the identity of a schedule: the schedule, its latest time, and whether it is frequent."""

    def of(self, job: Job) -> tuple[datetime, bool] | None:
        """The job's latest scheduled time, and whether the job has one at least every MISSED_REPORTED.

        None when there is none, or when the job's history, kept in a store, has a run for it.
        """
        if job.schedule is None or not job.enabled or job.catch_up is not None:
            return None
        found = self._found.get(id(job.schedule))
        if found is None:
            found = self._found[id(job.schedule)] = self._find(job.schedule)
        _, missed, is_frequent = found
        return None if missed is None or _has_run(self._history, job, missed) else (missed, is_frequent)

    def _find(self, schedule: Schedule) -> tuple[Schedule, datetime | None, bool]:
        missed = latest_time(schedule, self._now, MISSED_REPORTED)
        if missed is None:
            return schedule, None, False
        first = schedule.next_after(missed - MISSED_REPORTED - datetime.resolution)
        return schedule, missed, first is not None and first < missed


def ask_from_before(jobs: Iterable[Job], now: datetime) -> None:
    """Ask the schedules for their first times since MISSED_REPORTED before the start.

    Most have none until `now`, so that this answer, which they keep, is also that to the two questions that follow:
    which time is the next one, and which was missed.
    """
    since = now - MISSED_REPORTED - datetime.resolution
    for schedule in {id(job.schedule): job.schedule for job in jobs if job.enabled}.values():
        if schedule is not None:
            schedule.next_after(since)


def to_catch_up(timetable: Timetable, history: History, now: datetime) -> list[tuple[Job, datetime]]:
    """Jobs with their latest scheduled time within their `catch_up` before `now`, which is taken from the timetable.

    Without those whose history, kept in a store, has a run for it.
    """
    found = []
    for job in timetable.jobs().values():
        if job.schedule is None or not job.enabled or job.catch_up is None:
            continue
        missed = latest_time(job.schedule, now, timedelta(seconds=job.catch_up))
        if missed is None or _has_run(history, job, missed):
            continue
        timetable.taken_at_start(job.name, missed)
        found.append((job, missed))
    return found


def to_start(
    timetable: Timetable, now: datetime, missed: Collection[tuple[Job, datetime]] = ()
) -> Iterator[tuple[Job, datetime]]:
    """Jobs that run because schedd starts at `now`, in the order of the file; `missed` ones with their missed time."""
    times = {job.name: at for job, at in missed}
    for job in timetable.jobs().values():
        if job.name in times:
            yield job, times[job.name]
        elif job.schedule is not None and job.enabled and starts_at(job.schedule, now):
            yield job, now.replace(microsecond=0)


def _has_run(history: History, job: Job, scheduled_at: datetime) -> bool:
    last = history.last_run(job.name)
    return last is not None and last.scheduled_at >= scheduled_at


def is_in_gap(at: datetime, started_at: datetime, *, changed_at: datetime, booted_at: datetime) -> bool:
    """Whether no schedd ran this schedule at `at`, as far as that can be known without a record of earlier runs.

    `changed_at` is when the schedule was last changed: before that, the job may not have existed. Between `booted_at`,
    the boot of the machine, and the GAP before `started_at` another schedd may have been running.
    """
    return changed_at <= at and (at < booted_at or started_at - at <= GAP)
