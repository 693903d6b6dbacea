"""A notice in words: one sentence, a text, a document for programs, and variables for a command."""

from __future__ import annotations

import socket
from typing import Any

import msgspec

from scheduler.clock import rfc3339
from scheduler.model.run import Attempt, Outcome, Run
from scheduler.report.notify.alarms import FLAPPING, FLAPS
from scheduler.report.notify.notification import Alarm, Notification, Topic
from scheduler.schedule import format_duration
from scheduler.text import printable_bytes

OUTPUT_SHOWN = 1_500
"""Characters of output in a chat; Discord takes 2,000 in all."""


def headline(notice: Notification) -> str:
    """What happened, in one sentence on one line."""
    said = f"{notice.job.name} {_predicate(notice)}"
    return f"{'[test] ' if notice.specimen else ''}{' '.join(said.split())}"


def reason(notice: Notification) -> str:
    """Why: how the run ended, or what kept a slot from running. Empty when there is nothing to add."""
    if notice.skipped is not None:
        return notice.skipped.reason.value
    if notice.run is not None and notice.topic is not Topic.RECOVERY:
        return _ending(notice.run)
    return "overdue" if notice.alarm is Alarm.OVERDUE else ""


def output(notice: Notification) -> str:
    """The run's latest output, safe to show."""
    return printable_bytes(notice.output).decode()


def text(notice: Notification, *, longest: int) -> str:
    """All that a person wants to know, `longest` characters of output at most."""
    facts = [headline(notice), ""]
    if notice.job.description:
        facts.append(f"Job: {notice.job.name}, {notice.job.description}")
    facts.append(f"At: {rfc3339(notice.at)} on {socket.gethostname()}")
    if notice.run is not None:
        facts.append(f"Run: {notice.run.id}, due at {rfc3339(notice.run.scheduled_at)}")
        facts += [f"Note: {note}" for note in notice.run.attempts[-1].exit.notes]
    shown = output(notice)[-longest:].strip("\n")
    if shown:
        facts += ["", "Its latest output:", "", shown]
    return "\n".join(facts) + "\n"


def document(notice: Notification) -> bytes:
    """Everything, as JSON. Keys without a meaning for this notice are null."""
    skipped = notice.skipped
    said: dict[str, Any] = {
        "event": notice.topic.value,
        "alarm": notice.alarm,
        "reminder": notice.reminder,
        "test": notice.specimen,
        "job": notice.job.name,
        "description": notice.job.description,
        "host": socket.gethostname(),
        "at": rfc3339(notice.at),
        "message": headline(notice),
        "reason": reason(notice),
        "failures": notice.failures,
        "since": None if notice.since is None else rfc3339(notice.since),
        "lasted": round(notice.lasted, 3),
        "run": None if notice.run is None else _run(notice.run),
        "slot": None if skipped is None else rfc3339(skipped.last),
        "output": notice.output.decode(errors="replace"),
    }
    return msgspec.json.encode(said)


def variables(notice: Notification) -> dict[str, str]:
    """What a command finds in its environment, besides what a run of the job does."""
    said = {
        "SCHED_EVENT": notice.topic.value,
        "SCHED_MESSAGE": headline(notice),
        "SCHED_REASON": reason(notice),
        "SCHED_FAILURES": str(notice.failures),
    }
    if notice.alarm is not None:
        said["SCHED_ALARM"] = notice.alarm.value
    if notice.run is not None:
        said["SCHED_OUTCOME"] = str(notice.run.outcome)
        said["SCHED_EXIT"] = str(notice.run.exit_code)
        said["SCHED_DURATION"] = f"{notice.run.duration or 0.0:.3f}"
    return said


def _predicate(notice: Notification) -> str:
    match notice.topic:
        case Topic.FAILURE:
            return _alarm(notice)
        case Topic.RECOVERY if notice.failures:
            return f"is well again after {_runs(notice.failures)} in {_span(notice.lasted)}"
        case Topic.RECOVERY:
            return f"has succeeded again, after {_span(notice.lasted)}"
        case Topic.SKIP if notice.skipped is not None:
            return f"did not run at {rfc3339(notice.skipped.last)}: {notice.skipped.reason.value}"
        case Topic.STARTED:
            return "started"
    return "has nothing to tell" if notice.run is None else _result(notice.run)


def _alarm(notice: Notification) -> str:
    if notice.alarm is Alarm.OVERDUE:
        return f"has not succeeded for {_span(notice.job.expect_success_within or notice.lasted)}"
    if notice.alarm is Alarm.FLAPPING:
        often = f"it has begun to fail {FLAPS} times within {_span(FLAPPING)}"
        return (
            f"still flaps: {_runs(notice.failures)} in {_span(notice.lasted)}" if notice.reminder else f"flaps: {often}"
        )
    if notice.reminder:
        return f"still fails: {_runs(notice.failures)} in {_span(notice.lasted)}"
    more = "" if notice.failures < 2 else f", as did {_runs(notice.failures - 1)} before"
    return "fails" if notice.run is None else f"{_result(notice.run)}{more}"


def _result(run: Run) -> str:
    took = _span(run.duration or 0.0)
    tried = "" if len(run.attempts) < 2 else f" in {len(run.attempts)} attempts"
    match run.outcome:
        case Outcome.SUCCEEDED:
            return f"succeeded in {took}"
        case Outcome.NOT_STARTED | Outcome.TIMED_OUT:
            return f"{_ending(run)}{tried}"
    return f"failed{tried} after {took}: {_ending(run)}"


def _ending(run: Run) -> str:
    last = run.attempts[-1]
    match run.outcome:
        case Outcome.NOT_STARTED:
            return f"could not be started: {last.cause}"
        case Outcome.TIMED_OUT:
            return f"timed out after {_span(last.duration)}"
    return f"exit {last.exit.code}"


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "trigger": run.trigger.value,
        "scheduled_at": rfc3339(run.scheduled_at),
        "started_at": rfc3339(run.started_at),
        "finished_at": None if run.finished_at is None else rfc3339(run.finished_at),
        "outcome": run.outcome,
        "exit_code": run.exit_code if run.attempts else None,
        "duration": None if run.duration is None else round(run.duration, 3),
        "attempts": [_attempt(attempt) for attempt in run.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "outcome": attempt.outcome.value,
        "exit_code": attempt.exit.code,
        "duration": round(attempt.duration, 3),
        "cause": attempt.cause,
        "notes": attempt.exit.notes,
    }


def _runs(count: int) -> str:
    return "1 failed run" if count == 1 else f"{count} failed runs"


def _span(seconds: float) -> str:
    """To the second, and more exactly where it is short."""
    return format_duration(round(seconds, 3 if seconds < 1 else 1 if seconds < 10 else 0))
