"""`schedctl show`: show one job in full."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo

import click

from scheduler.api.setting_words import in_words
from scheduler.cli import job_table, output_format, terminal, times
from scheduler.cli.answer_source import Target
from scheduler.cli.job_argument import one_job
from scheduler.cli.output_format import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.cli.zones import timezone_option
from scheduler.text import plural, printable_line
from scheduler.wire.jobs import JobDetails, Show
from scheduler.wire.operations import SHOW
from scheduler.wire.times import REASONS

INDENT = "  "

ORIGINS = {
    "override": "Set by an override",
    "override and job": "Set for this job and by an override",
    "override and job and defaults": "Set for this job, in defaults and by an override",
    "override and defaults": "Set in defaults and by an override",
    "job": "Set for this job",
    "job and defaults": "Set for this job and in defaults",
    "defaults": "Set in defaults",
    "built in": "Built-in defaults",
}
"""The sections of the definition, by where a key was set."""


@subcommand("show")
@one_job
@timezone_option
@output_options("an object")
@click.pass_obj
def show(target: Target, job: str, zone: tzinfo | None, form: str | None) -> None:
    """Show one job in full.

    Shows each key with its effective value and where that is set, the next and last runs, and how many runs
    started or were skipped. Secrets and positional arguments are masked; schedctl env shows the environment.

    \b
    Examples:
      schedctl show poll-rates
      schedctl show poll-rates --json
    """
    details = target.ask(SHOW, Show(job))
    if output_format.shown(details, form):
        return
    for line in paragraphs(details, zone or times.zone_of(details.view.timezone), times.now()):
        click.echo(line)


def paragraphs(details: JobDetails, zone: tzinfo, now: datetime) -> Iterator[str]:
    """The lines to print, with times in `zone`."""
    view = details.view
    status = job_table.status(view, now)
    yield f"{terminal.paint(view.name, 'head')}  {terminal.paint(printable_line(status.text), status.colour)}"
    if view.description:
        yield f"{INDENT}{printable_line(view.description)}"
    for error in view.notification_errors:
        yield f"{INDENT}{terminal.paint(f'not delivered: {printable_line(error)}', 'bad')}"
    if details.words is not None:
        yield f"{INDENT}{details.words} ({view.timezone})"
    yield from _definition(details)
    if details.next:
        yield f"\n{terminal.paint('Next runs', 'head')}"
    for coming in details.next:
        note = "" if coming.note is None else f"  {terminal.paint(printable_line(coming.note), 'care')}"
        yield f"{INDENT}{times.full(coming.at, zone)}, {times.relative(coming.at, now)}{note}"
    if details.runs:
        usual = "" if view.usual_duration is None else f", usually {times.span(view.usual_duration)} long"
        yield f"\n{terminal.paint(f'Last runs{usual}', 'head')}"
    for run in details.runs:
        ended = job_table.last_run(run, now)
        yield f"{INDENT}{run.id}  {terminal.paint(ended.text, ended.colour)}, took {times.span(run.duration or 0)}"
    if details.counts:
        yield f"\n{terminal.paint('Decisions', 'head')}"
    for reason, count in details.counts.items():
        yield f"{INDENT}{_counted(reason, count)}"


def _counted(reason: str, count: int) -> str:
    return plural(count, "run") if reason == "ran" else f"{count} skipped: {REASONS.get(reason, reason)}"


def _definition(details: JobDetails) -> Iterator[str]:
    """The keys with their values, in sections by where they were set."""
    width = max(map(len, details.definition))
    for origin in (*ORIGINS, *sorted(set(details.origins.values()) - ORIGINS.keys())):
        keys = [key for key, found in details.origins.items() if found == origin and key in details.definition]
        keys = [key for key in keys if key != "description"]
        if keys:
            yield f"\n{terminal.paint(ORIGINS.get(origin, origin), 'head')}"
        for key in keys:
            first, *more = in_words(key, details.definition[key])
            yield f"{INDENT}{key:{width}}  {first}"
            yield from (f"{INDENT}{'':{width}}  {line}" for line in more)
