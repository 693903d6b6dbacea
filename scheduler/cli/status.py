"""`schedctl status`: show the daemon, for people and for health checks."""

from __future__ import annotations

from datetime import datetime, tzinfo

import click

from scheduler.cli import output_format, terminal, times
from scheduler.cli.answer_source import Target
from scheduler.cli.output_format import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.cli.zones import timezone_option
from scheduler.errors import EXIT_FAILURE, RefusedError
from scheduler.text import plural, printable_line, shift
from scheduler.wire.daemon import AskStatus, AskWorkers, StatusView
from scheduler.wire.operations import STATUS, WORKERS


@subcommand(
    "status",
    exit_status="3 when schedd cannot be reached. With --exit-code also 1 when the last reload failed, when "
    "scheduled runs are overdue, or when this schedd is a standby (a second schedd with the same store) and finds no "
    "active one.",
)
@timezone_option
@output_options("an object")
@click.option("--exit-code", is_flag=True, help="Print only errors and set the exit status, for health checks")
@click.pass_obj
def status(target: Target, zone: tzinfo | None, form: str | None, exit_code: bool) -> int:
    """Show the daemon: uptime, file, counts, warnings.

    \b
    Examples:
      schedctl status
      schedctl status --exit-code || echo 'schedd is unhealthy'
    """
    view = target.ask(STATUS, AskStatus())
    if output_format.shown(view, form):
        pass
    elif not exit_code:
        workers = None if view.store_up is None else _workers(target)
        show(view, zone or times.zone_of(view.timezone), times.now(), workers)
    healthy = view.reload_error is None and view.problem is None
    return EXIT_FAILURE if exit_code and not healthy else 0


def show(view: StatusView, zone: tzinfo, now: datetime, workers: terminal.Cell | None = None) -> None:
    """Print one line for each property. `workers` is the line about workers and their store, if the file names any."""
    running = "running" if view.store_up is None else "running; this is the active scheduler"
    state = terminal.Cell(running, "good") if view.ticking else terminal.Cell("shutting down", "care")
    if view.standby_of is not None:
        state = terminal.Cell(f"standby; the active scheduler is {view.standby_of}", "care")
    if view.problem is not None:
        state = terminal.Cell(view.problem, "bad")
    skips = ", ".join(f"{count} {word}" for word, count in view.decisions.items() if word != "ran")
    decisions = plural(view.decisions.get("ran", 0), "run") + (f"; skipped: {skips}" if skips else "")
    lines = [
        ("schedd", terminal.Cell(f"{view.version}, pid {view.pid}")),
        ("state", state),
        ("up", terminal.Cell(f"{times.span(view.uptime)}, since {times.full(view.started_at, zone)}")),
        ("file", terminal.Cell(f"{view.file}, loaded {times.relative(view.loaded_at, now)}")),
        (
            "jobs",
            terminal.Cell(
                f"{view.jobs}: {view.running} running, {view.waiting} waiting, "
                f"{view.paused} paused, {view.disabled} disabled"
            ),
        ),
        *(() if workers is None else (("workers", workers),)),
        ("next", terminal.Cell(_next(view, zone, now))),
        ("decisions", terminal.Cell(decisions if view.decisions else "none yet")),
    ]
    lines += [
        ("clock", terminal.Cell(f"jumped by {shift(jump.seconds)}, {times.relative(jump.at, now)}", "care"))
        for jump in view.clock_jumps
    ]
    if view.dropped_lines:
        lines.append(
            ("log", terminal.Cell(f"{plural(view.dropped_lines, 'line')} dropped: stdout could not be written", "bad"))
        )
    lines += [
        ("notify", terminal.Cell(f"{job}: not delivered: {printable_line(error)}", "bad"))
        for job, errors in view.notification_errors.items()
        for error in errors
    ]
    for name, cell in lines:
        click.echo(f"{terminal.paint(f'{name:11}', 'head')}{terminal.paint(cell.text, cell.colour)}")
    if view.reload_error is not None:
        click.echo(terminal.paint("The last reload failed; the previous configuration stays active:", "bad"))
        click.echo(view.reload_error)


def _workers(target: Target) -> terminal.Cell:
    try:
        count = len(target.ask(WORKERS, AskWorkers()))
    except RefusedError as error:
        return terminal.Cell(str(error), "bad")
    text = "; `schedctl workers` lists them" if count else ": no run can start on a worker"
    return terminal.Cell(f"{count or 'none'} present{text}; the store answers", "" if count else "care")


def _next(view: StatusView, zone: tzinfo, now: datetime) -> str:
    if view.next_at is None:
        return "no coming runs"
    return f"{view.next_job}, {times.coming(view.next_at, zone, now)}"
