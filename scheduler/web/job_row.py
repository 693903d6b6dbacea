"""One row of the table of jobs."""

from __future__ import annotations

from datetime import datetime

import msgspec
from markupsafe import Markup

from scheduler.model.run import Outcome, Run
from scheduler.schedule import describe
from scheduler.web import strip as strips
from scheduler.web.board import Board, JobFacts
from scheduler.web.words import Moment, ending, span, until_text


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row."""

    name: str
    state: str
    mark: str
    hot: bool
    detail: str
    text: str
    schedule: str
    words: str
    zone: str
    next_at: datetime | None
    last: Markup
    duration: str
    strip: Markup | None
    paused: bool
    accepts: bool
    stoppable: bool
    grace: str


def searched(facts: JobFacts) -> str:
    """The text in which the filter looks."""
    job = facts.job
    schedule = "manual" if job.schedule is None else job.schedule.text
    return f"{job.name} {job.description} {schedule}".lower()


def row(board: Board, facts: JobFacts, moment: Moment, *, with_strip: bool = True) -> Row:
    """One row."""
    job = facts.job
    zone = job.timezone.key if job.schedule is not None and job.timezone != moment.zone else ""
    last = facts.state.last
    longest = last.duration if last is not None and not facts.state.live else None
    drawn = strips.places(facts.runs, facts.state.live, facts.decisions, moment.now) if with_strip else []
    return Row(
        name=job.name,
        state=facts.shown_word,
        mark=facts.mark,
        hot=facts.failures > 0,
        detail=_detail(facts),
        text=searched(facts),
        schedule="" if job.schedule is None else job.schedule.text,
        words="" if job.schedule is None else describe(job.schedule) or "",
        zone=zone,
        next_at=facts.next_at,
        last=_last(board, facts, moment),
        duration="" if longest is None else span(longest),
        strip=(strips.strip(drawn) if drawn else Markup("")) if with_strip else None,
        paused=facts.pause is not None,
        accepts=bool(job.accepts),
        stoppable=bool(facts.live),
        grace=span(job.stop_grace),
    )


def _detail(facts: JobFacts) -> str:
    text = facts.job.description
    for run in facts.state.live:
        if run.attempts:
            attempts = facts.job.retry.times + 1
            return f"{text}, attempt {len(run.attempts) + 1} of {attempts}".removeprefix(", ")
    if len(facts.state.live) > 1:
        return f"{text}, {len(facts.state.live)} runs".removeprefix(", ")
    return text


def _last(board: Board, facts: JobFacts, moment: Moment) -> Markup:
    """The cell of the last run: what it does now, else how the last run ended; then the pause."""
    found = _last_run(board, facts, moment)
    if facts.pause is None:
        return found
    note = f": {facts.pause.note}" if facts.pause.note else ""
    return found + Markup("<small>paused {}{}</small>").format(until_text(facts.pause, moment), note)


def _last_run(board: Board, facts: JobFacts, moment: Moment) -> Markup:
    if facts.state.live:
        return _running(board, facts, moment)
    if (waiting := facts.waiting) is not None:
        text = Markup("waiting for {}").format(moment.since(waiting.scheduled_at))
        return text + Markup("<small>{}</small>").format(waits_for(board, facts))
    last = facts.state.last
    if last is None:
        return Markup('<span class="m">no runs yet</span>')
    why = ending(last) or (f"by {last.by.text}" if last.by is not None else "")
    started = f"started {moment.clock(last.started_at)}"
    return _ended(last, moment) + Markup("<small>{}</small>").format(f"{started}, {why}" if why else started)


def _running(board: Board, facts: JobFacts, moment: Moment) -> Markup:
    run = facts.state.live[0]
    retry = facts.state.retry_at
    if facts.word == "retrying" and retry is not None:
        failed = run.attempts[-1].outcome.value if run.attempts else "failed"
        is_held = facts.waiting is not None and retry <= moment.now
        coming = f"waiting for {waits_for(board, facts)}" if is_held else f"next attempt {moment.rel(retry)}"
        return Markup("attempt {} {}<small>{}</small>").format(len(run.attempts), failed, coming)
    if facts.state.usual_duration is None:
        return Markup("running for {}").format(moment.since(run.started_at))
    elapsed = max(0, round((moment.now - run.started_at).total_seconds()))
    usual = max(1, round(facts.state.usual_duration))
    return Markup(
        '{} of about {}<small><progress max="{}" value="{}" data-from="{}" '
        'aria-label="{}, elapsed of the usual duration"></progress></small>'
    ).format(
        moment.since(run.started_at),
        span(facts.state.usual_duration),
        usual,
        min(elapsed, usual),
        moment.iso(run.started_at),
        facts.job.name,
    )


def _ended(run: Run, moment: Moment) -> Markup:
    outcome = "" if run.outcome is None else run.outcome.value
    finished = run.finished_at or run.started_at
    mark = {Outcome.SUCCEEDED: "succeeded", Outcome.STOPPED: "none"}.get(run.outcome or Outcome.FAILED, "failed bad")
    return Markup('<span class="st {}">{} {}</span>').format(mark, outcome, moment.rel(finished))


def waits_for(board: Board, facts: JobFacts) -> str:
    """`lock warehouse, held by import-orders`."""
    gate = facts.waiting.gate.waited_for if facts.waiting is not None and facts.waiting.gate is not None else ""
    if gate == "lock" and facts.job.lock is not None:
        holders = board.lock_holders(facts.job.lock)
        held = f", held by {', '.join(holders[:3])}" if holders else ""
        return f"lock {facts.job.lock}{held}"
    if gate == "overlap":
        return "overlap: the run before it"
    return "capacity: max_running is reached" if gate == "capacity" else gate
