"""`schedctl status`: the daemon itself, for people and for health checks."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from scheduler.cli import terminal, times
from scheduler.cli.target import Target
from scheduler.errors import EXIT_FAILURE
from scheduler.wire.daemon import AskStatus, StatusView
from scheduler.wire.operations import STATUS


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
@click.option("--exit-code", is_flag=True, help="Print nothing; end with 0, 1 for a refused file, 3 for no answer.")
@click.pass_obj
def status(target: Target, as_json: bool, exit_code: bool) -> int:
    """Show the schedd that serves the file.

    \b
    Examples:
      schedctl status
      schedctl status --exit-code || echo 'schedd needs a look'
    """
    view = target.ask(STATUS, AskStatus())
    if as_json:
        terminal.show_json(view)
    elif not exit_code:
        show(view, times.now())
    return EXIT_FAILURE if exit_code and view.reload_error is not None else 0


def show(view: StatusView, now: datetime) -> None:
    """A line for each thing worth knowing."""
    state = terminal.Cell("ticking", "good") if view.ticking else terminal.Cell("shutting down", "care")
    lines = [
        ("schedd", terminal.Cell(f"{view.version}, pid {view.pid}")),
        ("state", state),
        ("up", terminal.Cell(f"{times.span(view.uptime)}, since {times.full(view.started_at, UTC)}")),
        ("file", terminal.Cell(f"{view.file}, loaded {times.relative(view.loaded_at, now)}")),
        (
            "jobs",
            terminal.Cell(
                f"{view.jobs}: {view.running} running, {view.waiting} waiting, "
                f"{view.paused} paused, {view.disabled} disabled"
            ),
        ),
        ("next", terminal.Cell(_next(view, now))),
        ("slots", terminal.Cell(", ".join(f"{count} {word}" for word, count in view.decisions.items()) or "none yet")),
    ]
    lines += [
        ("clock", terminal.Cell(f"jumped by {jump.seconds:+g} s, {times.relative(jump.at, now)}", "care"))
        for jump in view.clock_jumps
    ]
    if view.dropped_lines:
        lines.append(("log", terminal.Cell(f"{view.dropped_lines} lines dropped: stdout could not be written", "bad")))
    for name, cell in lines:
        click.echo(f"{terminal.paint(f'{name:8}', 'head')}{terminal.paint(cell.text, cell.colour)}")
    if view.reload_error is not None:
        click.echo(terminal.paint("The file has been refused; the schedule before it stays:", "bad"))
        click.echo(view.reload_error)


def _next(view: StatusView, now: datetime) -> str:
    if view.next_at is None:
        return "nothing to come"
    return f"{view.next_job} {times.relative(view.next_at, now)}, {times.absolute(view.next_at, UTC, now)}"
