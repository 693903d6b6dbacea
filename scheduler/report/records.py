"""Turns events into log records: a level, the fixed name of the event, and fields."""

from __future__ import annotations

from collections.abc import Callable
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
from scheduler.model.run import Attempt, Decision, Outcome, Reason, Run, Trigger
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


_Record = tuple[str, str, Fields] | None


def record(event: Event) -> _Record:
    """Level, name and fields of an event; None when another record has the same information.

    Scripts match on these names: they do not change.
    """
    make = _RECORDS.get(type(event))
    return None if make is None else make(event)


def _started(event: RunStarted) -> _Record:
    if event.place is None:  # `attempt finished` or `run failed to start` says so, with the cause
        return None
    fields = _scheduled(event.run)
    fields["process"] = event.place
    if event.run.earlier:
        return "warning", "run left by an earlier schedd", fields
    return "info", "run started", fields


def _attempt_finished(event: AttemptFinished) -> _Record:
    if event.retry_in is None:  # the last attempt: `run finished` has its result
        return None
    run, attempt = event.run, event.attempt
    head = {"job": run.job, "run": run.id, "attempt": attempt.number}
    return "warning", "attempt finished", {**head, **_result(attempt, attempt.exit_code), "retry_in": event.retry_in}


def _stopping(event: RunStopping) -> _Record:
    head = {"job": event.run.job, "run": event.run.id}
    return "info", "run stopping", {**head, "signal": "SIGTERM", "after": round(event.after, 3), "grace": event.grace}


def _finished(event: RunFinished) -> _Record:
    run = event.run
    if run.outcome is _NOT_STARTED:
        return "error", "run failed to start", {**_scheduled(run), **_run_result(run)}
    return _finished_level(run), "run finished", {"job": run.job, "run": run.id, **_run_result(run)}


def _skipped(event: RunSkipped) -> _Record:
    decision = event.decision
    return "info" if is_expected(decision) else "warning", "run skipped", _of_skip(decision)


def _changed(event: JobsChanged) -> _Record:
    counts = {name: len(getattr(event.changes, name)) for name in ("added", "changed", "removed", "unchanged")}
    return "info", "configuration changed", {**counts, **_by(event.by)}


def _reload_failed(event: ReloadFailed) -> _Record:
    fields = {"error": event.text, "hint": "the previous configuration stays active"}
    return "error", "reload failed", {**fields, **_by(event.by)}


def _clock_jumped(event: ClockJumped) -> _Record:
    return "warning", "clock jumped", {"by": round(event.by, 3)}


def _resumed(event: Resumed) -> _Record:
    return "info", "job resumed", {"job": event.job, **_by(event.by)}


def _shutting_down(event: Stopping) -> _Record:
    fields = {"running": event.running, "waiting": event.waiting, "timeout": event.timeout}
    return "info", "shutting down", fields


def _scheduled(run: Run) -> Fields:
    fields: Fields = {"job": run.job, "run": run.id, "trigger": str(run.trigger)}
    fields["scheduled_at"] = rfc3339(run.scheduled_at)
    if run.trigger is _SCHEDULE:
        fields["lateness"] = round(run.lateness, 3)
    if run.by is None and run.arguments is None:
        return fields
    return {**fields, **_arguments(run.arguments), **_by(run.by)}


def _waiting(event: RunWaiting | RunRequested) -> _Record:
    fields: Fields = {"job": event.job, "run": event.run_id}
    if isinstance(event, RunWaiting):
        fields["for"] = event.gate.waited_for
        fields |= {"lock": event.lock} if event.lock is not None else {}
        fields |= {"held_by": event.held_by} if event.held_by is not None else {}
    else:
        fields |= {"for": "time", "until": rfc3339(event.at)}
    return "info", "run waiting", {**fields, **_arguments(event.request.arguments), **_by(event.request.by)}


def _paused(event: Paused) -> _Record:
    pause, fields = event.pause, {"job": event.job}
    if pause.until is not None:
        fields["until"] = rfc3339(pause.until)
    if pause.note:
        fields["note"] = pause.note
    return "info", "job paused", {**fields, **_by(pause.by)}


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


def _of_skip(decision: Decision) -> Fields:
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


_RECORDS: dict[type[Event], Callable[[Any], _Record]] = {
    RunRequested: _waiting,
    RunWaiting: _waiting,
    RunStarted: _started,
    AttemptFinished: _attempt_finished,
    RunStopping: _stopping,
    RunFinished: _finished,
    RunSkipped: _skipped,
    JobsChanged: _changed,
    ReloadFailed: _reload_failed,
    Paused: _paused,
    Resumed: _resumed,
    ClockJumped: _clock_jumped,
    Stopping: _shutting_down,
}
"""By kind of event. `StandbyChanged` is missing: it is logged with who is active."""
