"""The verbs `next`, `explain` and `why`: from schedules and the ledger to times and reasons."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from scheduler.api.lookup import chosen, find, in_utc
from scheduler.api.service import JobState, Service
from scheduler.api.views import history_entry
from scheduler.errors import RefusedError, UsageError
from scheduler.model.job import Job
from scheduler.model.run import Decision, Reason
from scheduler.schedule import (
    Schedule,
    TimeCheck,
    change_in_words,
    check_time,
    describe,
    dst_effects,
    dst_note,
    find_pitfalls,
    instant_of,
    kind,
    skipped_by,
)
from scheduler.wire.runs import HistoryEntry
from scheduler.wire.times import (
    MOST,
    REASONS,
    ChangeView,
    Explain,
    Explanation,
    FireTime,
    MismatchView,
    Next,
    Why,
    WhyView,
)

AT_ONCE = 100
"""Fire times found before the loop has its turn: schedd asks for them between its own slots."""

SHOWN = 5
"""Fire times that an explanation comes with."""


async def next_fires(service: Service, ask: Next) -> list[FireTime]:
    """The coming slots of several jobs, merged."""
    start = service.now() if ask.start is None else in_utc(ask.start)
    states = [state for state in chosen(service, ask.jobs) if state.job.enabled or ask.jobs]
    found: list[FireTime] = []
    ahead: list[tuple[datetime, int, JobState, Iterator[datetime]]] = []
    for order, state in enumerate(states):
        slots = _slots(state, start, known=ask.start is None)
        if (first := next(slots, None)) is not None:
            heapq.heappush(ahead, (first, order, state, slots))
        if order % AT_ONCE == 0:
            await asyncio.sleep(0)
    while ahead and len(found) < min(ask.count, MOST):
        at, order, state, slots = ahead[0]
        if ask.until is not None and at > ask.until:
            break
        found.append(FireTime(at=at, job=state.job.name, timezone=state.job.timezone.key, note=_note(state, at)))
        following = next(slots, None)
        if following is None:
            heapq.heappop(ahead)
        else:
            heapq.heapreplace(ahead, (following, order, state, slots))
        if len(found) % AT_ONCE == 0:
            await asyncio.sleep(0)
    return found


def fire_times(schedule: Schedule, zone: ZoneInfo, after: datetime) -> Iterator[FireTime]:
    """The slots of a schedule that is no job's."""
    moment: datetime | None = after
    while moment is not None and (moment := schedule.next_after(moment)) is not None:
        yield FireTime(at=moment, job=None, timezone=zone.key, note=dst_note(schedule, moment))


def coming(state: JobState, now: datetime) -> Iterator[FireTime]:
    """The slots of one job after `now`."""
    for at in _slots(state, now, known=True):
        yield FireTime(at=at, job=state.job.name, timezone=state.job.timezone.key, note=_note(state, at))


def explain(service: Service, ask: Explain) -> Explanation:
    """A job's schedule explained."""
    job = find(service, ask.job).job
    return explanation(_scheduled(job), job.timezone, service.now())


def explanation(schedule: Schedule, zone: ZoneInfo, now: datetime) -> Explanation:
    """Any schedule explained."""
    changes = dst_effects(schedule, now)
    return Explanation(
        schedule=schedule.text,
        timezone=zone.key,
        words=describe(schedule),
        kind=kind(schedule),
        next=tuple(islice(fire_times(schedule, zone, now), SHOWN)),
        clock_changes=tuple(ChangeView(at=c.change.at, part=c.part, sentence=c.sentence) for c in changes),
        pitfalls=tuple(pitfall.sentence for pitfall in find_pitfalls(schedule)),
    )


def why_job(service: Service, ask: Why) -> WhyView:
    """Why a job ran, did not run, or will run: from the ledger first, then from the schedule."""
    state = find(service, ask.job)
    if ask.at is None:
        return _as_it_stands(service, state)
    job, zone = state.job, state.job.timezone
    schedule = _scheduled(job)
    try:
        gap = skipped_by(ask.at, zone) if ask.at.tzinfo is None else None
        at = in_utc(ask.at) if ask.at.tzinfo is not None else instant_of(ask.at, zone)
        reasons = check_time(schedule, at)
    except OverflowError:
        raise UsageError(f"{ask.at.isoformat()} lies outside the calendar of {zone.key}") from None
    entry = _entry(service, job, at) if reasons.is_scheduled else None
    missing = (
        [] if gap is None else [f"{ask.at:%Y-%m-%d %H:%M:%S} does not exist in {zone.key} ({change_in_words(gap)})."]
    )
    return WhyView(
        job=job.name,
        timezone=zone.key,
        sentences=(*missing, *_sentences(state, at, service.now(), reasons, entry)),
        at=at,
        is_slot=reasons.is_scheduled,
        entry=entry,
        mismatches=tuple(
            MismatchView(part=m.part, field=m.field, allowed=m.allowed, shown=m.shown) for m in reasons.mismatches
        ),
        note=reasons.note,
        before=reasons.before,
        after=reasons.after,
    )


def _sentences(
    state: JobState, at: datetime, now: datetime, reasons: TimeCheck, entry: HistoryEntry | None
) -> Iterator[str]:
    if entry is not None:
        yield _what_became(entry)
    elif reasons.is_scheduled:
        yield _slot_without_record(state, at, now)
    else:
        yield f"{state.job.name} is not due at {_told(at, state.job.timezone)}."
    for mismatch in reasons.mismatches:
        field = mismatch.field.replace("_", " ")
        yield f"{field} is {mismatch.shown}; `{mismatch.part}` wants {mismatch.allowed}."
    if reasons.note is not None:
        yield f"{reasons.note}."


def _as_it_stands(service: Service, state: JobState) -> WhyView:
    job, zone, now = state.job, state.job.timezone, service.now()
    entries = [decision for decision in service.decisions() if decision.job == job.name]
    entry = _with_run(service, entries[-1]) if entries else None
    sentences = [] if entry is None else [_what_became(entry)]
    if job.schedule is None:
        sentences.append(f"{job.name} has no schedule: it runs by hand only.")
    elif not job.enabled:
        sentences.append(f"{job.name} is disabled in the file: it runs by hand only.")
    elif state.next_at is None:
        sentences.append(f"`{job.schedule.text}` has no further slot.")
    else:
        words = describe(job.schedule) or f"`{job.schedule.text}`"
        sentences.append(f"It is due next at {_told(state.next_at, zone)}: {words}.")
        note = _note(state, state.next_at)
        sentences += [] if note is None else [f"{note}."]
    before = None if job.schedule is None else job.schedule.last_before(now)
    return WhyView(
        job=job.name,
        timezone=zone.key,
        sentences=tuple(sentences),
        entry=entry,
        before=before,
        after=state.next_at,
    )


def _scheduled(job: Job) -> Schedule:
    if job.schedule is None:
        raise RefusedError(f"{job.name} has no schedule: it runs by hand only")
    return job.schedule


def _slots(state: JobState, start: datetime, *, known: bool) -> Iterator[datetime]:
    """A job's slots after `start`; `known` when that is now, so that the first needs no search."""
    schedule = state.job.schedule
    if schedule is None:
        return
    moment = state.next_at if known and state.job.enabled else schedule.next_after(start)
    while moment is not None:
        yield moment
        moment = schedule.next_after(moment)


def _note(state: JobState, at: datetime) -> str | None:
    job, pause = state.job, state.paused
    notes = [] if job.schedule is None else [dst_note(job.schedule, at)]
    if not job.enabled:
        notes.append("will not run: disabled in the file")
    elif pause is not None and pause.covers(at):
        until = "until resumed" if pause.until is None else f"until {_told(pause.until, job.timezone)}"
        notes.append(f"will not run: paused {until}{f' ({pause.note})' if pause.note else ''}")
    return "; ".join(note for note in notes if note) or None


def _entry(service: Service, job: Job, at: datetime) -> HistoryEntry | None:
    """What the ledger has of a slot: a decision of its own before one that counts several."""
    kept = [d for d in service.decisions() if d.job == job.name and d.first <= at <= d.last]
    return _with_run(service, min(kept, key=lambda d: d.last - d.first)) if kept else None


def _with_run(service: Service, decision: Decision) -> HistoryEntry:
    run = next((run for run in service.runs() if run.id == decision.run_id), None)
    return history_entry(decision, run)


def _what_became(entry: HistoryEntry) -> str:
    slot = f"{entry.last:%Y-%m-%d %H:%M:%S} UTC"
    if entry.reason != Reason.RAN:
        return f"The slot of {slot} was skipped: {REASONS[entry.reason]}."
    run = entry.run
    if run is None:
        return f"The slot of {slot} ran; the run itself is forgotten since."
    outcome = "is running" if run.outcome is None else f"{run.outcome}, exit {run.exit_code}"
    return f"The slot of {slot} ran as {run.id}, {run.lateness:.3f} s after its time: {outcome}."


def _slot_without_record(state: JobState, at: datetime, now: datetime) -> str:
    told = _told(at, state.job.timezone)
    if at > now:
        note = _note(state, at)
        return f"{state.job.name} is due at {told}." if note is None else f"{state.job.name} is due at {told}, {note}."
    return f"{state.job.name} was due at {told}; of that nothing is known: no schedd ran here then, or it forgot since."


def _told(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M:%S %Z}"
