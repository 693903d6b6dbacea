"""The table of arguments that `list` prints below the jobs: a line for each run that was given some and is not over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import click

from scheduler.cli import terminal, times
from scheduler.cli.terminal import Cell
from scheduler.wire.arguments import ArgumentsView
from scheduler.wire.jobs import JobView
from scheduler.wire.requester import Requester

HEADS = ("JOB", "RUN", "STATE", "ARGUMENTS", "REQUESTED BY")
SHRINKING = {3: 9, 4: 12}


def show(views: Sequence[JobView], now: datetime) -> None:
    """Print it, after an empty line; nothing when no run has arguments."""
    rows = [row for view in views for row in _rows(view, now)]
    if rows:
        click.echo()
        terminal.show_table(HEADS, rows, SHRINKING)


def _rows(view: JobView, now: datetime) -> Iterator[list[Cell]]:
    for run in view.running:
        yield from _row(view.name, run.id, Cell("running", "busy"), run.arguments, run.by)
    for queued in view.queued:
        state = Cell(f"waiting for {queued.waiting_for}" if queued.waiting_for else "waiting", "care")
        yield from _row(view.name, queued.run_id, state, queued.arguments, queued.by)
    for later in view.requested:
        state = Cell(times.relative(later.at, now), "care")
        yield from _row(view.name, later.run_id, state, later.arguments, later.by)


def _row(
    job: str, run_id: str, state: Cell, arguments: ArgumentsView | None, by: Requester | None
) -> Iterator[list[Cell]]:
    if arguments is not None:
        yield [Cell(job), Cell(run_id), state, Cell(arguments.text), Cell("-" if by is None else by.text, "quiet")]
