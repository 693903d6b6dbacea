"""`schedctl workers`: list the workers that run the jobs."""

from __future__ import annotations

from datetime import datetime

import click

from scheduler.cli import output_format, terminal, times
from scheduler.cli.answer_source import Target
from scheduler.cli.output_format import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.cli.terminal import Cell
from scheduler.wire.daemon import AskWorkers, WorkerView
from scheduler.wire.operations import WORKERS


@subcommand("workers")
@output_options("an array of objects")
@click.pass_obj
def workers(target: Target, form: str | None) -> None:
    """List the workers that run the jobs.

    Lists the workers that reported within the last ten seconds, with their runs.

    \b
    Examples:
      schedctl workers
      schedctl workers --json
    """
    views = target.ask(WORKERS, AskWorkers())
    if output_format.shown(views, form):
        return
    if not views:
        terminal.note("no workers")
        return
    now = times.now()
    rows = [[Cell(view.name), Cell(view.version), _file(view), _since(view, now), _runs(view)] for view in views]
    terminal.show_table(("WORKER", "VERSION", "FILE", "SINCE", "RUNS"), rows, shrinking=(2, 4))


def _file(view: WorkerView) -> Cell:
    return Cell(view.file) if view.same_file else Cell(f"{view.file}, other jobs than schedd's", "care")


def _since(view: WorkerView, now: datetime) -> Cell:
    return Cell(times.relative(view.since, now))


def _runs(view: WorkerView) -> Cell:
    return Cell(", ".join(view.runs) or "-", "" if view.runs else "quiet")
