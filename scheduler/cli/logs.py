"""`schedctl logs`: print the output of runs."""

from __future__ import annotations

import sys
from datetime import UTC
from typing import TextIO

import click
import msgspec

from scheduler.cli import terminal, times
from scheduler.cli.arguments import some_jobs
from scheduler.cli.subcommand import subcommand
from scheduler.cli.target import Target
from scheduler.launch.lines import Lines
from scheduler.text import printable_bytes
from scheduler.wire.operations import LOGS
from scheduler.wire.runs import Event, Finished, Logs, Lost, Output, RunView, Started

COLOURS = ("cyan", "green", "yellow", "magenta", "blue")


@subcommand("logs")
@some_jobs
@click.option("-f", "--follow", is_flag=True, help="Continue with new output until Ctrl-C, or the end of --run")
@click.option("--run", "run_id", metavar="ID", help="The run with this id; see schedctl history")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an object per line, with `data` in base64")
@click.pass_obj
def logs(target: Target, jobs: tuple[str, ...], follow: bool, run_id: str | None, as_json: bool) -> None:
    """Print the output of runs.

    Prints the output of the latest run of each JOB, of which schedd keeps the last 64 KiB.

    The output of one job is printed unchanged, its stdout to stdout and its stderr to stderr. The output of several
    jobs is printed line by line after the name of the job.

    \b
    Examples:
      schedctl logs poll-rates
      schedctl logs -f poll-rates import-file
    """
    if run_id is not None and jobs:
        raise click.UsageError("a run belongs to one job; leave out JOB when you use --run")
    printer = _Lines() if len(jobs) != 1 and run_id is None else _Raw()
    for event in target.stream(LOGS, Logs(jobs=jobs, run=run_id, follow=follow)):
        if as_json:
            click.echo(msgspec.json.encode(event))
        else:
            printer.see(event)
    printer.end()


class _Raw:
    """Prints the output of one job unchanged. The start and end of runs are printed only on a terminal."""

    def see(self, event: Event) -> None:
        match event:
            case Output(stream=stream, data=data):
                out = sys.stdout if stream == "stdout" else sys.stderr
                out.buffer.write(data)
                out.buffer.flush()
            case Started(run=run) if sys.stderr.isatty():
                terminal.note(f"— run {run.id} of {run.job}, {times.full(run.started_at, UTC)}")
            case Finished(run=run) if sys.stderr.isatty():
                terminal.note(f"— run {run.id} {_end(run)}")
            case Lost(size=size):
                _print_lost("", size)
            case _:
                pass

    def end(self) -> None:
        """Nothing is buffered."""


class _Lines:
    """Prints the output of several jobs: whole lines after the name of the job, each name in its own colour."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str, str], Lines] = {}
        """Incomplete lines by run, job and stream."""
        self._colours: dict[str, str] = {}

    def see(self, event: Event) -> None:
        match event:
            case Output(run_id=run_id, job=job, stream=stream, data=data):
                lines = self._open.setdefault((run_id, job, stream), Lines())
                self._print(job, stream, lines.feed(data))
            case Finished(run=run):
                self._end_lines(run.id)
                if sys.stderr.isatty():
                    terminal.note(f"[{run.job}] run {run.id} {_end(run)}")
            case Lost(run_id=run_id, job=job, size=size):
                self._end_lines(run_id)
                _print_lost(f"[{job}] ", size)
            case _:
                pass

    def end(self) -> None:
        """Print the incomplete lines: no more output follows."""
        for run_id in {run_id for run_id, _, _ in self._open}:
            self._end_lines(run_id)

    def _end_lines(self, run_id: str) -> None:
        for key in [key for key in self._open if key[0] == run_id]:
            self._print(key[1], key[2], self._open.pop(key).end())

    def _print(self, job: str, stream: str, block: bytes) -> None:
        out = sys.stdout if stream == "stdout" else sys.stderr
        name = f"[{job}]" if stream == "stdout" else f"[{job} err]"
        for line in block.splitlines():
            shown = printable_bytes(line).decode()
            click.echo(f"{self._painted(name, job, out)} {shown}", file=out)

    def _painted(self, name: str, job: str, out: TextIO) -> str:
        if not terminal.coloured(out):
            return name
        colour = self._colours.setdefault(job, COLOURS[len(self._colours) % len(COLOURS)])
        return click.style(name, fg=colour)


def _print_lost(where: str, size: int) -> None:
    terminal.note(f"{where}… {size} bytes of output are missing here: dropped, or no longer kept", "care")


def _end(run: RunView) -> str:
    return f"{run.outcome}, exit {run.exit_code}, after {times.span(run.duration or 0)}"
