"""`schedctl show`: show one job in full."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click
import msgspec

from scheduler.cli import job_table, output, terminal, times
from scheduler.cli.arguments import one_job
from scheduler.cli.output import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.cli.target import Target
from scheduler.text import printable_line
from scheduler.wire.jobs import JobDetails, Show
from scheduler.wire.operations import SHOW
from scheduler.wire.times import REASONS

INDENT = "  "


@subcommand("show")
@one_job
@output_options("an object")
@click.pass_obj
def show(target: Target, job: str, form: str | None) -> None:
    """Show one job in full.

    Shows each key with its effective value and where that is set, the next and last runs, and counts of decisions.
    Values of env, args and kwargs are hidden; schedctl env shows the environment.

    \b
    Examples:
      schedctl show poll-rates
      schedctl show poll-rates --json
    """
    details = target.ask(SHOW, Show(job))
    if output.shown(details, form):
        return
    for line in paragraphs(details, times.now()):
        click.echo(line)


def paragraphs(details: JobDetails, now: datetime) -> Iterator[str]:
    """The lines to print."""
    view, zone = details.view, times.zone_of(details.view.timezone)
    status = job_table.status(view, now)
    yield f"{terminal.paint(view.name, 'head')}  {terminal.paint(printable_line(status.text), status.colour)}"
    if details.words is not None:
        yield f"{INDENT}{details.words} ({view.timezone})"
    yield ""
    width = max(map(len, details.definition))
    from_width = max(map(len, details.origins.values()))
    for key, value in details.definition.items():
        yield f"{INDENT}{key:{width}}  {details.origins[key]:{from_width}}  {_as_text(value)}"
    if details.next:
        yield f"\n{terminal.paint('Next runs', 'head')}"
    for coming in details.next:
        note = "" if coming.note is None else f"  {terminal.paint(printable_line(coming.note), 'care')}"
        yield f"{INDENT}{times.full(coming.at, zone)}, {times.relative(coming.at, now)}{note}"
    if details.runs:
        yield f"\n{terminal.paint('Last runs', 'head')}"
    for run in details.runs:
        ended = job_table.last_run(run, now)
        took = times.span(run.duration or 0)
        by = "" if run.by is None else f", requested by {printable_line(run.by.text)}"
        yield f"{INDENT}{run.id}  {terminal.paint(ended.text, ended.colour)}, took {took}{by}"
    if view.usual_duration is not None:
        yield f"{INDENT}usual duration {times.span(view.usual_duration)}"
    if details.counts:
        yield f"\n{terminal.paint('Decisions', 'head')}"
    for reason, count in details.counts.items():
        yield f"{INDENT}{count} {reason if reason == 'ran' else f'skipped: {REASONS[reason]}'}"


def _as_text(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return printable_line(text.replace("\n", "⏎ ").rstrip("⏎ "))
