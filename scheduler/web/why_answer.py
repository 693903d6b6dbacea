"""The answer under `Why?` on the page of a job: for a typed time, or for what the job did last."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from scheduler.api.handlers import answer
from scheduler.api.service import Service
from scheduler.errors import RefusedError, UsageError
from scheduler.model.run import Run
from scheduler.web.board import Board, JobFacts
from scheduler.web.form_times import typed_instant
from scheduler.web.output_lines import last_lines
from scheduler.web.words import Moment, ending, span
from scheduler.wire.operations import WHY
from scheduler.wire.times import REASONS, Why, WhyView

LINES = 5
"""Number of lines of the output of a failed run in an answer."""


def why_answer(service: Service, board: Board, facts: JobFacts, text: str, moment: Moment) -> dict[str, Any]:
    """The answer for a typed time; for an empty text, that of `schedctl why JOB` without a time."""
    asked = " ".join(text.split())[:60]
    found = _asked(service, facts, asked, moment.now)
    run = _failed_run(board, facts, found, asked)
    if asked and found.at is not None and re.fullmatch(r"[\d-]+T\S+", asked):
        asked = moment.typed(found.at)  # the link of a skipped run
    answered = explained(found, facts, moment)
    is_explained = run is not None and found.entry is not None and found.entry.run_id == run.id
    if run is not None and not is_explained and ": " in (why := ending(run)):
        answered["sentences"].insert(1, f"{why[:1].upper()}{why[1:]}.")
    return answered | {
        "asked": asked,
        "failed": "" if run is None else run.id,
        "lines": [] if run is None else last_lines(board.output(run), LINES),
    }


def _asked(service: Service, facts: JobFacts, text: str, now: datetime) -> WhyView:
    job = facts.job
    try:
        at = typed_instant(text, now, job.timezone) if text else None
        found = answer(service, WHY, Why(job=job.name, at=at))
    except (UsageError, RefusedError) as error:
        return WhyView(job=job.name, timezone=job.timezone.key, sentences=(str(error),))
    assert isinstance(found, WhyView), "why answers with a view"  # noqa: S101
    return found


def _failed_run(board: Board, facts: JobFacts, found: WhyView, asked: str) -> Run | None:
    """The failed run of the answer; where no time was given, the last run of a failing job."""
    if found.entry is not None and found.entry.run is not None:
        run = board.run(found.entry.run.id)[0]
        if run is not None and run.outcome is not None and run.outcome.is_failure:
            return run
    return facts.state.last if facts.failures and not asked else None


def explained(answer: WhyView, facts: JobFacts, moment: Moment) -> dict[str, Any]:
    """The answer of `why`, the gates it passed, and links to the nearest scheduled times."""
    entry = answer.entry
    links = []
    if entry is not None and entry.run is not None:
        links.append((f"Run {entry.run.id}", f"/runs/{entry.run.id}"))
    sentences = [re.sub(r"`([^`]*)`", r"\1", sentence) for sentence in answer.sentences]
    if (other := _overlapped(answer, facts)) is not None:
        took = f", and took {span(other.duration)}" if other.duration is not None else ", and is still running"
        sentences.insert(1, f"That previous run started at {moment.seconds(other.started_at)}{took}.")
        links.append((f"Previous run {other.id}", f"/runs/{other.id}"))
    kind = ""
    if entry is not None:
        run = entry.run
        kind = "skip" if run is None else "ran" if run.outcome in (None, "succeeded") else "fail"
    return {"sentences": sentences, "kind": kind, "gates": list(_gates(answer, facts)), "links": links}


def _overlapped(answer: WhyView, facts: JobFacts) -> Run | None:
    """The run that was in progress when overlap skipped the scheduled time."""
    entry, at = answer.entry, answer.at
    if entry is None or at is None or entry.reason != "overlap":
        return None
    runs = (run for run in (*facts.state.live, *reversed(facts.runs)) if run.started_at <= at)
    return next((run for run in runs if run.finished_at is None or run.finished_at >= at), None)


_GATES = ("paused", "late", "overlap", "condition", "lock", "capacity")


def _gates(answer: WhyView, facts: JobFacts) -> Iterator[tuple[str, str, str]]:
    """The steps of a scheduled time up to the one that skipped it."""
    if answer.is_scheduled is None or answer.at is None:
        return
    if not answer.is_scheduled:
        yield "skipped", "Schedule", "not a scheduled time"
        return
    yield "succeeded", "Schedule", "a scheduled time"
    if answer.entry is None:
        return
    reason = answer.entry.reason
    names = {
        "paused": ("Pause", "not paused at that time"),
        "late": ("Deadline", "not later than start_deadline"),
        "overlap": ("Overlap", f"no other run of {facts.job.name}"),
        "condition": ("Condition", "run_if allowed it" if facts.job.run_if else "no run_if"),
        "lock": ("Lock", f"{facts.job.lock} was free" if facts.job.lock else "needs none"),
        "capacity": ("Capacity", "below max_running"),
    }
    reached = True
    for gate, (name, passed) in names.items():
        if gate == reason:
            yield "skipped", name, REASONS[gate]
            reached = False
        elif reached and (reason is None or reason in _GATES):
            yield "succeeded", name, passed
        elif reason in _GATES:
            yield "none", name, "not checked any more"
