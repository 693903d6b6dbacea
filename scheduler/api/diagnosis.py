"""The operation `why`: why a job ran, did not run, or will run, from its history first and then from its schedule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.api.lookup import find_state, in_utc
from scheduler.api.scheduled_times import in_zone, note_of, schedule_of, zone_named
from scheduler.api.service import JobState, Service
from scheduler.api.views import WAITING_SHOWN, history_entry, waiting_on
from scheduler.engine.live_run import LiveState
from scheduler.errors import UsageError
from scheduler.model.run import Decision, Outcome, Reason
from scheduler.schedule import TimeCheck, change_in_words, check_time, describe, instant_of, predecessors, skipped_by
from scheduler.text import span
from scheduler.wire.runs import HistoryEntry
from scheduler.wire.times import MismatchView, Why, WhyView, skipped_text


def why_job(service: Service, ask: Why) -> WhyView:
    """Why a job ran or did not run at an instant; without one, what it did last and does next."""
    state = find_state(service, ask.job)
    if ask.at is None:
        return _now(service, state, zone_named(ask.timezone, state.job))
    job, zone = state.job, state.job.timezone
    schedule = schedule_of(job)
    try:
        gap = skipped_by(ask.at, zone) if ask.at.tzinfo is None else None
        at = in_utc(ask.at if ask.at.tzinfo is not None else instant_of(ask.at, zone))
        checked = check_time(schedule, at)
    except OverflowError:
        raise UsageError(f"{ask.at.isoformat()} is outside the calendar of {zone.key}") from None
    entry = _entry(service, state, at)
    missing = (
        [] if gap is None else [f"{ask.at:%Y-%m-%d %H:%M:%S} does not exist in {zone.key} ({change_in_words(gap)})."]
    )
    return WhyView(
        job=job.name,
        timezone=zone.key,
        sentences=(*missing, *_sentences(service, state, at, checked, entry, zone_named(ask.timezone, job))),
        at=at,
        is_scheduled=checked.is_scheduled,
        entry=entry,
        mismatches=tuple(
            MismatchView(part=m.part, field=m.field, allowed=m.allowed, shown=m.shown) for m in checked.mismatches
        ),
        note=checked.note,
        before=checked.before,
        after=checked.after,
    )


def _sentences(
    service: Service, state: JobState, at: datetime, checked: TimeCheck, entry: HistoryEntry | None, zone: ZoneInfo
) -> Iterator[str]:
    if entry is not None:
        yield _decided(entry, zone)
    elif waiting := [queued for queued in state.queued if queued.scheduled_at == at]:
        yield _waiting(waiting[0], zone)
    elif checked.is_scheduled:
        yield _undecided(state, at, service.now(), zone)
    elif before := predecessors(state.job.schedule):
        yield f"{state.job.name} {describe_chain(before)}."
        for name in before:
            yield from _sentence_about(service, name, at, zone)
    else:
        yield f"{state.job.name} is not scheduled at {in_zone(at, zone)}."
    for mismatch in checked.mismatches:
        field = mismatch.field.replace("_", " ")
        yield f"{field} is {mismatch.shown}; `{mismatch.part}` needs {mismatch.allowed}."
    if checked.note is not None:
        yield f"{checked.note}."


def describe_chain(before: Sequence[str]) -> str:
    """After which jobs a job runs."""
    return f"runs when {' or '.join(before)} has succeeded"


def _sentence_about(service: Service, name: str, at: datetime, zone: ZoneInfo) -> Iterator[str]:
    """The explanation for a job of a chain at an instant."""
    state = service.state(name)
    entry = None if state is None else _entry(service, state, at)
    if entry is None:
        yield f"There is no record of a run of {name} at {in_zone(at, zone)}."
    else:
        yield f"{name}: {_decided(entry, zone)}"


def _now(service: Service, state: JobState, zone: ZoneInfo) -> WhyView:
    job = state.job
    decisions = service.decisions(job.name)
    entry = _with_run(service, decisions[-1]) if decisions else None
    sentences = [_waiting(queued, zone) for queued in state.queued[:WAITING_SHOWN]]
    sentences += [] if entry is None else [_decided(entry, zone)]
    if job.schedule is None:
        sentences.append(f"{job.name} has no schedule: it only runs manually.")
    elif not job.enabled:
        sentences.append(f"{job.name} is disabled in the file: it only runs manually.")
    elif before := predecessors(job.schedule):
        sentences.append(f"It {describe_chain(before)}.")
        for name in before:
            decided = service.decisions(name)
            sentences += [f"{name}: {_decided(_with_run(service, decided[-1]), zone)}"] if decided else []
    elif state.next_at is None and job.schedule.at_start:
        sentences.append("It runs when schedd starts.")
    elif state.next_at is None:
        sentences.append(f"`{job.schedule.text}` has no further scheduled time.")
    else:
        words = describe(job.schedule) or f"`{job.schedule.text}`"
        sentences.append(f"Its next scheduled time is {in_zone(state.next_at, zone)}: {words}.")
        note = note_of(state.job, state.paused, state.next_at, zone)
        sentences += [] if note is None else [f"Note: {note}."]
    return WhyView(
        job=job.name,
        timezone=job.timezone.key,
        sentences=tuple(sentences),
        entry=entry,
        before=None if job.schedule is None else job.schedule.last_before(service.now()),
        after=state.next_at,
    )


def _entry(service: Service, state: JobState, at: datetime) -> HistoryEntry | None:
    """The decision about an instant: one about it alone is preferred to one that counts several scheduled times."""
    kept = [decision for decision in service.decisions(state.job.name) if decision.first <= at <= decision.last]
    return _with_run(service, min(kept, key=lambda decision: decision.last - decision.first)) if kept else None


def _with_run(service: Service, decision: Decision) -> HistoryEntry:
    ran = decision.reason is None and decision.run_id is not None
    return history_entry(decision, service.run(decision.run_id or "") if ran else None)


def _decided(entry: HistoryEntry, zone: ZoneInfo) -> str:
    at = in_zone(entry.last, zone)
    what = f"The run requested at {at}" if entry.by is not None else f"The run scheduled at {at}"
    if entry.by is not None:
        what += f" by {entry.by.text}"
    if entry.reason is not None:
        return f"{what} was skipped: {skipped_text(entry.reason, entry.note)}."
    run = entry.run
    if run is None:
        return f"{what} took place; it is no longer kept in history."
    last = run.attempts[-1] if run.attempts else None
    notes = () if last is None else last.notes if last.cause is None else (last.cause,)
    if run.attempts and all(attempt.outcome == Outcome.NOT_STARTED for attempt in run.attempts):
        return f"{what} could not be started (run {run.id}): {'; '.join(notes)}."
    # A request has a whole second as its time, so that less than a second says nothing.
    lateness = max(0.0, (run.started_at - run.scheduled_at).total_seconds())
    later = "" if entry.by is not None and lateness < 1 else f" {span(lateness)} later"
    outcome = "still running" if run.outcome is None else f"{run.outcome}, {run.exit_text}"
    return f"{what} started{later} as {run.id}: {': '.join(filter(None, (outcome, '; '.join(notes))))}."


def _waiting(queued: LiveState, zone: ZoneInfo) -> str:
    """What a run waits for, and until when."""
    at, by, gate = in_zone(queued.scheduled_at, zone), queued.request.by, queued.gate
    what = f"The run scheduled at {at}" if by is None else f"The run requested at {at} by {by.text}"
    if gate is None:
        return f"{what} is about to start as {queued.run_id}."
    on = waiting_on(gate, queued.lock, queued.held_by) or gate.waited_for
    sentence = f"{what} is waiting for {on} (run {queued.run_id})."
    if queued.deadline is None or gate is Reason.OVERLAP:
        return sentence
    return f"{sentence} It is skipped if it has not started by {in_zone(queued.deadline, zone)}."


def _undecided(state: JobState, at: datetime, now: datetime, zone: ZoneInfo) -> str:
    shown = in_zone(at, zone)
    if at > now:
        note = note_of(state.job, state.paused, at, zone)
        return f"{state.job.name} is scheduled at {shown}{'' if note is None else f', {note}'}."
    return (
        f"{state.job.name} was scheduled at {shown}; there is no record of it: this schedd was not running then, or "
        "the record is no longer kept."
    )
