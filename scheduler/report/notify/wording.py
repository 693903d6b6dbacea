"""A notification in words: a sentence, a text for people, a JSON document, and variables for a command."""

from __future__ import annotations

import socket
from datetime import datetime
from typing import Any

import msgspec

from scheduler.clock import rfc3339
from scheduler.model.job import Job
from scheduler.model.run import Attempt, Decision, Outcome, Run
from scheduler.report.notify.alarms import FLAPPING, FLAPS
from scheduler.report.notify.notification import Alarm, Notification, Topic
from scheduler.schedule import format_duration
from scheduler.text import plural, printable_bytes
from scheduler.wire.times import REASONS

OUTPUT_SHOWN = 1_500
"""Characters of output in a chat; Discord takes 2,000 in all."""


def headline(notification: Notification) -> str:
    """The event in one sentence on one line."""
    sentence = f"Job {notification.job.name} {_predicate(notification)}"
    return f"{'[test] ' if notification.test else ''}{' '.join(sentence.split())}"


def reason(notification: Notification) -> str:
    """How the run ended, or why it was skipped; empty where the sentence has no more to say."""
    if notification.skipped is not None:
        return notification.skipped.word
    if notification.topic is Topic.SLOW:
        return "slow"
    if notification.run is not None and notification.topic is not Topic.RECOVERY:
        return _ending(notification.run)
    return "overdue" if notification.alarm is Alarm.OVERDUE else ""


def output(notification: Notification) -> str:
    """The run's latest output, safe to print."""
    return printable_bytes(notification.output).decode()


def text(notification: Notification, *, longest: int) -> str:
    """A text for people, with at most `longest` characters of output."""
    job, run = notification.job, notification.run
    lines = [headline(notification), ""]
    if job.description:
        lines.append(f"Job: {job.name}, {job.description}")
    lines.append(f"Host: {socket.gethostname()}")
    lines.append(f"Time: {_local(notification.at, job)}")
    if run is not None:
        lines.append(f"Run: {run.id}, scheduled at {_local(run.scheduled_at, job)}")
        lines += [f"Worker: {run.worker}"] if run.worker else []
        lines += [f"Note: {note}" for attempt in run.attempts[-1:] for note in attempt.exit.notes]
    shown = output(notification)[-longest:].strip("\n")
    if shown:
        lines += ["", "Last output:", "", shown]
    return "\n".join(lines) + "\n"


def document(notification: Notification) -> bytes:
    """Everything, as JSON. Keys that do not apply are null."""
    skipped = notification.skipped
    fields: dict[str, Any] = {
        "event": notification.topic.value,
        "alarm": notification.alarm,
        "reminder": notification.reminder,
        "test": notification.test,
        "job": notification.job.name,
        "description": notification.job.description,
        "host": socket.gethostname(),
        "at": rfc3339(notification.at),
        "message": headline(notification),
        "reason": reason(notification),
        "failures": notification.failures,
        "since": None if notification.since is None else rfc3339(notification.since),
        "lasted": round(notification.lasted, 3),
        "run": None if notification.run is None else _run(notification.run),
        "scheduled_at": None if skipped is None else rfc3339(skipped.last),
        "missed_at": None if notification.missed is None else rfc3339(notification.missed),
        "output": notification.output.decode(errors="replace"),
    }
    return msgspec.json.encode(fields)


def variables(notification: Notification) -> dict[str, str]:
    """The variables of a command, in addition to those of a run."""
    values = {
        "SCHED_EVENT": notification.topic.value,
        "SCHED_MESSAGE": headline(notification),
        "SCHED_REASON": reason(notification),
        "SCHED_FAILURES": str(notification.failures),
    }
    if notification.alarm is not None:
        values["SCHED_ALARM"] = notification.alarm.value
    if notification.run is not None and notification.run.outcome is not None:
        values["SCHED_OUTCOME"] = str(notification.run.outcome)
        values["SCHED_EXIT"] = str(notification.run.exit_code)
        values["SCHED_DURATION"] = f"{notification.run.duration or 0.0:.3f}"
    return values


def _predicate(notification: Notification) -> str:
    match notification.topic:
        case Topic.FAILURE:
            return _alarm(notification)
        case Topic.RECOVERY if notification.failures:
            return f"recovered after {_runs(notification.failures)} in {_span(notification.lasted)}"
        case Topic.RECOVERY:
            return f"succeeded again after {_span(notification.lasted)}"
        case Topic.SKIP if notification.skipped is not None:
            return _skip(notification.skipped, notification.job)
        case Topic.SLOW:
            return f"is slow: it has been running for {_span(notification.lasted)}"
        case Topic.STARTED:
            return "started"
    return "has nothing to report" if notification.run is None else _result(notification.run)


def _alarm(notification: Notification) -> str:
    lasted, failures = _span(notification.lasted), _runs(notification.failures)
    if notification.alarm is Alarm.OVERDUE:
        return _overdue(notification)
    if notification.alarm is Alarm.FLAPPING:
        if notification.reminder:
            return f"still fails and recovers in turn: {failures} in {lasted}"
        return f"fails and recovers in turn: it began to fail {FLAPS} times within {_span(FLAPPING)}"
    if notification.reminder:
        return f"still fails: {failures} in {lasted}"
    if notification.skipped is not None:
        return _skip(notification.skipped, notification.job)
    if notification.run is None:
        return "fails"
    before = notification.failures - 1
    more = "" if before < 1 else " (as did the run before it)" if before == 1 else f" (as did {before} runs before it)"
    return f"{_result(notification.run)}{more}"


def _overdue(notification: Notification) -> str:
    job, still = notification.job, "still " if notification.reminder else ""
    span = notification.lasted if notification.reminder else job.expect_success_within or notification.lasted
    missed = notification.missed
    note = "" if missed is None else f"; this schedd was not running at its scheduled time {_local(missed, job)}"
    return f"{still}has not succeeded for {_span(span)}{note}"


def _skip(skipped: Decision, job: Job) -> str:
    return f"did not run at {_local(skipped.last, job)}: {REASONS.get(skipped.word, skipped.word)}"


def _result(run: Run) -> str:
    took = _span(run.duration or 0.0)
    attempts = "" if len(run.attempts) < 2 else f" in {len(run.attempts)} attempts"
    match run.outcome:
        case Outcome.SUCCEEDED:
            return f"succeeded in {took}"
        case Outcome.NOT_STARTED:
            return f"could not be started{attempts}: {run.attempts[-1].cause}"
        case Outcome.TIMED_OUT:
            return f"{_ending(run)}{attempts}"
    return f"{'was lost' if run.outcome is Outcome.LOST else 'failed'}{attempts} after {took}: {_ending(run)}"


def _ending(run: Run) -> str:
    last = run.attempts[-1]
    match run.outcome:
        case Outcome.NOT_STARTED:
            return f"could not be started: {last.cause}"
        case Outcome.TIMED_OUT:
            return f"timed out after {_span(last.duration)}"
        case Outcome.LOST if last.exit.notes:
            return last.exit.notes[-1]
    return f"exit code {last.exit.code}"


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
        "worker": run.worker,
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
    return plural(count, "failed run")


def _local(moment: datetime, job: Job) -> str:
    """An instant in the job's zone: `2026-06-01 14:00:00 CEST`."""
    return moment.astimezone(job.timezone).strftime("%Y-%m-%d %H:%M:%S %Z")


def _span(seconds: float) -> str:
    """To the second, and more exactly where it is short."""
    return format_duration(round(seconds, 3 if seconds < 1 else 1 if seconds < 10 else 0))
