"""Which job is due when: next times on a heap. Pure: every method is given the time."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from scheduler.engine.excluded_times import ExcludedTimes
from scheduler.engine.later import Later
from scheduler.engine.pauses import Pauses
from scheduler.model.job import Job
from scheduler.model.run import Decision, Reason
from scheduler.schedule import LARGEST_STEP, Schedule

MOST_COUNTED = 1000
"""Missed times of one job beyond this many are reported as "more than"."""

REPEATS_NOTHING = timedelta(minutes=1)
"""After a smaller step of the wall clock back, even frequent jobs wait until the time from before is reached."""


class Due(msgspec.Struct, frozen=True):
    """A job whose time has come.

    `scheduled_at` is the latest scheduled time not after now, `previous` the one before it where known; `missed` are
    the earlier ones, coalesced into this one.
    """

    job: Job
    scheduled_at: datetime
    previous: datetime | None
    missed: Decision | None


class Changes(msgspec.Struct, frozen=True):
    """The difference between two schedules, by job name."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]


class _Entry:
    """A job's next scheduled time, the last one taken, and the schedule that gives the next.

    That is the job's own schedule until the wall clock is set back; None for a job that has none or is disabled.
    """

    __slots__ = ("job", "next_at", "order", "schedule", "taken")

    def __init__(self, job: Job, schedule: Schedule | None, next_at: datetime | None) -> None:
        self.job = job
        self.order = 0
        self.schedule = schedule
        self.next_at = next_at
        self.taken: datetime | None = None


_Place = tuple[datetime, int, _Entry]
"""On the heap: the next time, the order in the file, and the entry."""


class Timetable:
    """Owns next times of all jobs, their pauses, and runs requested for later."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._jobs: dict[str, Job] = {}
        self._heap: list[_Place] = []
        self.pauses = Pauses()
        self.disabled = 0
        """How many jobs are disabled."""
        self._excluded = ExcludedTimes()
        self.later = Later()

    @property
    def wake_at(self) -> datetime | None:
        """The earliest time at which there is something to take: a run, or an excluded time."""
        return min((at for at in (self.next_at, self._excluded.next_at) if at is not None), default=None)

    @property
    def next_at(self) -> datetime | None:
        """The earliest next time of all jobs and of all runs requested for later."""
        times = [place[0] for place in self._heap[:1]] + [run.at for run in (self.later.first,) if run is not None]
        return min(times, default=None)

    def next_run(self) -> tuple[datetime, str] | tuple[None, None]:
        """The earliest next time that no pause covers, and its job; of several jobs the first in the file."""
        found, pause_of = None, self.pauses.of
        if not self.pauses or not self._entries.keys() <= self.pauses.endless():  # thousands may be paused together
            places = _in_order(self._heap)
            found = next((place for place in places if pause_of(place[2].job.name, place[0]) is None), None)
        requested = self.later.first
        if found is not None and (requested is None or found[0] <= requested.at):
            return found[0], found[2].job.name
        return (None, None) if requested is None else (requested.at, requested.job)

    def jobs(self) -> dict[str, Job]:
        """All jobs by name, in the order of the file."""
        return dict(self._jobs)

    def names(self) -> Collection[str]:
        """The names of all jobs, in the order of the file."""
        return self._entries.keys()

    def job(self, name: str) -> Job | None:
        """The job of that name as last loaded."""
        entry = self._entries.get(name)
        return None if entry is None else entry.job

    def next_of(self, name: str) -> datetime | None:
        """The next scheduled time of a job, which may be skipped when it comes."""
        return self._entries[name].next_at

    def load(self, jobs: Mapping[str, Job], now: datetime, changes: Changes | None = None) -> Changes:
        """Use these jobs from now on; `changes` is the difference to the present ones, if it is known already.

        Where the schedule is unchanged the next time stays; others begin after `now`.
        """
        changes = changes or difference(self._jobs, jobs)
        before = self._entries
        new = {name: _entry(before.get(name), jobs[name], now) for name in (*changes.added, *changes.changed)}
        self._entries = {name: new.get(name) or before[name] for name in jobs}
        for order, entry in enumerate(self._entries.values()):
            entry.order = order
        self._jobs = dict(jobs)
        self._rebuild_heap()
        self._excluded.load(jobs, now)
        self.pauses.end(changes.removed, now)
        self.disabled = sum(not job.enabled for job in jobs.values())
        return changes

    def preview(self, jobs: Mapping[str, Job], now: datetime, changes: Changes) -> dict[str, datetime | None]:
        """The next times that `load` would give to the jobs that are added or changed."""
        names = (*changes.added, *changes.changed)
        return {name: _entry(self._entries.get(name), jobs[name], now).next_at for name in names}

    def taken_at_start(self, name: str, scheduled_at: datetime) -> None:
        """Count a time before the first load, for which `catch_up` runs the job, as taken."""
        self._entries[name].taken = scheduled_at

    def take(self, now: datetime) -> list[Due]:
        """All jobs due at `now`, in the order of their earliest due times, each moved on to its next time.

        A schedule that fails by a bug stays due, and its error is raised once nothing else is.
        """
        due: list[Due] = []
        failed: list[tuple[_Place, Exception]] = []
        found: _Found = {}
        while self._heap and self._heap[0][0] <= now:
            entry = self._heap[0][2]
            try:
                due.append(_take_from(entry, now, found))
            except Exception as bug:
                failed.append((heapq.heappop(self._heap), bug))
                continue
            if entry.next_at is None:
                heapq.heappop(self._heap)
            else:
                heapq.heapreplace(self._heap, (entry.next_at, entry.order, entry))
        for place, _ in failed:
            heapq.heappush(self._heap, place)
        if failed and not due:
            raise failed[0][1]
        return due

    def take_excluded(self, now: datetime) -> list[Decision]:
        """Decisions about the times up to `now` that `except` removes."""
        return self._excluded.take(now)

    def set_back(self, now: datetime, *, by: timedelta) -> None:
        """The wall clock went back to `now`, `by` below the latest instant it had reached since the last correction.

        Up to REPEATS_NOTHING every time stays taken. Up to LARGEST_STEP fixed times do, and the rest goes on from
        `now`; beyond it only a taken `@at` does.
        """
        if by <= REPEATS_NOTHING:
            return
        for entry in self._entries.values():
            _set_back(entry, now, correction=by > LARGEST_STEP)
        if by > LARGEST_STEP:
            self._excluded.restart(now)
        self._rebuild_heap()

    def _rebuild_heap(self) -> None:
        self._heap = [(e.next_at, e.order, e) for e in self._entries.values() if e.next_at is not None]
        heapq.heapify(self._heap)


def _in_order(heap: list[_Place]) -> Iterator[_Place]:
    """The places of a heap, the earliest first; the heap stays as it is."""
    ahead = [(place, 0) for place in heap[:1]]
    while ahead:
        place, index = heapq.heappop(ahead)
        yield place
        for child in range(2 * index + 1, min(2 * index + 3, len(heap))):
            heapq.heappush(ahead, (heap[child], child))


def difference(before: Mapping[str, Job], after: Mapping[str, Job]) -> Changes:
    """What a reload would do, without doing it."""
    is_same = {name: before[name] is job or before[name] == job for name, job in after.items() if name in before}
    return Changes(
        added=tuple(name for name in after if name not in before),
        changed=tuple(name for name, same in is_same.items() if not same),
        removed=tuple(name for name in before if name not in after),
        unchanged=tuple(name for name, same in is_same.items() if same),
    )


def _entry(old: _Entry | None, job: Job, now: datetime) -> _Entry:
    """The entry of a job that is new or has changed."""
    schedule = job.schedule if job.enabled else None
    if old is None or schedule is None or not old.job.enabled or old.job.schedule != schedule:
        return _Entry(job, schedule, None if schedule is None else schedule.next_after(now))
    entry = _Entry(job, old.schedule, old.next_at)
    entry.taken = old.taken
    return entry


class _Coalesced(msgspec.Struct, frozen=True):
    """Several times up to now: `latest`, `previous` before it, `following` after it, `count` of those before it."""

    latest: datetime
    previous: datetime
    following: datetime | None
    count: int
    more: bool


_Found = dict[tuple[int, datetime], _Coalesced]
"""What one call of `take` has found, by the identity of a schedule and its first time: many jobs may share both."""


def _take_from(entry: _Entry, now: datetime, found: _Found) -> Due:
    """Take every time of one job up to `now`: the latest to be run, the earlier ones coalesced into it."""
    schedule, scheduled_at = entry.schedule, entry.next_at
    assert schedule is not None and scheduled_at is not None, "only jobs with a next time are on the heap"  # noqa: S101
    # When the clock was set back, the last one taken may be later.
    previous = entry.taken if entry.taken is not None and entry.taken < scheduled_at else None
    following = schedule.next_after(scheduled_at)
    missed = None
    if following is not None and following <= now:
        key = id(schedule), scheduled_at
        times = found.get(key)
        if times is None:
            times = found[key] = _coalesced(schedule, scheduled_at, following, now)
        first, scheduled_at, previous, following = scheduled_at, times.latest, times.previous, times.following
        missed = Decision(
            entry.job.name, Reason.COALESCED, first=first, last=previous, count=times.count, more=times.more
        )
    entry.taken, entry.next_at = scheduled_at, following
    return Due(entry.job, scheduled_at, previous, missed)


def _coalesced(schedule: Schedule, first: datetime, second: datetime, now: datetime) -> _Coalesced:
    previous, latest, count = first, second, 1
    following = schedule.next_after(latest)
    while following is not None and following <= now and count < MOST_COUNTED:
        previous, latest, count = latest, following, count + 1
        following = schedule.next_after(latest)
    more = following is not None and following <= now
    if more:  # counting millions would stall the loop: go straight to the latest
        latest = schedule.last_before(now + datetime.resolution) or latest
        previous = schedule.last_before(latest) or previous
        following = schedule.next_after(latest)
    return _Coalesced(latest, previous, following, count, more)


def _set_back(entry: _Entry, now: datetime, *, correction: bool) -> None:
    schedule, taken = entry.schedule, entry.taken
    if schedule is None:
        return
    if taken is not None:
        schedule = schedule.after_correction(taken) if correction else schedule.after_step_back(taken)
    following = schedule.next_after(now)
    if correction:
        entry.taken = None  # it is in a future that did not come: nothing after the correction is compared with it
    elif following is not None and following == taken:
        following = schedule.next_after(taken)  # a step of milliseconds back must not run that time again
    entry.schedule, entry.next_at = schedule, following
