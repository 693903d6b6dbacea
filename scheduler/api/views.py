"""Views: what goes over the wire about values of the model."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.api.service import JobState
from scheduler.engine.later import LaterRun
from scheduler.engine.live_run import LiveState
from scheduler.launch.output import Chunk
from scheduler.model.run import Attempt, Decision, Outcome, Pause, Reason, Run, Trigger
from scheduler.schedule import predecessors
from scheduler.wire.jobs import JobView, PauseView, RequestedView, Status, WaitingView
from scheduler.wire.runs import AttemptView, Event, HistoryEntry, Lost, Output, RunView

WAITING_SHOWN = 10
"""Numbers of waiting runs in the view of a job: for a later time, and at a gate."""


def attempt_view(attempt: Attempt) -> AttemptView:
    """A finished attempt."""
    ended = attempt.exit
    return AttemptView(
        number=attempt.number,
        started_at=attempt.started_at,
        duration=attempt.duration,
        outcome=attempt.outcome.value,
        exit_code=ended.code,
        signal=ended.signal,
        max_rss=ended.max_rss,
        cpu_seconds=ended.cpu_seconds,
        cause=attempt.cause,
        notes=ended.notes,
        lost=ended.lost or attempt.outcome is Outcome.LOST,
    )


def run_view(run: Run) -> RunView:
    """A run, live or finished."""
    return RunView(
        id=run.id,
        job=run.job,
        trigger=run.trigger.value,
        scheduled_at=run.scheduled_at,
        started_at=run.started_at,
        lateness=run.lateness if run.trigger is Trigger.SCHEDULE else None,
        finished_at=run.finished_at,
        outcome=None if run.outcome is None else run.outcome.value,
        exit_code=None if run.outcome is None else run.exit_code,
        duration=run.duration,
        attempts=tuple(attempt_view(attempt) for attempt in run.attempts),
        by=run.by,
        arguments=run.arguments,
        earlier=run.earlier,
        worker=run.worker,
        stopped_by=run.stopped_by,
    )


def output_events(run: Run, chunk: Chunk) -> Iterator[Event]:
    """One piece of a run's output."""
    if chunk.missed:
        yield Lost(run.id, run.job, chunk.missed)
    if chunk.data:
        yield Output(run.id, run.job, chunk.stream.value, chunk.data, chunk.at)


def waiting_on(gate: Reason, lock: str | None, held_by: str | None) -> str | None:
    """What a run waits for at a gate, in words; None where there is no more to say than the gate."""
    if gate is Reason.OVERLAP and held_by is not None:
        return f"the previous run to finish: {held_by}"
    if gate is Reason.LOCK and lock is not None:
        return f"lock {lock}" if held_by is None else f"lock {lock}, held by {held_by}"
    if gate is Reason.CAPACITY and held_by is not None:
        return f"a free place (max_running), taken by {held_by}"
    return None


def job_view(state: JobState) -> JobView:
    """A job and its state."""
    job, pause = state.job, state.paused
    return JobView(
        name=job.name,
        description=job.description,
        schedule=None if job.schedule is None else job.schedule.text,
        timezone=job.timezone.key,
        enabled=job.enabled,
        status=status_of(state),
        next_at=state.next_at,
        last=None if state.last is None else run_view(state.last),
        running=tuple(run_view(run) for run in state.live),
        waiting_for=None if state.waiting is None else state.waiting.waited_for,
        waiting_on=state.waiting_on,
        retry_at=state.retry_at,
        paused=None if pause is None else pause_view(pause),
        usual_duration=state.usual_duration,
        consecutive_failures=state.consecutive_failures,
        failing_since=state.failing_since,
        waiting=state.waiting_runs,
        requested=tuple(_requested(run) for run in state.requested[:WAITING_SHOWN]),
        queued=tuple(_queued(run) for run in state.queued[:WAITING_SHOWN]),
        notification_errors=state.notification_errors,
    )


def _requested(run: LaterRun) -> RequestedView:
    request = run.request
    return RequestedView(run_id=run.run_id, at=run.at, by=request.by, arguments=request.arguments)


def _queued(state: LiveState) -> WaitingView:
    gate, request = state.gate, state.request
    return WaitingView(
        run_id=state.run_id,
        waiting_for=None if gate is None else gate.waited_for,
        by=request.by,
        arguments=request.arguments,
    )


def pause_view(pause: Pause) -> PauseView:
    """A pause."""
    return PauseView(since=pause.since, until=pause.until, note=pause.note, by=pause.by)


def status_of(state: JobState) -> Status:
    """One word. What the job is doing takes precedence over what it may do."""
    if state.live:
        return "retrying" if state.retry_at else "running"
    if state.waiting:
        return "waiting"
    if not state.job.enabled:
        return "disabled"
    if state.paused:
        return "paused"
    # A job without a schedule waits for requests, one of `@reboot` for a start of schedd, one of `@after` for a job.
    schedule = state.job.schedule
    if schedule is None or state.next_at is not None or schedule.at_start or predecessors(schedule):
        return "idle"
    return "done"


def history_entry(decision: Decision, run: Run | None) -> HistoryEntry:
    """A decision, with its run where that is kept."""
    return HistoryEntry(
        job=decision.job,
        decision="ran" if decision.reason is None else "skipped",
        reason=None if decision.reason is None else decision.reason.value,
        first=decision.first,
        last=decision.last,
        count=decision.count,
        more=decision.more,
        run_id=decision.run_id,
        run=None if run is None else run_view(run),
        by=decision.by,
        note=decision.note,
        arguments=decision.arguments,
        stopped_by=decision.stopped_by,
    )
