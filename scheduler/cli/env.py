"""`schedctl env`: show the environment a job will get."""

from __future__ import annotations

import os

import click

from scheduler.cli import output_format, terminal
from scheduler.cli.answer_source import Target
from scheduler.cli.job_argument import one_job
from scheduler.cli.output_format import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.cli.terminal import Cell
from scheduler.errors import MASK, RefusedError, UnknownNameError
from scheduler.text import did_you_mean, printable_line, utf8
from scheduler.wire.jobs import AskEnvironment, EnvironmentView
from scheduler.wire.operations import ENVIRONMENT

HERE = {"same": "", "other": "different", "missing": "not set"}


@subcommand("env")
@one_job
@click.argument("name", required=False, metavar="[NAME]")
@click.option("--reveal", is_flag=True, help="Print all values, including secrets")
@output_options("an object")
@click.pass_obj
def env(target: Target, job: str, name: str | None, reveal: bool, form: str | None) -> None:
    """Show the environment a job will get.

    Lists each variable with its source, and whether this shell has the same value. Secrets are masked: by their name,
    by their source (a file or another variable), and by how they look. With NAME, print the value of one variable.

    \b
    Examples:
      schedctl env poll-rates
      schedctl env poll-rates PATH
      schedctl env poll-rates --reveal
    """
    # First who answers: for another user's schedd root has become that user by then, without root's environment.
    source = target.source(ENVIRONMENT)
    shell = {utf8(name): utf8(value) for name, value in os.environ.items()}
    view = source.ask(ENVIRONMENT, AskEnvironment(job=job, reveal=reveal, shell=shell))
    if name is not None:
        click.echo(_value(view, name), color=True)  # click would remove the escape sequences of the value
        return
    if output_format.shown(view, form):
        return
    rows = [
        [
            Cell(variable.name),
            Cell(variable.origin, "quiet" if variable.origin in ("inherited", "each run") else ""),
            Cell(HERE[variable.here], "care"),
            Cell(MASK if variable.value is None else variable.value, "quiet" if variable.value is None else ""),
        ]
        for variable in view.variables
    ]
    terminal.show_table(("NAME", "SOURCE", "THIS SHELL", "VALUE"), rows, shrinking=(3, 1))
    if any(variable.value is None for variable in view.variables):
        terminal.note(f"{MASK}: secret; --reveal prints it")
    if view.only_here:
        terminal.note(f"set only in this shell: {', '.join(printable_line(name) for name in view.only_here)}")


def _value(view: EnvironmentView, name: str) -> str:
    """The value of one variable."""
    found = {variable.name: variable for variable in view.variables}
    if name not in found:
        raise UnknownNameError(f"{view.job} gets no variable {name!r}{did_you_mean(name, found)}")
    value = found[name].value
    if value is None:
        raise RefusedError(f"{name} is secret; --reveal prints it")
    return value
