"""Turns events into log records: a level, the fixed name of the event, and fields."""

from __future__ import annotations

from typing import Any

from scheduler.clock import rfc3339
from scheduler.engine.events import (
    AttemptFinished,
    ClockJumped,
    Event,
    JobsChanged,
    Paused,
    ReloadFailed,
    Resumed,
    RunFinished,
    RunRequested,
    RunSkipped,
    RunStarted,
    RunStopping,
    RunWaiting,
    Stopping,
)
from scheduler.model.run import Attempt, Decision, Outcome, Pause, Reason, Run, Trigger
from scheduler.wire.arguments import ArgumentsView
from scheduler.wire.requester import Requester

Fields = dict[str, Any]

_SUCCEEDED, _NOT_STARTED, _SCHEDULE = Outcome.SUCCEEDED, Outcome.NOT_STARTED, Trigger.SCHEDULE

_SET_BY_SOMEBODY = {Reason.EXCLUDED, Reason.CONDITION, Reason.PAUSED, Reason.STOPPED, Reason.REMOVED, Reason.SHUTDOWN}
EXPECTED = frozenset({*_SET_BY_SOMEBODY, Reason.COALESCED, Reason.ELSEWHERE})
"""Skips for these reasons are requested or harmless, and logged as info. A skip for any other reason is a warning."""


def is_expected(decision: Decision) -> bool:
    """Whether a skip is nothing to worry about."""
    return decision.reason in EXPECTED and not decision.broken


def record(event: Event) -> tuple[str, str, Fields] | None:
    """Level, name and fields of an event; None when another record has the same information.

    Scripts match on these names: they do not change.
    """
    match event:
        case RunStarted() | AttemptFinished() | RunStopping() | RunFinished():
            return _run_record(event)
        case RunSkipped(decision=decision):
            level = "info" if is_expected(decision) else "warning"
            return level, "run skipped", _skipped(decision)
        case JobsChanged(changes=changes, by=by):
            counts = {name: len(getattr(changes, name)) for name in ("added", "changed", "removed", "unchanged")}
            return "info", "configuration changed", {**counts, **_by(by)}
        case ReloadFailed(text=text, by=by):
            return (
                "error",
                "reload failed",
                {"error": text, "hint": "the previous configuration stays active", **_by(by)},
            )
        case ClockJumped(by=seconds):
            return "warning", "clock jumped", {"by": round(seconds, 3)}
        case RunWaiting() | RunRequested():
            return "info", "run waiting", _waiting(event)
        case Paused(job=job, pause=pause):
            return "info", "job paused", _paused(job, pause)
        case Resumed(job=job, by=by):
            return "info", "job resumed", {"job": job, **_by(by)}
        case Stopping(timeout=timeout, running=running, waiting=waiting):
            return "info", "shutting down", {"running": running, "waiting": waiting, "timeout": timeout}
    return None  # StandbyChanged is logged with who is active


def _run_record(event: RunStarted | AttemptFinished | RunStopping | RunFinished) -> tuple[str, str, Fields] | None:
    match event:
        case RunStarted(run=run, place=place):
            if place is None:  # `attempt finished` or `run failed to start` says so, with the cause
                return None
            fields = {**_scheduled(run), "process": place}
            if run.earlier:
                return "warning", "run left by an earlier schedd", fields
            return "info", "run started", fields
        case AttemptFinished(run=run, attempt=attempt, retry_in=float() as delay):
            fields = {
                "job": run.job,
                "run": run.id,
                "attempt": attempt.number,
                **_result(attempt, attempt.exit_code),
                "retry_in": delay,
            }
            return "warning", "attempt finished", fields
        case AttemptFinished():  # the last attempt: `run finished` has its result
            return None
        case RunStopping(run=run, after=after, grace=grace):
            fields = {"job": run.job, "run": run.id, "signal": "SIGTERM", "after": round(after, 3), "grace": grace}
            return "info", "run stopping", fields
        case RunFinished(run=run):
            if run.outcome is _NOT_STARTED:
                return "error", "run failed to start", {**_scheduled(run), **_run_result(run)}
            return _finished_level(run), "run finished", {"job": run.job, "run": run.id, **_run_result(run)}


def _scheduled(run: Run) -> Fields:
    fields: Fields = {"job": run.job, "run": run.id, "trigger": str(run.trigger)}
    fields["scheduled_at"] = rfc3339(run.scheduled_at)
    if run.trigger is _SCHEDULE:
        fields["lateness"] = round(run.lateness, 3)
    if run.by is None and run.arguments is None:
        return fields
    return {**fields, **_arguments(run.arguments), **_by(run.by)}


def _waiting(event: RunWaiting | RunRequested) -> Fields:
    fields: Fields = {"job": event.job, "run": event.run_id}
    if isinstance(event, RunWaiting):
        fields["for"] = event.gate.waited_for
        fields |= {"lock": event.lock} if event.lock is not None else {}
        fields |= {"held_by": event.held_by} if event.held_by is not None else {}
    else:
        fields |= {"for": "time", "until": rfc3339(event.at)}
    return {**fields, **_arguments(event.request.arguments), **_by(event.request.by)}


def _paused(job: str, pause: Pause) -> Fields:
    fields: Fields = {"job": job}
    if pause.until is not None:
        fields["until"] = rfc3339(pause.until)
    if pause.note:
        fields["note"] = pause.note
    return {**fields, **_by(pause.by)}


def _by(requester: Requester | None, key: str = "by") -> Fields:
    return {} if requester is None else {key: requester.text}


def _arguments(arguments: ArgumentsView | None) -> Fields:
    return {} if arguments is None else {"arguments": arguments.text}


def _finished_level(run: Run) -> str:
    if run.outcome is _SUCCEEDED:
        return "info"
    return "warning" if run.outcome is Outcome.STOPPED else "error"


def _run_result(run: Run) -> Fields:
    fields = _result(run.attempts[-1], run.exit_code)
    fields["outcome"] = str(run.outcome)
    fields["duration"] = round(run.duration or 0.0, 3)
    if len(run.attempts) > 1:
        fields["attempts"] = len(run.attempts)
    return fields if run.stopped_by is None else {**fields, **_by(run.stopped_by, "stopped_by")}


def _result(attempt: Attempt, exit_code: int) -> Fields:
    """`exit` is the code that `schedctl` shows, 124 after a timeout; then `command_exit` is that of the command."""
    end = attempt.exit
    fields: Fields = {"outcome": str(attempt.outcome)}
    if not end.lost:
        fields["exit"] = exit_code
        if exit_code != end.code:
            fields["command_exit"] = end.code
    fields["duration"] = round(attempt.duration, 3)
    if attempt.cause is not None:
        fields["cause"] = attempt.cause
    if end.max_rss is not None:
        fields["max_rss"] = end.max_rss
    if end.cpu_seconds is not None:
        fields["cpu"] = round(end.cpu_seconds, 3)
    if end.notes:
        fields["notes"] = list(end.notes)
    return fields


def _skipped(decision: Decision) -> Fields:
    fields: Fields = {"job": decision.job, "reason": decision.word}
    if decision.run_id is not None:
        fields["run"] = decision.run_id
    fields |= {**_arguments(decision.arguments), **_by(decision.by), **_by(decision.stopped_by, "stopped_by")}
    if decision.note is not None:
        fields["note"] = decision.note
    if decision.count == 1:
        return {**fields, "scheduled_at": rfc3339(decision.last)}
    count = f"more than {decision.count}" if decision.more else decision.count
    return {**fields, "count": count, "first": rfc3339(decision.first), "last": rfc3339(decision.last)}
