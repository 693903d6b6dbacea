"""Which job is due when: next fire times on a heap, and pauses. Pure: every method is told the time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from scheduler.model.job import Job
from scheduler.model.run import Decision, Pause, Reason
from scheduler.schedule import LARGEST_STEP, Schedule

MOST_COUNTED = 1000
"""Missed slots of one job beyond this many are told as "more than"."""


class Due(msgspec.Struct, frozen=True):
    """A job whose time has come.

    `slot` is the latest fire time not after now, `previous` the one before it where known; `missed` are those folded
    into this one.
    """

    job: Job
    slot: datetime
    previous: datetime | None
    missed: Decision | None


class Changes(msgspec.Struct, frozen=True):
    """The difference between two schedules, by job name."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]


class _Entry:
    """A job's place: the slot it waits for, the last one taken, and whom to ask for the next.

    That is the job's own schedule until the wall clock is set back; None for a job that has none or is disabled.
    """

    __slots__ = ("asked", "job", "next_at", "order", "taken")

    def __init__(self, job: Job, order: int, asked: Schedule | None, next_at: datetime | None) -> None:
        self.job = job
        self.order = order
        self.asked = asked
        self.next_at = next_at
        self.taken: datetime | None = None


class Timetable:
    """Owns next fire times and pauses of all jobs."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._heap: list[tuple[datetime, int, _Entry]] = []
        self._pauses: dict[str, Pause] = {}

    @property
    def next_at(self) -> datetime | None:
        """The earliest slot that any job waits for."""
        return self._heap[0][0] if self._heap else None

    @property
    def next_job(self) -> str | None:
        """Whose slot `next_at` is; of several the first in the file."""
        return self._heap[0][2].job.name if self._heap else None

    def jobs(self) -> dict[str, Job]:
        """All jobs by name, in the order of the file."""
        return {name: entry.job for name, entry in self._entries.items()}

    def names(self) -> Iterable[str]:
        """The names of all jobs, in the order of the file."""
        return self._entries.keys()

    def job(self, name: str) -> Job | None:
        """The job of that name as last loaded."""
        entry = self._entries.get(name)
        return None if entry is None else entry.job

    def next_of(self, name: str) -> datetime | None:
        """The slot that a job waits for; it comes, though it may be skipped then."""
        return self._entries[name].next_at

    def load(self, jobs: Mapping[str, Job], now: datetime) -> Changes:
        """Take over a schedule. Jobs whose schedule is unchanged keep their next slot; others begin after `now`."""
        changes = difference(self.jobs(), jobs)
        self._entries = self._carried_over(jobs, now)
        self._rebuild_heap()
        for name in changes.removed:
            self._pauses.pop(name, None)
        return changes

    def preview(self, jobs: Mapping[str, Job], now: datetime) -> dict[str, datetime | None]:
        """The next slots that `load` would give."""
        return {name: entry.next_at for name, entry in self._carried_over(jobs, now).items()}

    def taken_at_start(self, name: str, slot: datetime) -> None:
        """A slot of the time before the first load was made up for: it is taken like any other."""
        self._entries[name].taken = slot

    def take(self, now: datetime) -> list[Due]:
        """All jobs due at `now`, in the order of their earliest slots, each moved on to its next slot."""
        due: list[Due] = []
        folds: _Folds = {}
        while self._heap and self._heap[0][0] <= now:
            _, _, entry = heapq.heappop(self._heap)
            due.append(_take_from(entry, now, folds))
            if entry.next_at is not None:
                heapq.heappush(self._heap, (entry.next_at, entry.order, entry))
        return due

    def set_back(self, now: datetime, *, by: timedelta) -> None:
        """The wall clock went back to `now`, `by` below the latest instant it had reached since the last correction.

        Up to LARGEST_STEP fixed-time slots stay taken and the rest goes on from `now`; beyond it only a taken `@at`
        does.
        """
        for entry in self._entries.values():
            _set_back(entry, now, correction=by > LARGEST_STEP)
        self._rebuild_heap()

    def pause(self, name: str, pause: Pause) -> None:
        """Skip the job's slots from now on."""
        self._pauses[name] = pause

    def resume(self, name: str) -> None:
        """Take the job's slots again."""
        self._pauses.pop(name, None)

    def pause_of(self, name: str, slot: datetime) -> Pause | None:
        """The pause that covers a slot, or an instant that might be one."""
        pause = self._pauses.get(name)
        return pause if pause is not None and pause.covers(slot) else None

    def _carried_over(self, jobs: Mapping[str, Job], now: datetime) -> dict[str, _Entry]:
        return {
            name: _entry(self._entries.get(name), job, order, now) for order, (name, job) in enumerate(jobs.items())
        }

    def _rebuild_heap(self) -> None:
        self._heap = [(e.next_at, e.order, e) for e in self._entries.values() if e.next_at is not None]
        heapq.heapify(self._heap)


def difference(before: Mapping[str, Job], after: Mapping[str, Job]) -> Changes:
    """What a reload would do, without doing it."""
    both = [name for name in after if name in before]
    return Changes(
        added=tuple(name for name in after if name not in before),
        changed=tuple(name for name in both if before[name] != after[name]),
        removed=tuple(name for name in before if name not in after),
        unchanged=tuple(name for name in both if before[name] == after[name]),
    )


def _entry(old: _Entry | None, job: Job, order: int, now: datetime) -> _Entry:
    schedule = job.schedule if job.enabled else None
    if old is None or schedule is None or not old.job.enabled or old.job.schedule != schedule:
        return _Entry(job, order, schedule, None if schedule is None else schedule.next_after(now))
    entry = _Entry(job, order, old.asked, old.next_at)
    entry.taken = old.taken
    return entry


class _Fold(msgspec.Struct, frozen=True):
    """Several slots up to now: `slot` is the latest, `previous` the one before it, `count` those before `slot`."""

    slot: datetime
    previous: datetime
    following: datetime | None
    count: int
    more: bool


_Folds = dict[tuple[int, datetime], _Fold]
"""What was found at one time of asking, by the identity of a schedule and its first slot: many jobs may share both."""


def _take_from(entry: _Entry, now: datetime, folds: _Folds) -> Due:
    """Take every slot of one job up to `now`: the latest to be run, the earlier ones folded into it."""
    schedule, slot = entry.asked, entry.next_at
    assert schedule is not None and slot is not None, "only jobs with a next slot are on the heap"  # noqa: S101
    previous = entry.taken if entry.taken is not None and entry.taken < slot else None  # set back, it may lie beyond
    following = schedule.next_after(slot)
    missed = None
    if following is not None and following <= now:
        key = id(schedule), slot
        fold = folds.get(key)
        if fold is None:
            fold = folds[key] = _coalesced(schedule, slot, following, now)
        first, slot, previous, following = slot, fold.slot, fold.previous, fold.following
        missed = Decision(
            entry.job.name, Reason.COALESCED, first=first, last=previous, count=fold.count, more=fold.more
        )
    entry.taken, entry.next_at = slot, following
    return Due(entry.job, slot, previous, missed)


def _coalesced(schedule: Schedule, first: datetime, second: datetime, now: datetime) -> _Fold:
    previous, slot, count = first, second, 1
    following = schedule.next_after(slot)
    while following is not None and following <= now and count < MOST_COUNTED:
        previous, slot, count = slot, following, count + 1
        following = schedule.next_after(slot)
    more = following is not None and following <= now
    if more:  # a count of millions helps nobody and would stall the loop: go straight to the latest
        slot = schedule.last_before(now + datetime.resolution) or slot
        previous = schedule.last_before(slot) or previous
        following = schedule.next_after(slot)
    return _Fold(slot, previous, following, count, more)


def _set_back(entry: _Entry, now: datetime, *, correction: bool) -> None:
    schedule, taken = entry.asked, entry.taken
    if schedule is None:
        return
    if taken is not None:
        schedule = schedule.after_correction(taken) if correction else schedule.after_step_back(taken)
    following = schedule.next_after(now)
    if correction:
        entry.taken = None  # it lies in a future that was none: nothing after the correction is measured by it
    elif following is not None and following == taken:
        following = schedule.next_after(taken)  # a step of milliseconds back must not run that slot again
    entry.asked, entry.next_at = schedule, following
