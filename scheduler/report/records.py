"""Events as log records: a level, fixed words, and fields. Scripts match on these words; they do not change."""

from __future__ import annotations

from typing import Any

from scheduler.clock import rfc3339
from scheduler.engine.events import (
    AttemptFinished,
    ClockJumped,
    Event,
    JobsChanged,
    ReloadFailed,
    RunFinished,
    RunSkipped,
    RunStarted,
    Stopping,
)
from scheduler.model.run import Attempt, Decision, Outcome, Reason, Run, Trigger

Fields = dict[str, Any]

EXPECTED = frozenset({Reason.PAUSED, Reason.COALESCED, Reason.STOPPED, Reason.REMOVED, Reason.SHUTDOWN})
"""Skips that somebody asked for or that lose nothing; the others are warnings."""


def record(event: Event) -> tuple[str, str, Fields] | None:
    """Level, words and fields of an event; None for one that another record tells already."""
    match event:
        case RunStarted(run=run, pid=pid):
            return "info", "run started", _run_started(run, pid)
        case AttemptFinished(run=run, attempt=attempt, retry_in=float() as delay):
            fields = {"job": run.job, "run": run.id, "attempt": attempt.number, **_ended(attempt), "retry_in": delay}
            return "warning", "attempt finished", fields
        case AttemptFinished():  # the last attempt: told by `run finished`
            return None
        case RunFinished(run=run):
            return _finished_level(run), "run finished", _run_finished(run)
        case RunSkipped(decision=decision):
            level = "info" if decision.reason in EXPECTED else "warning"
            return level, "slot skipped", _skipped(decision)
        case JobsChanged(changes=changes):
            counts = ("added", "changed", "removed", "unchanged")
            return "info", "jobs changed", {name: len(getattr(changes, name)) for name in counts}
        case ReloadFailed(text=text):
            return "error", "reload failed", {"kept": "the schedule as it was", "problems": text}
        case ClockJumped(by=by):
            return "warning", "clock jumped", {"by": round(by, 3)}
        case Stopping(budget=budget, running=running):
            return "info", "shutting down", {"running": running, "budget": budget}


def _run_started(run: Run, pid: int | None) -> Fields:
    fields: Fields = {"job": run.job, "run": run.id, "trigger": run.trigger.value}
    fields["scheduled_at"] = rfc3339(run.scheduled_at)
    if run.trigger is Trigger.SCHEDULE:
        fields["lateness"] = round(run.lateness, 3)
    if pid is not None:
        fields["pid"] = pid
    return fields


def _finished_level(run: Run) -> str:
    match run.outcome:
        case Outcome.SUCCEEDED:
            return "info"
        case Outcome.STOPPED:
            return "warning"
        case _:
            return "error"


def _run_finished(run: Run) -> Fields:
    fields: Fields = {"job": run.job, "run": run.id, **_ended(run.attempts[-1])}
    fields["outcome"] = str(run.outcome)
    fields["duration"] = round(run.duration or 0.0, 3)
    if len(run.attempts) > 1:
        fields["attempts"] = len(run.attempts)
    return fields


def _ended(attempt: Attempt) -> Fields:
    ended = attempt.exit
    fields: Fields = {"outcome": attempt.outcome.value, "exit": ended.code, "duration": round(attempt.duration, 3)}
    if attempt.cause is not None:
        fields["cause"] = attempt.cause
    if ended.max_rss is not None:
        fields["max_rss"] = ended.max_rss
    if ended.cpu_seconds is not None:
        fields["cpu"] = round(ended.cpu_seconds, 3)
    if ended.notes:
        fields["notes"] = list(ended.notes)
    return fields


def _skipped(decision: Decision) -> Fields:
    fields: Fields = {"job": decision.job, "reason": decision.reason.value}
    if decision.count == 1:
        return {**fields, "slot": rfc3339(decision.last)}
    count = f"more than {decision.count}" if decision.more else decision.count
    return {**fields, "count": count, "first": rfc3339(decision.first), "last": rfc3339(decision.last)}
