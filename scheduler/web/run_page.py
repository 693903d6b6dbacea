"""The page `/runs/ID`: one run, its attempts and its output."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup

from scheduler.engine.live_run import LiveState, Phase
from scheduler.launch.output import TAIL, Chunk
from scheduler.model.job import Job
from scheduler.model.run import Attempt, Outcome, Run
from scheduler.web.job_page import mark_of, usage
from scheduler.web.output_lines import lines_of, missed_of
from scheduler.web.words import Moment, attempt_ending, ending, plural, size, span

STREAMS = ("all", "stdout", "stderr")


def context(
    job: Job | None, run: Run, live: LiveState | None, chunks: tuple[Chunk, ...], given: Mapping[str, str],
    moment: Moment, usual: float | None,
) -> dict[str, Any]:  # fmt: skip
    """Everything the template needs. `job` is None when the file no longer has it."""
    wanted = given.get("stream", "all") if given.get("stream") in STREAMS else "all"
    mark, bad = mark_of(run)
    lines = lines_of(chunks, wanted)
    errors = sum(line.error for line in (lines if wanted == "all" else lines_of(chunks)))
    missed = missed_of(chunks)
    stored = sum(len(chunk.data) for chunk in chunks)
    retrying = live is not None and live.phase is Phase.RETRYING
    return {
        "run": {
            "id": run.id,
            "job": run.job,
            "live": live is not None,
            "outcome": "retrying" if retrying else "running" if run.outcome is None else run.outcome.value,
            "mark": "waiting" if retrying else mark,
            "bad": bad,
            "grace": span(job.stop_grace if job is not None else 10),
            "note": _requested(run),
            "at": moment.typed(run.scheduled_at) if run.trigger.value != "manual" else "",
        },
        "facts": _facts(job, run, live, moment, usual),
        "limits": _limits(job),
        "attempts": [_attempt(each) for each in run.attempts] + _current(run, live, moment),
        "stream": wanted,
        "follow": given.get("follow") == "1",
        "refresh_to": 2 if live is not None and given.get("follow") == "1" else None,
        "lines": lines,
        "errors": errors,
        "missed": f"{size(missed)} before this are no longer kept." if missed else "",
        "amount": f"{plural(len(lines), 'line')}, {size(stored)} · the last {size(TAIL)} of a run are kept"
        if lines
        else _no_output(wanted if stored else "all", live),
    }


def _no_output(stream: str, live: LiveState | None) -> str:
    on = "" if stream == "all" else f" on {stream}"
    return f"No output{on}." if live is None else f"No output{on} yet."


def _requested(run: Run) -> str:
    """Who requested it, and with which arguments."""
    by = "" if run.by is None else f"Requested by {run.by.text}"
    given = "" if run.arguments is None else f"with {run.arguments.text}"
    return f"{' '.join(part for part in (by, given) if part)}." if by or given else ""


def _facts(
    job: Job | None, run: Run, live: LiveState | None, moment: Moment, usual: float | None
) -> list[tuple[str, Markup | str, Markup | str]]:
    of = "" if usual is None else f"of about {span(usual)}"
    found: list[tuple[str, Markup | str, Markup | str]] = []
    if run.outcome is None:
        progress: Markup | str = of
        if usual is not None:
            progress = Markup(
                '{}<progress max="{}" value="{}" data-from="{}" aria-label="Elapsed of the usual duration"></progress>'
            ).format(of, max(1, round(usual)), round(_elapsed(run, moment)), moment.iso(run.started_at))
        found.append(("Running for", moment.since(run.started_at), progress))
    else:
        usually = "" if usual is None else f"usually {span(usual)}"
        found.append(("Duration", span(run.duration or 0.0), usually))
        why = ending(run)
        found.append(("Finished", moment.rel(run.finished_at or run.started_at), why or run.outcome.value))
    late = f", {span(run.lateness)} late" if run.trigger.value == "schedule" else ""
    when = "requested at" if run.trigger.value == "manual" else "scheduled time"
    found.append(("Trigger", run.trigger.value, f"{when} {moment.clock(run.scheduled_at, zone=True)}{late}"))
    number = len(run.attempts) + (1 if live is not None and live.phase is not Phase.RETRYING else 0)
    most = 1 if job is None else job.retry.times + 1
    found.append(("Attempt", f"{number} of {most}" if most > 1 else str(number), _retries(job)))
    cpu, memory = usage(run)
    if cpu is not None:
        found.append(("CPU", span(cpu), "" if not run.duration else f"{100 * cpu / run.duration:.0f} % of one core"))
    if memory is not None:
        limit = None if job is None else job.process.memory_limit
        found.append(("Peak memory", size(memory), "" if limit is None else f"of {size(limit)}"))
    return found


def _elapsed(run: Run, moment: Moment) -> float:
    return max(0.0, (moment.now - run.started_at).total_seconds())


def _retries(job: Job | None) -> str:
    if job is None or not job.retry.times:
        return "no retries"
    retry = job.retry
    return f"retry: {retry.times}, delay {span(retry.delay)}, factor {retry.factor:g}"


def _limits(job: Job | None) -> str:
    if job is None:
        return "the file no longer has this job"
    timeout = "no timeout" if job.timeout is None else f"timeout {span(job.timeout)} per attempt"
    return timeout if job.lock is None else f"{timeout} · lock {job.lock}"


def _attempt(attempt: Attempt) -> dict[str, Any]:
    failed = attempt.outcome.is_failure
    why = attempt_ending(attempt)
    return {
        "number": attempt.number,
        "started_at": attempt.started_at,
        "duration": span(attempt.duration),
        "cpu": "–" if attempt.exit.cpu_seconds is None else span(attempt.exit.cpu_seconds),
        "memory": "–" if attempt.exit.max_rss is None else size(attempt.exit.max_rss),
        "mark": "failed" if failed else "succeeded" if attempt.outcome is Outcome.SUCCEEDED else "none",
        "bad": failed,
        "outcome": attempt.outcome.value,
        "why": why,
        "notes": [note for note in attempt.exit.notes if note not in why],
    }


def _current(run: Run, live: LiveState | None, moment: Moment) -> list[dict[str, Any]]:
    """The current attempt."""
    if live is None or live.phase is not Phase.RUNNING:
        return []
    started: datetime = run.started_at
    if run.attempts and live.retry_at is not None:
        started = live.retry_at
    elif run.attempts:
        last = run.attempts[-1]
        started = last.started_at + timedelta(seconds=last.duration)
    return [
        {
            "number": len(run.attempts) + 1,
            "started_at": started,
            "duration": moment.since(started),
            "cpu": "–",
            "memory": "–",
            "mark": "running",
            "bad": False,
            "outcome": "running",
            "why": "",
            "notes": [],
        }
    ]
