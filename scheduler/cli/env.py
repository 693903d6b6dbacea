"""`schedctl env`: show the environment a job will get."""

from __future__ import annotations

import os

import click

from scheduler.cli import output, terminal
from scheduler.cli.arguments import one_job
from scheduler.cli.output import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.cli.target import Target
from scheduler.cli.terminal import Cell
from scheduler.errors import MASK
from scheduler.text import printable_line, utf8
from scheduler.wire.jobs import AskEnvironment
from scheduler.wire.operations import ENVIRONMENT

HERE = {"same": "", "other": "different", "missing": "not set"}


@subcommand("env")
@one_job
@click.option("--reveal", is_flag=True, help="Print all values, including secrets")
@output_options("an object")
@click.pass_obj
def env(target: Target, job: str, reveal: bool, form: str | None) -> None:
    """Show the environment a job will get.

    Lists each variable with its source, and whether this shell has the same value.

    \b
    Examples:
      schedctl env poll-rates
      schedctl env poll-rates --reveal
    """
    shell = {utf8(name): utf8(value) for name, value in os.environ.items()}
    ask = AskEnvironment(job=job, reveal=reveal, shell=shell)
    view = target.ask(ENVIRONMENT, ask)
    if output.shown(view, form):
        return
    rows = [
        [
            Cell(variable.name),
            Cell(variable.origin, "quiet" if variable.origin == "inherited" else ""),
            Cell(HERE[variable.here], "care"),
            Cell(MASK if variable.value is None else variable.value),
        ]
        for variable in view.variables
    ]
    terminal.show_table(("NAME", "SOURCE", "THIS SHELL", "VALUE"), rows, shrinking=(3, 1))
    if view.only_here:
        terminal.note(f"set only in this shell: {', '.join(printable_line(name) for name in view.only_here)}")
