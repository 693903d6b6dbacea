"""`schedctl run-now`: run a job now and exit with its exit code."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

import click
import msgspec

from scheduler.cli import output_format, run_arguments, terminal, times, typed_times
from scheduler.cli.answer_source import FileAlone, Target
from scheduler.cli.exit import EXIT_INTERRUPTED
from scheduler.cli.job_argument import one_job
from scheduler.cli.left_runs import ends_of
from scheduler.cli.run_printer import RunPrinter
from scheduler.cli.subcommand import subcommand
from scheduler.cli.typed_times import TypedTime
from scheduler.cli.zones import zone_for
from scheduler.control.client import Client
from scheduler.errors import EXIT_BAD_FILE, EXIT_FAILURE, RefusedError, SchedError, UnansweredError, UsageError
from scheduler.wire.operations import RUN_NOW
from scheduler.wire.requester import Requester
from scheduler.wire.runs import Left, RunNow, RunView, Skipped

HERE = (
    "running the job here, with the environment of this shell; overlap, lock and max_running do not apply, "
    "and no notification is sent"
)


EXIT_STATUS = (
    "that of the last attempt of the job; 124 timed out, 126 not executable, 127 not found, 128+n killed by signal n, "
    "130 detached by Ctrl-C. A job that was not started: 2 to 5, with `schedctl: not started` on stderr."
)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The output of `--json`. `exit_code` is that of schedctl; `run` is the last known state of the run.

    `started` is None when it is not known whether it was: the connection was lost before.
    """

    started: bool | None
    exit_code: int
    run_id: str | None = None
    run: RunView | None = None
    waiting_for: str | None = None
    by: Requester | None = None
    error: str | None = None


@subcommand("run-now", exit_status=EXIT_STATUS)
@one_job
@click.argument("words", metavar="[-- ARG...]", nargs=-1, type=click.UNPROCESSED)
@click.option("--force", is_flag=True, help="Start it even if the job is already running")
@click.option("--detach", is_flag=True, help="Print the id of the run, and do not wait for it")
@click.option(
    "--as-of", type=typed_times.past, metavar="TIME", help="Scheduled time that the job gets in SCHED_SCHEDULED_AT"
)
@click.option("--in", "delay", type=typed_times.duration, metavar="DURATION", help="Run it later, after 90s, 1h30m, 2d")
@click.option(
    "--at",
    type=typed_times.future,
    metavar="TIME",
    help="Run it later, at a time such as 'tomorrow 8:00' in the time zone of the job",
)
@click.option(
    "--key", metavar="KEY", help="Name of this request: if a run with this key exists, show that run and start none"
)
@click.option("-e", "--env", multiple=True, metavar="KEY=VALUE", help="Set an environment variable for this run")
@click.option(
    "--kwarg", multiple=True, metavar="NAME=VALUE", help="Keyword argument: JSON if it is valid JSON, or text"
)
@click.option("--stdin", metavar="FILE|-", help="Content of a file, or of stdin, for the job's stdin; at most 1 MiB")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: the run as an object; the output of the job goes to stderr"
)
@click.pass_obj
def run_now(  # noqa: PLR0913, PLR0917 - each is an option
    target: Target,
    job: str,
    words: tuple[str, ...],
    force: bool,
    detach: bool,
    as_of: TypedTime | None,
    env: Sequence[str],
    delay: float | None,
    at: TypedTime | None,
    key: str | None,
    kwarg: Sequence[str],
    stdin: str | None,
    as_json: bool,
) -> int:
    """Run a job now and exit with its exit code.

    Prints the output of the job while it runs. Ctrl-C detaches: the run continues in schedd. Where no schedd is
    running, the job runs here, and Ctrl-C stops it. Arguments need the key `accepts` of the job.

    \b
    Examples:
      schedctl run-now poll-rates
      schedctl run-now import-file --as-of 2026-05-04T00:00:00Z -e DRY_RUN=1
      schedctl run-now import-file --detach -- /uploads/orders.csv --dry-run
      schedctl run-now weekly-reminder --at 'tomorrow 8:00' --detach
    """
    if delay is not None and at is not None:
        raise UsageError("--in and --at exclude each other")
    if delay is not None and delay < 1:
        raise UsageError("--in must be 1s or longer")
    ask = RunNow(
        job=job,
        force=force,
        detach=detach,
        env=run_arguments.variables(env),
        args=words,
        kwargs=run_arguments.kwargs(kwarg),
        stdin=run_arguments.stdin(stdin),
        key=key,
        at=None if delay is None else times.now() + timedelta(seconds=delay),
        caller=None if detach else os.environ.get("SCHED_RUN_ID"),
    )
    printer = RunPrinter(all_to_stderr=as_json)
    code, error = _run(target, ask, {"as_of": as_of, "at": at}, printer)
    if as_json:
        output_format.show(_result(code, error, printer))
    elif detach and printer.run_id is not None:
        click.echo(printer.run_id)
    return code


def _run(
    target: Target, ask: RunNow, typed: Mapping[str, TypedTime | None], printer: RunPrinter
) -> tuple[int, str | None]:
    """Run it and print what happens; the exit code, and the error if there is one. `typed` times are the job's."""
    try:
        only_there = ask.detach or ask.at is not None or typed["at"] is not None
        operation = msgspec.structs.replace(RUN_NOW, from_file=not only_there)
        source = target.source(operation, alone=HERE)
        for field, time in typed.items():
            if time is not None:
                ask = msgspec.structs.replace(ask, **{field: time.at(zone_for(None, source, (ask.job,)))})
        _follow(target, source, ask, printer)
    except SchedError as failure:
        if isinstance(failure, UnansweredError) or printer.run is not None:
            printer.is_lost = True
            return _report_lost(failure, target, printer)
        return _report(failure, _kwarg_instead(ask, failure))
    except KeyboardInterrupt:
        _print_detached(target, printer)
        return EXIT_INTERRUPTED, None
    return 0 if printer.run is None or printer.run.exit_code is None else printer.run.exit_code, None


def _result(code: int, error: str | None, printer: RunPrinter) -> Result:
    return Result(
        started=printer.run is not None or (None if printer.is_lost else False),
        exit_code=code,
        run_id=printer.run_id,
        run=printer.run,
        waiting_for=printer.waiting_for,
        by=printer.by,
        error=error,
    )


def _follow(target: Target, source: Client | FileAlone, ask: RunNow, printer: RunPrinter) -> None:
    if isinstance(source, Client):
        left: list[Left] = []
        for event in source.stream(RUN_NOW, ask):
            if isinstance(event, Left):
                left.append(event)
                printer.run_id = event.run_id
            printer.see(event)
        for end in ends_of(target, left):  # without its further output
            if isinstance(end, Skipped):
                raise RefusedError(end.message)
            printer.see(end)
    else:
        from scheduler.cli.run_here import run_here  # noqa: PLC0415 - loads asyncio and the engine

        if ask.key is not None:
            terminal.note("schedctl: without a running schedd no key is remembered: the job runs each time", "care")
        run_here(source.service(), ask, printer)


def _kwarg_instead(ask: RunNow, failure: SchedError) -> str:
    """The end of a message about arguments that were refused and look like keyword arguments."""
    name = next((word.partition("=")[0] for word in ask.args if re.match(r"[A-Za-z_]\w*=", word)), None)
    is_refused = isinstance(failure, RefusedError) and "does not accept args" in str(failure)
    return "" if name is None or not is_refused else f"; for a keyword argument: --kwarg {name}=VALUE"


def _report(failure: SchedError, hint: str) -> tuple[int, str]:
    """Print the error; return the exit code, which cannot be confused with one of the job, and the message."""
    error = f"{failure}{hint}"
    terminal.note(f"schedctl: not started: {error}", "bad")
    return EXIT_FAILURE if failure.exit_code == EXIT_BAD_FILE else failure.exit_code, error


def _report_lost(failure: SchedError, target: Target, printer: RunPrinter) -> tuple[int, str]:
    """Print that the connection was lost, after which it is not known what becomes of the run; return the same."""
    if printer.run_id is not None:
        error = f"lost the connection to run {printer.run_id}: {failure}"
    else:
        error = f"{failure}. The job may have been started: `{target.command} list` shows whether it runs"
    terminal.note(f"schedctl: {error}", "bad")
    return EXIT_FAILURE, error


def _print_detached(target: Target, printer: RunPrinter) -> None:
    if printer.run_id is None:
        terminal.note(
            "\nschedctl: interrupted before schedd answered; `schedctl list` shows whether the job runs", "care"
        )
        return
    state = "continues" if printer.waiting_for is None else f"is waiting for {printer.waiting_on}"
    terminal.note(
        f"\nschedctl: detached; run {printer.run_id} {state}. To stop it: {target.command} stop {printer.run_id}",
        "care",
    )
