"""`schedctl list`: list jobs with their next and last runs."""

from __future__ import annotations

from datetime import tzinfo

import click

from scheduler.cli import argument_table, output_format, terminal, times
from scheduler.cli.answer_source import Target
from scheduler.cli.job_argument import some_jobs
from scheduler.cli.job_table import show
from scheduler.cli.output_format import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.cli.zones import timezone_option, zone_for
from scheduler.control.client import Client
from scheduler.errors import UsageError
from scheduler.wire.daemon import AskStatus, StatusView
from scheduler.wire.jobs import ListJobs
from scheduler.wire.operations import LIST, STATUS


@subcommand("list")
@some_jobs
@click.option("--watch", is_flag=True, help="Show the list on the whole terminal, and refresh it")
@timezone_option
@output_options("an array of objects", wide=True)
@click.pass_obj
def list_jobs(target: Target, jobs: tuple[str, ...], watch: bool, zone: tzinfo | None, form: str | None) -> None:
    """List jobs with their next and last runs.

    The running schedd answers. Where none is running, the list comes from the schedule file. A second table has the
    arguments of waiting and running manual runs.

    With --watch, arrow keys select a job, Enter shows it with its output, / filters, s sorts, r runs it, p pauses it,
    x stops it, q quits.

    \b
    Examples:
      schedctl list
      schedctl list poll-rates --json
      schedctl list --watch
    """
    if watch and form is not None:
        raise UsageError("--watch and --output exclude each other")
    source = target.source(LIST)
    if watch:
        from scheduler.cli.watch import watch_jobs  # noqa: PLC0415

        watch_jobs(target, source, jobs, zone_for(zone, source, jobs))
        return
    if output_format.passed_on(source, LIST, ListJobs(jobs), form):
        return
    views = source.ask(LIST, ListJobs(jobs))
    if output_format.shown(views, form):
        return
    status = None
    if isinstance(source, Client):
        status = source.ask(STATUS, AskStatus())
        default = status.timezone
    else:
        default = source.timezone
    if len(jobs) == 1:
        default = views[0].timezone
    now = times.now()
    show(views, zone or times.zone_of(default), now, wide=form == output_format.WIDE)
    argument_table.show(views, now)
    if status is not None:
        print_source(status)


def print_source(status: StatusView) -> None:
    """Print which schedd answered, and the error of the last reload if it failed."""
    terminal.note(f"from schedd, pid {status.pid}, {status.file}")
    if status.reload_error is not None:
        terminal.note("the last reload failed; the previous configuration stays active:", "bad")
        terminal.note(status.reload_error, "")
    if status.notification_errors:
        terminal.note("some notifications could not be delivered; schedctl status shows which", "bad")
