"""`schedctl wait` and `result`: wait for requested runs, show their state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC

import click

from scheduler.cli import output_format, terminal, times
from scheduler.cli.answer_source import Target
from scheduler.cli.job_argument import some_runs
from scheduler.cli.left_runs import ends_of
from scheduler.cli.output_format import output_options
from scheduler.cli.run_printer import GATES
from scheduler.cli.subcommand import subcommand
from scheduler.errors import EXIT_REFUSED
from scheduler.text import printable_line
from scheduler.wire.operations import RESULT, WAIT
from scheduler.wire.runs import AskResult, Event, Finished, Left, RunResult, RunView, Skipped, Wait

EXIT_STATUS = "that of the run, the highest of several; 5 for a run that was skipped, 4 for an unknown run."


@subcommand("wait", exit_status=EXIT_STATUS)
@some_runs
@output_options("an array of objects, one per run")
@click.pass_obj
def wait(target: Target, runs: tuple[str, ...], form: str | None) -> int:
    """Wait for runs and exit with their exit code.

    RUN is an id that `run-now --detach` printed. Ctrl-C stops waiting; the runs continue.

    \b
    Examples:
      schedctl wait k3v9d2qa
      schedctl wait $(cat ids) && echo all succeeded
    """
    ended = []
    for event in _ends(target, runs):
        ended.append(event)
        if form is None:
            click.echo(_line(event))
    output_format.shown([_result(event) for event in ended], form)
    return max(map(_exit_code, ended), default=0)


def _ends(target: Target, runs: tuple[str, ...]) -> Iterator[Finished | Skipped]:
    """Also of runs that go on without this schedd."""
    left = []
    for event in target.stream(WAIT, Wait(runs, caller=os.environ.get("SCHED_RUN_ID"))):
        if isinstance(event, Finished | Skipped):
            yield event
        elif isinstance(event, Left):
            left.append(event)
    yield from ends_of(target, left)


@subcommand("result")
@click.argument("run")
@output_options("an object")
@click.pass_obj
def result(target: Target, run: str, form: str | None) -> None:
    """Show the state of a run.

    Also shows waiting runs, and runs that were skipped while they waited.

    \b
    Examples:
      schedctl result k3v9d2qa
      schedctl result k3v9d2qa --json
    """
    found = target.ask(RESULT, AskResult(run))
    if output_format.shown(found, form):
        return
    click.echo(f"run {found.run_id} of {found.job}: {state_in_words(found)}")
    stopped_by = found.stopped_by if found.run is None else found.run.stopped_by
    for name, value in (("requested by", found.by), ("arguments", found.arguments), ("stopped by", stopped_by)):
        if value is not None:
            click.echo(f"  {name} {printable_line(value.text)}")
    if found.run is not None:
        for attempt in found.run.attempts:
            for note in (attempt.cause, *attempt.notes):
                if note is not None:
                    click.echo(f"  {printable_line(note)}")


def state_in_words(found: RunResult) -> str:
    """How a run ended, or what it does now and what it waits for."""
    waits = "" if found.waiting_for is None else f"waiting for {GATES.get(found.waiting_for, found.waiting_for)}"
    if found.run is not None:
        return _ending(found.run) if found.run.outcome is not None else ", ".join(filter(None, (found.state, waits)))
    if found.state == "skipped":
        return terminal.paint(f"skipped: {found.message}", "care")
    if found.until is not None:
        return f"waiting until {times.full(found.until, UTC)}; it is lost if schedd stops before then"
    return waits or "starting"


def _ending(run: RunView) -> str:
    colour = "good" if run.outcome == "succeeded" else "bad"
    text = f"{run.outcome}, {run.exit_text}, after {times.span(run.duration or 0)}"
    return terminal.paint(text, colour)


def _line(event: Finished | Skipped) -> str:
    if isinstance(event, Skipped):
        return f"run {event.run_id} of {event.job}: {terminal.paint(f'skipped: {event.message}', 'care')}"
    return f"run {event.run.id} of {event.run.job}: {_ending(event.run)}"


def _result(event: Finished | Skipped) -> RunResult:
    if isinstance(event, Skipped):
        return RunResult(
            run_id=event.run_id, job=event.job, state="skipped", reason=event.reason, message=event.message
        )
    run = event.run
    return RunResult(run_id=run.id, job=run.job, state="finished", run=run, by=run.by, arguments=run.arguments)


def _exit_code(event: Event) -> int:
    return event.run.exit_code or 0 if isinstance(event, Finished) else EXIT_REFUSED
