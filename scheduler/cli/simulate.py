"""`schedctl simulate`: what a schedule would do in a span of time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from scheduler.cli import DEFAULT_FILE, terminal, times
from scheduler.cli.target import Target
from scheduler.cli.terminal import Cell
from scheduler.config.load import load
from scheduler.control import client
from scheduler.engine.simulation import PARTS, JobLoad, Simulation, simulate
from scheduler.errors import SchedError, UnknownNameError, UsageError
from scheduler.text import cells
from scheduler.wire.jobs import ListJobs
from scheduler.wire.operations import LIST

ASSUMED = 1.0
"""Seconds that a run takes when nobody knows better."""

SHADES, PLAIN = " ░▒▓█", " .:+#"
"""From idle in steps of a quarter to busy, on a terminal and elsewhere."""

FOLDS = tuple(PARTS // parts for parts in (1, 2, 3, 4, 6, 8, 12))
"""Widths that the parts of the span can be drawn in, widest first."""

WIDTH = 24
"""Cells of a drawing that nothing limits: an hour each, when the span is a day."""

SHRINKING = (0, 2)
"""The columns that may be cut: names, and reasons, which are told again below the table."""

GIVING_WAY = 12
"""Cells to which those columns may be cut in favour of the drawing."""

HAIR = 1e-9
"""What sums of fractions may be too much by."""

Durations = Callable[[str], tuple[float, str]]


@click.command("simulate")
@click.argument("file", required=False, metavar="[FILE]")
@click.option("--from", "start", type=times.instant, metavar="TIME", help="When schedd starts; now, if not given.")
@click.option("--to", "end", type=times.instant, metavar="TIME", help="The last instant; a day later, if not given.")
@click.option(
    "--durations",
    multiple=True,
    metavar="[JOB=]TIME,…",
    help="How long runs take: of one job, or of all others. Else the usual duration that schedd knows, or 1s.",
)
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
@click.pass_obj
def simulate_file(
    target: Target,
    file: str | None,
    start: datetime | None,
    end: datetime | None,
    durations: tuple[str, ...],
    as_json: bool,
) -> None:
    """Try a schedule out, without running anything.

    The real scheduler on a clock that does not wait: how many runs, which slots are skipped and why, how much runs at
    once, and where it is crowded. A row of the drawing darkens by quarters of the time that the job runs; the row of
    all jobs by quarters of what its fullest part has.

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
        raise UsageError("--to is not after --from")
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
        raise UsageError("a day after --from lies outside the calendar") from None


def _durations(options: Iterable[str], jobs: Iterable[str], path: Path) -> Durations:
    """From the command line, else from the past of the schedd that serves the file, else assumed."""
    said: dict[str, float] = {}
    for entry in ",".join(options).split(",") if options else ():
        job, _, text = entry.rpartition("=")
        if job and job not in jobs:
            raise UnknownNameError(f"--durations: no job {job!r}")
        said[job] = times.seconds(text)
    usual = {} if "" in said else _usual(path)

    def duration(job: str) -> tuple[float, str]:
        if job in said:
            return said[job], "given"
        if "" in said:
            return said[""], "given"
        return (usual[job], "usual") if job in usual else (ASSUMED, "assumed")

    return duration


def _usual(path: Path) -> dict[str, float]:
    """What the schedd that serves the file, if one does, has seen its jobs take."""
    try:
        daemon = client.find(str(path.absolute()))
        views = [] if daemon is None else daemon.ask(LIST, ListJobs())
    except SchedError as error:
        terminal.note(f"how long jobs usually take is unknown: {error}")
        return {}
    return {view.name: view.usual_duration for view in views if view.usual_duration is not None}


def _show(result: Simulation) -> None:
    seconds = (result.end - result.start).total_seconds()
    click.echo(f"{times.full(result.start, UTC)} to {times.full(result.end, UTC)}, {times.span(seconds)}\n")
    _show_jobs(result, seconds)
    click.echo(f"\nruns          {result.runs}\nskipped       {_reasons(result.skipped) or 'none'}")
    if timed_out := sum(load.timed_out for load in result.jobs):
        click.echo(f"timed out     {timed_out}")
    if result.most_at_once_at is not None:
        click.echo(f"most at once  {result.most_at_once}, first at {times.full(result.most_at_once_at, UTC)}")
    for number, minute in enumerate(result.crowded):
        head = "crowded" if number == 0 else ""
        click.echo(f"{head:12}  {minute.starts} starts in the minute of {times.full(minute.at, UTC)}")
    assumed = sum(load.source == "assumed" for load in result.jobs)
    if assumed:
        jobs = "1 job is" if assumed == 1 else f"{assumed} jobs are"
        terminal.note(f"{jobs} assumed to take {ASSUMED:g}s; say --durations 10s, or --durations JOB=10s")


def _show_jobs(result: Simulation, seconds: float) -> None:
    """A row for each job and one for all, each with its drawing at the end, as wide as the terminal has room for."""
    heads = ("JOB", "RUNS", "SKIPPED", "TAKES", "BUSY")
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
    terminal.show_table([*heads, f"RUNNING PER {times.span(seconds / width)}"], rows, shrinking=SHRINKING)


def _room(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> int:
    """The widest drawing that fits beside the other columns, of which some give way a little to it."""
    within = terminal.terminal_width()
    if within is None:
        return WIDTH
    texts = [heads, *([cell.text for cell in row] for row in rows)]
    widths = [max(cells(text) for text in column) for column in zip(*texts, strict=True)]
    for column in SHRINKING:
        widths[column] = min(widths[column], GIVING_WAY)
    room = within - sum(widths) - len(widths) * len(terminal.GAP)
    return next((fold for fold in FOLDS if fold <= room), FOLDS[-1])


def _row(load: JobLoad, seconds: float) -> list[Cell]:
    troubles = dict(load.skipped) | ({"timed out": load.timed_out} if load.timed_out else {})
    return [
        Cell(load.name),
        Cell(str(load.runs)),
        Cell(_reasons(troubles) or "-", "care" if troubles else "quiet"),
        Cell(f"{times.span(load.duration)} {load.source}"),
        _busy(load.busy, seconds),
    ]


def _busy(busy: float, seconds: float) -> Cell:
    """How long something ran, and what share of the span that is: of several at once it may exceed 100%."""
    share = 100 * busy / seconds
    return Cell(f"{times.span(busy)} {share:.0f}%" if share >= 1 else f"{times.span(busy)} <1%" if busy else "-")


def _reasons(skipped: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in skipped.items())


def coalesced(load: Sequence[float], width: int) -> list[float]:
    """The load in `width` parts, of which it has a multiple."""
    each = len(load) // width
    return [sum(load[part * each : (part + 1) * each]) for part in range(width)]


def strip(load: Iterable[float], fullest: float, shades: str) -> str:
    """A shade for each part; the darkest from three quarters of `fullest` on."""
    steps = len(shades) - 1
    return "".join(shades[min(steps, math.ceil(part * steps / fullest - HAIR))] if part else shades[0] for part in load)
