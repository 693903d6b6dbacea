"""`schedctl run-now`: fire a job by hand and see it through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click
import msgspec

from scheduler.cli import terminal, times
from scheduler.cli.arguments import one_job
from scheduler.cli.exit import EXIT_INTERRUPTED
from scheduler.cli.run_printer import GATES, RunPrinter
from scheduler.cli.target import Target
from scheduler.control.client import Client
from scheduler.errors import EXIT_BAD_FILE, EXIT_FAILURE, SchedError
from scheduler.wire.operations import RUN_NOW
from scheduler.wire.runs import RunNow, RunView

HERE = (
    "running the job right here, in this shell's environment and the file's; overlap, lock and max_running do not "
    "reach across machines"
)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints. `exit_code` is schedctl's own; `run` is as it was when last seen."""

    started: bool
    exit_code: int
    run_id: str | None = None
    run: RunView | None = None
    waiting_for: str | None = None
    error: str | None = None


@click.command("run-now")
@one_job
@click.option("--force", is_flag=True, help="Start it although it is running already.")
@click.option("--detach", is_flag=True, help="Print the run's id and leave the run to schedd.")
@click.option("--as-of", type=times.instant, metavar="TIME", help="The SCHED_SCHEDULED_AT that the job sees.")
@click.option("-e", "--env", multiple=True, metavar="KEY=VALUE", help="Set a variable for this run.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as an object; the job's output goes to stderr.")
@click.pass_obj
def run_now(
    target: Target, job: str, force: bool, detach: bool, as_of: datetime | None, env: Sequence[str], as_json: bool
) -> int:
    """Run a job now, and end as it does.

    Its output is shown as it comes.
    Ctrl-C leaves the run to schedd. Without a schedd the job runs right here, and Ctrl-C stops it.

    \b
    Examples:
      schedctl run-now poll-rates
      schedctl run-now import-file --as-of 2026-05-04T00:00:00Z -e DRY_RUN=1

    \b
    Ends with the exit code of the job's last attempt, 124 for a timeout, 126 or 127 when it could not be started,
    128 + n for signal n, 130 after Ctrl-C. A run that was refused ends with 2 to 5 and `schedctl: not started`.
    """
    ask = RunNow(job=job, force=force, detach=detach, as_of=as_of, env=_variables(env))
    watcher = RunPrinter(all_to_stderr=as_json)
    error = None
    try:
        _watch(target, ask, watcher)
        code = 0 if watcher.run is None or watcher.run.exit_code is None else watcher.run.exit_code
    except SchedError as mistake:
        code, error = _told(mistake, watcher)
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
        _say_detached(target, watcher)
    if as_json:
        started = watcher.run is not None
        terminal.show_json(
            Result(
                started=started,
                exit_code=code,
                run_id=watcher.run_id,
                run=watcher.run,
                waiting_for=watcher.waiting_for,
                error=error,
            )
        )
    elif detach and watcher.run_id is not None:
        click.echo(watcher.run_id)
    return code


def _watch(target: Target, ask: RunNow, watcher: RunPrinter) -> None:
    source = target.source(RUN_NOW, alone=HERE)
    if isinstance(source, Client):
        for event in source.stream(RUN_NOW, ask):
            watcher.see(event)
    else:
        from scheduler.cli.run_here import run_here  # noqa: PLC0415 - loads asyncio and the engine

        run_here(source.service(), ask, watcher)


def _told(mistake: SchedError, watcher: RunPrinter) -> tuple[int, str]:
    """Say what went wrong; the exit code, which must not be taken for the job's own."""
    if watcher.run is not None:
        error = f"lost sight of run {watcher.run.id}: {mistake}"
        terminal.note(f"schedctl: {error}", "bad")
        return EXIT_FAILURE, error
    error = str(mistake)
    terminal.note(f"schedctl: not started: {error}", "bad")
    return EXIT_FAILURE if mistake.exit_code == EXIT_BAD_FILE else mistake.exit_code, error


def _say_detached(target: Target, watcher: RunPrinter) -> None:
    if watcher.run_id is None:
        terminal.note(
            "\nschedctl: interrupted before schedd had answered; `schedctl list` shows whether it runs", "care"
        )
        return
    state = "goes on" if watcher.waiting_for is None else f"still waits for {GATES[watcher.waiting_for]}"
    terminal.note(
        f"\nschedctl: detached; run {watcher.run_id} {state}. To stop it: {target.command} stop {watcher.run_id}",
        "care",
    )


def _variables(assignments: Sequence[str]) -> dict[str, str]:
    variables = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not name or not equals:
            # Not quoted back: what was meant for the value may be a secret.
            raise click.BadParameter("write it as KEY=VALUE", param_hint="--env")
        variables[name] = value
    return variables
