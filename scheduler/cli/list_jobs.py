"""`schedctl list`: list jobs with their next and last runs."""

from __future__ import annotations

import click

from scheduler.cli import terminal, times
from scheduler.cli.arguments import some_jobs
from scheduler.cli.job_table import show
from scheduler.cli.subcommand import subcommand
from scheduler.cli.target import Target
from scheduler.control.client import Client
from scheduler.errors import UsageError
from scheduler.wire.daemon import AskStatus, StatusView
from scheduler.wire.jobs import ListJobs
from scheduler.wire.operations import LIST, STATUS


@subcommand("list")
@some_jobs
@click.option("--watch", is_flag=True, help="Refresh every second until Ctrl-C")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an array of objects")
@click.pass_obj
def list_jobs(target: Target, jobs: tuple[str, ...], watch: bool, as_json: bool) -> None:
    """List jobs with their next and last runs.

    The running schedd answers. Where none is running, the list comes from the schedule file.

    \b
    Examples:
      schedctl list
      schedctl list poll-rates --json
      schedctl list --watch
    """
    if watch and as_json:
        raise UsageError("--watch and --json exclude each other")
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
        print_source(source.ask(STATUS, AskStatus()))


def print_source(status: StatusView) -> None:
    """Print which schedd answered, and the error of the last reload if it failed."""
    terminal.note(f"from schedd, pid {status.pid}, {status.file}")
    if status.reload_error is not None:
        terminal.note("the last reload failed; the previous configuration stays active:", "bad")
        terminal.note(status.reload_error, "")
