"""`schedctl list`: every job on a line."""

from __future__ import annotations

import click

from scheduler.cli import terminal, times
from scheduler.cli.arguments import some_jobs
from scheduler.cli.job_table import show
from scheduler.cli.target import Target
from scheduler.control.client import Client
from scheduler.errors import UsageError
from scheduler.wire.daemon import AskStatus, StatusView
from scheduler.wire.jobs import ListJobs
from scheduler.wire.operations import LIST, STATUS


@click.command("list")
@some_jobs
@click.option("--watch", is_flag=True, help="Stay and refresh, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_obj
def list_jobs(target: Target, jobs: tuple[str, ...], watch: bool, as_json: bool) -> None:
    """Show all jobs: schedule, next run, last run, status.

    Answered by the schedd that serves the file, else from the file alone.

    \b
    Examples:
      schedctl list
      schedctl list poll-rates --json
      schedctl list --watch
    """
    if watch and as_json:
        raise UsageError("--watch draws again and again, --json prints once; write one of them")
    source = target.source(LIST)
    if watch:
        from scheduler.cli.watch import watch_jobs  # noqa: PLC0415

        watch_jobs(lambda: source.ask(LIST, ListJobs(jobs)))
        return
    views = source.ask(LIST, ListJobs(jobs))
    if as_json:
        terminal.show_json(views)
        return
    show(views, times.now())
    if isinstance(source, Client):
        say_source(source.ask(STATUS, AskStatus()))


def say_source(status: StatusView) -> None:
    """Who answered, and whether what it has loaded is what the file says."""
    terminal.note(f"from schedd, pid {status.pid}, {status.file}")
    if status.reload_error is not None:
        terminal.note("the file has been refused since; this is the schedule before it:", "bad")
        terminal.note(status.reload_error, "")
