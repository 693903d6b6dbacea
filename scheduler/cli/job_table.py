"""The table of jobs that `list`, `pause` and `resume` print."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from scheduler.cli import terminal, times
from scheduler.cli.terminal import Cell
from scheduler.wire.jobs import JobView
from scheduler.wire.runs import RunView

HEADS = ("NAME", "SCHEDULE", "NEXT", "LAST", "STATUS")

SHRINKING = (1, 0, 3, 2)
"""Columns that are cut when the terminal is narrow; the status is never cut."""

COLOURS = {
    "running": "busy",
    "waiting": "care",
    "retrying": "care",
    "paused": "care",
    "disabled": "quiet",
    "done": "quiet",
}


def show(views: Sequence[JobView], now: datetime) -> None:
    """Print the table."""
    if not views:
        terminal.note("no jobs")
        return
    for line in lines(views, now):
        click.echo(line)


def lines(views: Sequence[JobView], now: datetime) -> list[str]:
    """The lines of the table, its header first."""
    return terminal.table(HEADS, [row(view, now) for view in views], SHRINKING)


def row(view: JobView, now: datetime) -> list[Cell]:
    """One job as a row of the table."""
    quiet = "quiet" if view.status in ("disabled", "done") else ""
    return [
        Cell(view.name, quiet),
        Cell(view.schedule or "manual", quiet),
        Cell(_next(view, now), quiet),
        last_run(view.last, now),
        status(view, now),
    ]


def last_run(run: RunView | None, now: datetime) -> Cell:
    """The outcome of a finished run, and when it finished."""
    if run is None or run.finished_at is None:
        return Cell("-", "quiet")
    when = times.relative(run.finished_at, now)
    if run.outcome == "succeeded":
        return Cell(f"succeeded {when}", "good")
    code = f" ({run.exit_code})" if run.outcome in ("failed", "not-started") else ""
    return Cell(f"{run.outcome}{code} {when}", "care" if run.outcome == "stopped" else "bad")


def _next(view: JobView, now: datetime) -> str:
    if view.next_at is None:
        return "-"
    return f"{times.relative(view.next_at, now)}, {times.absolute(view.next_at, times.zone_of(view.timezone), now)}"


def status(view: JobView, now: datetime) -> Cell:
    """The status, with how long it has lasted or will last."""
    text: str = view.status
    if view.status == "running":
        text += f" {times.span(max(0, round((now - view.running[0].started_at).total_seconds())))}"
        if view.usual_duration is not None:
            text += f" of about {times.span(view.usual_duration)}"
        if len(view.running) > 1:
            text += f", {len(view.running)} runs"
    elif view.status == "waiting":
        text += f" for {view.waiting_for}"
    elif view.status == "retrying" and view.retry_at is not None:
        text += f" {times.relative(view.retry_at, now)}"
    elif view.status == "paused" and view.paused is not None:
        if view.paused.until is not None:
            text += f", resumes {times.relative(view.paused.until, now)}"
        if view.paused.note:
            text += f": {view.paused.note}"
    return Cell(text, COLOURS.get(view.status, ""))
