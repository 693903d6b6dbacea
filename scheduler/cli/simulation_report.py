"""Print what a simulation found: a table of jobs with a load chart, and totals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo

import click

from scheduler.cli import terminal, times
from scheduler.cli.terminal import Cell
from scheduler.engine.simulation import PARTS, JobLoad, Simulation
from scheduler.text import cells

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


def show(result: Simulation, zone: tzinfo) -> None:
    """Print the table and the totals, with times in `zone`."""
    seconds = (result.end - result.start).total_seconds()
    click.echo(f"{times.full(result.start, zone)} to {times.full(result.end, zone)}, {times.span(seconds)}\n")
    _show_jobs(result, seconds)
    click.echo(f"\nruns              {result.runs}\nskipped           {_reasons(result.skipped) or 'none'}")
    if timed_out := sum(load.timed_out for load in result.jobs):
        click.echo(f"timed out         {timed_out}")
    if result.most_at_once_at is not None:
        click.echo(f"peak concurrency  {result.most_at_once}, first at {times.full(result.most_at_once_at, zone)}")
    for number, minute in enumerate(result.busy_minutes):
        head = "busy minutes" if number == 0 else ""
        click.echo(f"{head:16}  {minute.starts} starts in the minute of {times.full(minute.at, zone)}")


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
