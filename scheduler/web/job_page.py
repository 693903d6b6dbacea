"""The page `/jobs/NAME`: one job in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
from markupsafe import Markup

from scheduler.api.setting_words import in_words
from scheduler.model.run import Decision, Outcome, Run
from scheduler.schedule import describe, dst_note, find_pitfalls
from scheduler.web import strip
from scheduler.web.alerts import failing_alert
from scheduler.web.board import Board, JobFacts, skips_of
from scheduler.web.words import Moment, ending, plural, size, span, until_text
from scheduler.wire.jobs import JobDetails
from scheduler.wire.times import skipped_text

RUNS_AT_FIRST = 10
SKIPS = 20
WAITING = 20
COMING = 10

_RECIPIENTS = (
    "on_failure",
    "on_recovery",
    "on_success",
    "on_skip",
    "on_slow",
    "slow_after",
    "notify_after",
    "remind",
    "expect_success_within",
    "ping",
    "sentry",
)
_BESIDE = ("description", "schedule", "timezone", *_RECIPIENTS)


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run as the history shows it."""

    id: str
    scheduled_at: datetime
    outcome: str
    mark: str
    bad: bool
    why: str
    duration: str
    trigger: str
    by: str
    late: str
    cpu: str
    memory: str


def mark_of(run: Run) -> tuple[str, bool]:
    """The CSS class of a run's symbol, and whether it failed."""
    if run.outcome is None:
        return "running", False
    if run.outcome is Outcome.SUCCEEDED:
        return "succeeded", False
    return ("failed", True) if run.outcome.is_failure else ("none", False)


def run_row(run: Run, moment: Moment) -> RunRow:
    """A run, live or finished."""
    mark, bad = mark_of(run)
    cpu, memory = usage(run)
    attempts = f"after {len(run.attempts)} attempts" if len(run.attempts) > 1 else ""
    given = "" if run.arguments is None else f"with {run.arguments.text}"
    elapsed = run.duration if run.duration is not None else (moment.now - run.started_at).total_seconds()
    return RunRow(
        id=run.id,
        scheduled_at=run.scheduled_at,
        outcome="running" if run.outcome is None else run.outcome.value,
        mark=mark,
        bad=bad,
        why=", ".join(part for part in (_ending(run), attempts, given) if part),
        duration=span(elapsed),
        trigger=run.trigger.value,
        by="" if run.by is None else run.by.text,
        late=span(run.lateness) if run.trigger.value == "schedule" else "–",
        cpu="–" if cpu is None else span(cpu),
        memory="–" if memory is None else size(memory),
    )


def _ending(run: Run) -> str:
    if run.outcome is not None:
        return ending(run)
    if run.worker is not None:
        return f"on {run.worker}"
    return "left by an earlier schedd" if run.earlier else ""


def usage(run: Run) -> tuple[float | None, int | None]:
    """CPU seconds of all attempts, and the peak memory of any."""
    cpu = [each.exit.cpu_seconds for each in run.attempts if each.exit.cpu_seconds is not None]
    memory = [each.exit.max_rss for each in run.attempts if each.exit.max_rss is not None]
    return sum(cpu) if cpu else None, max(memory, default=None)


def is_often(facts: JobFacts) -> bool:
    """Whether its scheduled times have seconds."""
    return any(each["at"].second for each in islice(_coming(facts), COMING))


def context(
    board: Board,
    facts: JobFacts,
    details: JobDetails,
    given: Mapping[str, str],
    moment: Moment,
    answer: dict[str, Any],
    missed: datetime | None,
) -> dict[str, Any]:
    """The values of the template."""
    job = facts.job
    everything = [*facts.runs, *facts.state.live]
    shown = everything if given.get("history") == "all" else everything[-RUNS_AT_FIRST:]
    drawn = strip.places(facts.runs, facts.state.live, facts.decisions, moment.now, 20)
    schedule = job.schedule
    settings = [(key, in_words(key, value), details.origins.get(key, "")) for key, value in details.definition.items()]
    return {
        "job": _heading(board, facts, moment),
        "waiting": _waiting(facts),
        "opened": given.get("open", ""),
        "accepts": job.accepts,
        "enabled": job.enabled,
        "facts": _facts(facts, moment),
        "chart": strip.chart(drawn, facts.state.usual_duration, moment) if drawn else "",
        "shown": len(drawn),
        "runs": [run_row(run, moment) for run in reversed(shown)],
        "older": len(everything) > len(shown),
        "skips": [
            *(skip_row(decision, moment) for decision in islice(skips_of(facts), SKIPS)),
            *([] if missed is None else [MISSED | {"last": missed}]),
        ],
        "recipients": [row for row in settings if row[0] in _RECIPIENTS],
        "settings": [row for row in settings if row[0] not in _BESIDE],
        "words": None if schedule is None else _capitalized(describe(schedule)),
        "zone": job.timezone.key,
        "traps": [] if schedule is None else [each.sentence for each in find_pitfalls(schedule)],
        "coming": list(islice(_coming(facts), COMING)),
        "answer": answer,
    }


def _heading(board: Board, facts: JobFacts, moment: Moment) -> dict[str, Any]:
    """The top of the page: name and state, and what its buttons need."""
    job, usual = facts.job, facts.state.usual_duration
    return {
        "name": job.name,
        "description": job.description,
        "state": facts.shown_word,
        "mark": facts.mark,
        "paused": facts.pause is not None,
        "stoppable": bool(facts.live),
        "waiting": facts.state.waiting_runs,
        "grace": span(job.stop_grace),
        "schedule": "" if job.schedule is None else job.schedule.text,
        "usual": "" if usual is None else span(usual),
        "alert": failing_alert(facts, moment, board) if facts.failures else None,
    }


def _waiting(facts: JobFacts) -> list[dict[str, Any]]:
    """Runs at a gate, then those that were requested for a later time."""
    found = [
        {"id": each.run_id, "at": each.scheduled_at, "gate": each.gate.waited_for, "detail": ""}
        for each in facts.live
        if each.gate is not None
    ]
    for later in facts.state.requested:
        request = later.request
        detail = [] if request.by is None else [f"requested by {request.by.text}"]
        detail += [] if request.arguments is None else [request.arguments.text]
        found.append({"id": later.run_id, "at": later.at, "gate": "requested", "detail": ", ".join(detail)})
    return found[:WAITING]


def _facts(facts: JobFacts, moment: Moment) -> list[tuple[str, Markup | str, Markup | str]]:
    last = facts.state.last
    durations = sorted(
        run.duration for run in facts.runs if run.outcome is Outcome.SUCCEEDED and run.duration is not None
    )
    outcomes = Counter(run.outcome.value for run in facts.runs if run.outcome is not None)
    most = outcomes.most_common(1)
    found: list[tuple[str, Markup | str, Markup | str]] = []
    at, pause = facts.next_at, facts.pause
    if at is None:
        schedule = facts.job.schedule
        why = "only runs manually" if schedule is None else "when schedd starts" if schedule.at_start else facts.word
        found.append(("Next run", "–", f"paused {until_text(pause, moment)}" if pause is not None else why))
    else:
        more = ", after the pause" if at != facts.state.next_at else ", if run_if allows it" if facts.job.run_if else ""
        found.append(("Next run", moment.rel(at), moment.clock(at, zone=True) + more))
    if facts.state.live:
        of = "" if facts.state.usual_duration is None else f"of about {span(facts.state.usual_duration)}"
        found.append(("Running for", moment.since(facts.state.live[0].started_at), of))
    if last is None or last.outcome is None:
        found.append(("Last run", "none yet", ""))
    else:
        mark, bad = mark_of(last)
        word = Markup('<span class="st {}{}">{}</span>').format(mark, " bad" if bad else "", last.outcome.value)
        ended = Markup("{}, after {}").format(moment.rel(last.finished_at or last.started_at), span(last.duration or 0))
        found.append(("Last run", word, ended))
    if facts.state.usual_duration is not None:
        found.append(
            (
                "Usual duration",
                span(facts.state.usual_duration),
                f"median; shortest {span(durations[0])}, longest {span(durations[-1])}",
            )
        )
    if most:
        others = ", ".join(f"{count} {word}" for word, count in outcomes.items() if word != most[0][0])
        title = f"Last {plural(len(facts.runs), 'run')}" if len(facts.runs) > 1 else "Runs"
        found.append((title, f"{most[0][1]} {most[0][0]}", others or "all of them"))
    if pause is not None:
        found.append(("Paused", until_text(pause, moment), pause.note))
    return found


def skip_row(decision: Decision, moment: Moment) -> dict[str, Any]:
    """A skipped scheduled time, or several that follow each other."""
    text = skipped_text(decision.word, decision.note)
    if decision.count > 1:
        more = "more than " if decision.more else ""
        text = f"{more}{decision.count} times since {moment.clock(decision.first)}: {text}"
    return {"last": decision.last, "reason": decision.word, "mark": "skipped", "text": text}


MISSED = {"reason": "missed", "mark": "none", "text": "this schedd was not running"}


def _coming(facts: JobFacts) -> Iterator[dict[str, Any]]:
    schedule, moment = facts.job.schedule, facts.state.next_at if facts.job.enabled else None
    while schedule is not None and moment is not None:
        note = dst_note(schedule, moment)
        if facts.pause is not None and facts.pause.covers(moment):
            note = "will be skipped: paused"
        yield {"at": moment, "note": note}
        moment = schedule.next_after(moment)


def _capitalized(text: str | None) -> str | None:
    return None if text is None else text[:1].upper() + text[1:]
