"""`schedctl logs`: print the output of runs."""

from __future__ import annotations

from datetime import tzinfo

import click

from scheduler.cli import terminal, typed_times
from scheduler.cli.answer_source import Target
from scheduler.cli.job_argument import run_ids, some_jobs
from scheduler.cli.log_printer import JsonPrinter, LinePrinter, RawPrinter
from scheduler.cli.subcommand import subcommand
from scheduler.cli.typed_times import TypedTime
from scheduler.cli.zones import timezone_option, zone_for
from scheduler.control.client import Client
from scheduler.errors import UsageError
from scheduler.wire.operations import LOGS
from scheduler.wire.runs import Logs


@subcommand("logs")
@some_jobs
@click.option("-f", "--follow", is_flag=True, help="Continue with new output until Ctrl-C, or the end of --run")
@click.option("-n", "--tail", "lines", type=click.IntRange(min=0), help="Only the last lines of the output of each job")
@click.option("--since", type=typed_times.past, metavar="TIME", help="Only output since this time: 10m, 14:30")
@click.option("-t", "--timestamps", is_flag=True, help="Print the time of each line")
@click.option("--runs", type=click.IntRange(min=1), help="Number of runs of each job [default: 1, or all with --since]")
@click.option("--run", "run_id", metavar="ID", shell_complete=run_ids, help="The run with this id (schedctl history)")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an object per line, with `data` in base64")
@timezone_option
@click.pass_obj
def logs(  # noqa: PLR0913, PLR0917 - one for each option
    target: Target,
    jobs: tuple[str, ...],
    follow: bool,
    lines: int | None,
    since: TypedTime | None,
    timestamps: bool,
    runs: int | None,
    run_id: str | None,
    as_json: bool,
    zone: tzinfo | None,
) -> None:
    """Print the output of runs.

    Prints the output of the latest run of each JOB, or of all jobs. schedd keeps the last 64 KiB of a run.

    The output of one job is printed unchanged, its stdout to stdout and its stderr to stderr. The output of several
    jobs is printed line by line after the name of the job, in the order of its times.

    \b
    Examples:
      schedctl logs poll-rates
      schedctl logs -n 20 --since 1h
      schedctl logs -f poll-rates import-file
    """
    if run_id is not None and (jobs or runs is not None):
        raise UsageError("--run is one run of one job; leave out JOB and --runs")
    source = target.source(LOGS)
    assert isinstance(source, Client), "logs are not answered from a file"  # noqa: S101
    shown_in = zone_for(zone, source, jobs)
    ask = Logs(
        jobs=jobs,
        run=run_id,
        follow=follow,
        runs=runs,
        since=None if since is None else since.at(shown_in),
        lines=lines,
    )
    one_job = len(jobs) == 1 or run_id is not None
    printer = _printer(shown_in, as_json=as_json, one_job=one_job, timestamps=timestamps)
    is_empty = True
    for event in source.stream(LOGS, ask):
        is_empty = False
        printer.see(event)
    printer.end()
    if is_empty:
        why = "no matching run is kept" if run_id is None else f"run {run_id} has not started yet"
        terminal.note(f"no output: {why}")


def _printer(zone: tzinfo, *, as_json: bool, one_job: bool, timestamps: bool) -> JsonPrinter | LinePrinter | RawPrinter:
    if as_json:
        return JsonPrinter()
    if one_job and not timestamps:
        return RawPrinter(zone)
    return LinePrinter(zone if timestamps else None, names=not one_job)
