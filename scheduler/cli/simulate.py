"""`schedctl simulate`: run the schedule on a virtual clock, without starting jobs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from scheduler.cli import DEFAULT_FILE, terminal, times
from scheduler.cli.subcommand import subcommand
from scheduler.cli.target import Target
from scheduler.cli.terminal import Cell
from scheduler.config.load import load
from scheduler.control import client
from scheduler.engine.simulation import PARTS, JobLoad, Simulation, simulate
from scheduler.errors import SchedError, UnknownNameError, UsageError
from scheduler.text import cells, did_you_mean
from scheduler.wire.jobs import ListJobs
from scheduler.wire.operations import LIST

ASSUMED = 1.0
"""Duration of a run in seconds when nothing else is known."""

SHADES, PLAIN = " ░▒▓█", " .:+#"
"""Characters from idle to busy, in steps of a quarter: on a terminal, and elsewhere."""

FOLDS = tuple(PARTS // parts for parts in (1, 2, 3, 4, 6, 8, 12))
"""Possible widths of the load chart, widest first."""

WIDTH = 24
"""Width of the load chart when the output is not a terminal: an hour per cell for a day."""

SHRINKING = (0, 2)
"""Columns that may be cut: names, and reasons, which are repeated below the table."""

SHRUNK = 12
"""Width to which these columns are cut at most to make room for the load chart."""

EPSILON = 1e-9
"""Rounding error of sums of fractions."""

Durations = Callable[[str], tuple[float, str]]


@subcommand("simulate")
@click.argument("file", required=False, metavar="[FILE]")
@click.option("--from", "start", type=times.instant, metavar="TIME", help="When schedd starts [default: now]")
@click.option(
    "--to", "end", type=times.instant, metavar="TIME", help="End of the simulation [default: one day after --from]"
)
@click.option(
    "--durations",
    multiple=True,
    metavar="[JOB=]TIME,…",
    help="Duration of runs of one job, or of all others [default: the usual one as known to schedd, else 1s]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an object")
@click.pass_obj
def simulate_file(
    target: Target,
    file: str | None,
    start: datetime | None,
    end: datetime | None,
    durations: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run the schedule on a virtual clock, without starting jobs.

    Reports how many runs each job would have, which would be skipped and why, the peak concurrency, and busy minutes.

    The chart shows when each job is running: the darker a cell, the more of its time, in steps of a quarter. In the row
    of all jobs, the darkest cell is the one with the highest load.

    \b
    Examples:
      schedctl simulate
      schedctl simulate schedules.yaml --from 2026-03-01T00:00Z --to 2026-04-01T00:00Z
      schedctl simulate --durations 10s,poll-rates=45s
    """
    path = Path(file or target.path or DEFAULT_FILE)
    config = load(path)
    begin = start or times.now().replace(microsecond=0)
    finish = end or _a_day_after(begin)
    if finish <= begin:
        raise UsageError("--to must be after --from")
    known = _durations(durations, config.jobs, path)
    result = simulate(config.jobs, known, max_running=config.max_running, start=begin, end=finish)
    if as_json:
        terminal.show_json(result)
    else:
        _show(result)


def _a_day_after(moment: datetime) -> datetime:
    try:
        return moment + timedelta(days=1)
    except OverflowError:
        raise UsageError("one day after --from is outside the supported range of dates") from None


def _durations(options: Iterable[str], jobs: Iterable[str], path: Path) -> Durations:
    """The duration of runs of a job: given on the command line, else the usual one known to schedd, else assumed."""
    given: dict[str, float] = {}
    for entry in ",".join(options).split(",") if options else ():
        job, _, text = entry.rpartition("=")
        if job and job not in jobs:
            raise UnknownNameError(f"--durations: unknown job {job!r}{did_you_mean(job, jobs)}")
        given[job] = times.seconds(text)
    usual = {} if "" in given else _usual(path)

    def duration(job: str) -> tuple[float, str]:
        if job in given:
            return given[job], "given"
        if "" in given:
            return given[""], "given"
        return (usual[job], "usual") if job in usual else (ASSUMED, "assumed")

    return duration


def _usual(path: Path) -> dict[str, float]:
    """The usual durations of jobs, as the running schedd knows them; empty when none is running."""
    try:
        daemon = client.find(str(path.absolute()))
        views = [] if daemon is None else daemon.ask(LIST, ListJobs())
    except SchedError as error:
        terminal.note(f"usual durations are unknown: {error}")
        return {}
    return {view.name: view.usual_duration for view in views if view.usual_duration is not None}


def _show(result: Simulation) -> None:
    seconds = (result.end - result.start).total_seconds()
    click.echo(f"{times.full(result.start, UTC)} to {times.full(result.end, UTC)}, {times.span(seconds)}\n")
    _show_jobs(result, seconds)
    click.echo(f"\nruns              {result.runs}\nskipped           {_reasons(result.skipped) or 'none'}")
    if timed_out := sum(load.timed_out for load in result.jobs):
        click.echo(f"timed out         {timed_out}")
    if result.most_at_once_at is not None:
        click.echo(f"peak concurrency  {result.most_at_once}, first at {times.full(result.most_at_once_at, UTC)}")
    for number, minute in enumerate(result.crowded):
        head = "busy minutes" if number == 0 else ""
        click.echo(f"{head:16}  {minute.starts} starts in the minute of {times.full(minute.at, UTC)}")
    assumed = sum(load.source == "assumed" for load in result.jobs)
    if assumed:
        jobs = "1 job" if assumed == 1 else f"{assumed} jobs"
        terminal.note(f"{jobs} assumed to take {ASSUMED:g}s; to change it: --durations 10s, or --durations JOB=10s")


def _show_jobs(result: Simulation, seconds: float) -> None:
    """Print a row for each job and one for all, with a load chart as wide as fits into the terminal."""
    heads = ("JOB", "RUNS", "SKIPPED", "DURATION", "BUSY")
    rows = [_row(load, seconds) for load in result.jobs]
    total = [sum(part) for part in zip(*(load.load for load in result.jobs), strict=True)]
    everything = [Cell("(all)"), Cell(str(result.runs)), Cell(""), Cell(""), _busy(sum(total), seconds)]
    width = _room(heads, [*rows, everything])
    shades = SHADES if terminal.terminal_width() else PLAIN
    for row, job in zip(rows, result.jobs, strict=True):
        row.append(Cell(strip(coalesced(job.load, width), seconds / width, shades)))
    if len(rows) > 1:
        whole = coalesced(total, width)
        rows.append([*everything, Cell(strip(whole, max(whole), shades))])
    terminal.show_table([*heads, f"LOAD PER {times.span(seconds / width)}"], rows, shrinking=SHRINKING)


def _room(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> int:
    """The widest load chart that fits next to the other columns, some of which are cut for it."""
    within = terminal.terminal_width()
    if within is None:
        return WIDTH
    texts = [heads, *([cell.text for cell in row] for row in rows)]
    widths = [max(cells(text) for text in column) for column in zip(*texts, strict=True)]
    for column in SHRINKING:
        widths[column] = min(widths[column], SHRUNK)
    room = within - sum(widths) - len(widths) * len(terminal.GAP)
    return next((fold for fold in FOLDS if fold <= room), FOLDS[-1])


def _row(load: JobLoad, seconds: float) -> list[Cell]:
    problems = dict(load.skipped) | ({"timed out": load.timed_out} if load.timed_out else {})
    return [
        Cell(load.name),
        Cell(str(load.runs)),
        Cell(_reasons(problems) or "-", "care" if problems else "quiet"),
        Cell(f"{times.span(load.duration)} {load.source}"),
        _busy(load.busy, seconds),
    ]


def _busy(busy: float, seconds: float) -> Cell:
    """The running time, and its share of the simulated time: over 100% for several runs at once."""
    share = 100 * busy / seconds
    return Cell(f"{times.span(busy)} {share:.0f}%" if share >= 1 else f"{times.span(busy)} <1%" if busy else "-")


def _reasons(skipped: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in skipped.items())


def coalesced(load: Sequence[float], width: int) -> list[float]:
    """The load summed up to `width` parts; its length must be a multiple of that."""
    each = len(load) // width
    return [sum(load[part * each : (part + 1) * each]) for part in range(width)]


def strip(load: Iterable[float], fullest: float, shades: str) -> str:
    """A character for each part; the darkest one from three quarters of `fullest` on."""
    steps = len(shades) - 1
    return "".join(
        shades[min(steps, math.ceil(part * steps / fullest - EPSILON))] if part else shades[0] for part in load
    )
