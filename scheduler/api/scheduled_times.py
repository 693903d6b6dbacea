"""The operations `next` and `explain`: coming scheduled times of jobs, and what a schedule means."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec

from scheduler.api.lookup import chosen, find_state, in_utc
from scheduler.api.service import JobState, Service
from scheduler.engine.later import LaterRun
from scheduler.errors import RefusedError, UsageError
from scheduler.model.job import Job
from scheduler.model.run import Pause
from scheduler.schedule import (
    Schedule,
    describe,
    dst_effects,
    dst_note,
    find_pitfalls,
    find_zone,
    kind,
    predecessors,
    runs_after,
)
from scheduler.wire.times import MOST, ChangeView, Explain, Explanation, Next, ScheduledTime

REPORTED = 100
"""Times between two reports of progress."""

SHOWN = 5
"""Scheduled times in an explanation."""


async def next_times(
    service: Service, ask: Next, on_progress: Callable[[float], object] = lambda _share: None
) -> Iterator[ScheduledTime]:
    """The coming scheduled times of several jobs, merged. They are computed one by one, as they are taken."""
    start = service.now() if ask.start is None else in_utc(ask.start)
    names, merged = chosen(service, ask.jobs), _Merged(service, ask, start)
    await service.slices.run(merged.add(names))
    return _reported(merged.times(), lambda at, count: on_progress(_share(ask, start, at, count, len(names))))


def _reported(times: Iterator[ScheduledTime], report: Callable[[datetime, int], object]) -> Iterator[ScheduledTime]:
    for count, each in enumerate(times, 1):
        if count % REPORTED == 0:
            report(each.at, count)
        yield each


class _Merged:
    """The coming times of several jobs in one order. Of each job only the next time is known.

    For most jobs that is a pair of atoms in the heap: garbage collection would look at thousands of iterators.
    """

    def __init__(self, service: Service, ask: Next, start: datetime) -> None:
        self._service = service
        self._ask = ask
        self._start = start
        self._most = min(ask.count, MOST)
        self._firsts: list[float] = []
        """Negated first times of the jobs whose times may be among those asked for."""
        self._heap: list[tuple[datetime, int]] = []
        """The next time of each job, and its place in `_jobs`."""
        self._jobs: list[Job] = []
        self._pauses: dict[int, Pause] = {}
        self._iterators: dict[int, tuple[ScheduledTime, Iterator[ScheduledTime]]] = {}
        """For jobs with more than a schedule: their next time and those after it."""

    def add(self, names: Iterable[str]) -> Iterator[None]:
        """Add jobs, one at each step. A reload may have removed some meanwhile."""
        for name in names if self._most > 0 else ():
            if (state := self._service.state(name)) is not None:
                self._add(state)
            yield

    def _add(self, state: JobState) -> None:
        zone, ask = zone_named(self._ask.timezone, state.job), self._ask
        if state.requested or predecessors(state.job.schedule):
            times = _coming(self._service, state, self._start, zone, ask)
            if (first := next(times, None)) is not None and self._is_early(first.at):
                self._iterators[len(self._jobs)] = (first, times)
                self._push(state, first.at)
        elif state.job.enabled or ask.jobs:
            at = next(_times(state, self._start, known=ask.start is None), None)
            if at is not None and self._is_early(at):
                self._push(state, at)

    def _push(self, state: JobState, first: datetime) -> None:
        place = len(self._jobs)
        self._jobs.append(state.job)
        if state.paused is not None:
            self._pauses[place] = state.paused
        heapq.heappush(self._heap, (first, place))

    def _is_early(self, first: datetime) -> bool:
        """Whether the times of a job with this first one may be among those asked for."""
        negated = -first.timestamp()
        if len(self._firsts) < self._most:
            heapq.heappush(self._firsts, negated)
        elif negated >= self._firsts[0]:
            heapq.heapreplace(self._firsts, negated)
        else:
            return False
        return True

    def times(self) -> Iterator[ScheduledTime]:
        """The times asked for."""
        for _ in range(self._most):
            if not self._heap or (self._ask.until is not None and self._heap[0][0] > self._ask.until):
                return
            at, place = self._heap[0]
            job, following = self._jobs[place], None
            if place in self._iterators:
                found, times = self._iterators[place]
                yield found
                if (after := next(times, None)) is not None:
                    self._iterators[place] = (after, times)
                    following = after.at
            else:
                yield _scheduled_time(job, self._pauses.get(place), at, zone_named(self._ask.timezone, job))
                if job.schedule is not None:
                    following = job.schedule.next_after(at)
            if following is None:
                heapq.heappop(self._heap)
            else:
                heapq.heapreplace(self._heap, (following, place))


def _share(ask: Next, start: datetime, at: datetime, count: int, jobs: int) -> float:
    """How much of the work is done when the first time of each job and `count` times up to `at` are known."""
    by_time = 0.0 if ask.until is None else (at - start) / (ask.until - start)
    expected = count / max(by_time, count / min(ask.count, MOST))
    return (jobs + count) / (jobs + expected)


def _coming(service: Service, state: JobState, start: datetime, zone: ZoneInfo, ask: Next) -> Iterator[ScheduledTime]:
    """The scheduled times of a job, unless it is disabled and not named, and the runs requested for later."""
    scheduled = state.job.enabled or ask.jobs
    times = _times(state, start, known=ask.start is None) if scheduled else iter(())
    own = (_scheduled_time(state.job, state.paused, at, zone) for at in times)
    after = _after(service, state, start) if scheduled and predecessors(state.job.schedule) else iter(())
    requested = (_requested(state, run) for run in state.requested if run.at > start)
    return heapq.merge(own, after, requested, key=lambda each: each.at)


def coming(service: Service, state: JobState, now: datetime) -> Iterator[ScheduledTime]:
    """The scheduled times of one job after `now`, and the runs requested for later."""
    return _coming(service, state, now, state.job.timezone, Next(jobs=(state.job.name,)))


def _after(service: Service, state: JobState, start: datetime) -> Iterator[ScheduledTime]:
    """The scheduled times of the jobs after which the job runs, as far as its own limits allow them."""
    job = state.job

    def times(before: str) -> Iterator[ScheduledTime]:
        for at in _chain_times(service, before, start):
            if job.schedule is not None and runs_after(job.schedule, before, at):
                note = f"when {before} has succeeded"
                yield ScheduledTime(at=at, job=job.name, timezone=job.timezone.key, note=note)

    return heapq.merge(*map(times, predecessors(job.schedule)), key=lambda each: each.at)


def _chain_times(service: Service, name: str, start: datetime) -> Iterator[datetime]:
    """The scheduled times of a job, those of a whole chain included."""
    state = service.state(name)
    if state is None or not state.job.enabled:
        return iter(())
    before = (_chain_times(service, each, start) for each in predecessors(state.job.schedule))
    return heapq.merge(_times(state, start, known=False), *before)


def _requested(state: JobState, run: LaterRun) -> ScheduledTime:
    by = "" if run.request.by is None else f" by {run.request.by.text}"
    note = f"requested{by}, run {run.run_id}"
    return ScheduledTime(at=run.at, job=run.job, timezone=state.job.timezone.key, note=note, run_id=run.run_id)


def times_of(schedule: Schedule, zone: ZoneInfo, after: datetime) -> Iterator[ScheduledTime]:
    """The times of a schedule that belongs to no job."""
    moment: datetime | None = after
    while moment is not None and (moment := schedule.next_after(moment)) is not None:
        yield ScheduledTime(at=moment, job=None, timezone=zone.key, note=dst_note(schedule, moment))


def explain(service: Service, ask: Explain) -> Explanation:
    """Explain a job's schedule."""
    state = find_state(service, ask.job)
    job, now = state.job, service.now()
    found = explanation(schedule_of(job), job.timezone, now)
    if predecessors(job.schedule) or job.run_if is not None:
        return msgspec.structs.replace(found, next=tuple(islice(coming(service, state, now), SHOWN)))
    return found


def explanation(schedule: Schedule, zone: ZoneInfo, now: datetime) -> Explanation:
    """Explain any schedule."""
    changes = dst_effects(schedule, now)
    return Explanation(
        schedule=schedule.text,
        timezone=zone.key,
        words=describe(schedule),
        kind=kind(schedule),
        next=tuple(islice(times_of(schedule, zone, now), SHOWN)),
        dst_changes=tuple(ChangeView(at=c.change.at, part=c.part, sentence=c.sentence) for c in changes),
        pitfalls=tuple(pitfall.sentence for pitfall in find_pitfalls(schedule)),
    )


def schedule_of(job: Job) -> Schedule:
    """A job's schedule. RefusedError when it has none."""
    if job.schedule is None:
        raise RefusedError(f"{job.name} has no schedule: it only runs manually")
    return job.schedule


def note_of(job: Job, pause: Pause | None, at: datetime, zone: ZoneInfo) -> str | None:
    """What DST, `run_if`, a pause or `enabled: false` means for a scheduled time, with times in `zone`."""
    notes = [] if job.schedule is None else [dst_note(job.schedule, at)]
    if job.run_if is not None:
        notes.append("if its run_if allows it")
    if not job.enabled:
        notes.append("will not run: disabled in the file")
    elif pause is not None and pause.covers(at):
        until = "until resumed" if pause.until is None else f"until {in_zone(pause.until, zone)}"
        notes.append(f"will not run: paused {until}{f' ({pause.note})' if pause.note else ''}")
    return "; ".join(note for note in notes if note) or None


def zone_named(name: str | None, job: Job) -> ZoneInfo:
    """The zone in which an answer gives times: that of the request, else that of the job. UsageError if unknown."""
    if name is None:
        return job.timezone
    zone = find_zone(name)
    if zone is None:
        raise UsageError(f"unknown time zone {name!r}")
    return zone


def in_zone(moment: datetime, zone: ZoneInfo) -> str:
    """An instant for people, with the abbreviation of the zone."""
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M:%S %Z}"


def _scheduled_time(job: Job, pause: Pause | None, at: datetime, zone: ZoneInfo) -> ScheduledTime:
    return ScheduledTime(at=at, job=job.name, timezone=job.timezone.key, note=note_of(job, pause, at, zone))


def _times(state: JobState, start: datetime, *, known: bool) -> Iterator[datetime]:
    """A job's scheduled times after `start`; `known` when that is now: then the timetable has the first."""
    schedule = state.job.schedule
    if schedule is None:
        return
    moment = state.next_at if known and state.job.enabled else schedule.next_after(start)
    while moment is not None:
        yield moment
        moment = schedule.next_after(moment)
