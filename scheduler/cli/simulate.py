"""`schedctl simulate`: what a schedule would do in a span of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from scheduler.cli import moments, terminal
from scheduler.cli.target import DEFAULT_FILE, Target
from scheduler.cli.terminal import Cell
from scheduler.config import load
from scheduler.control import client
from scheduler.control.protocol import JobView, ListJobs
from scheduler.control.simulation import JobLoad, Simulation, simulate
from scheduler.errors import SchedError, UnknownNameError, UsageError

ASSUMED = 1.0
"""Seconds that a run takes when nobody knows better."""

SHADES = " ░▒▓█"

Durations = Callable[[str], tuple[float, str]]


@click.command("simulate")
@click.argument("file", required=False, metavar="[FILE]")
@click.option("--from", "start", type=moments.instant, metavar="TIME", help="When schedd starts; now, if not given.")
@click.option("--to", "end", type=moments.instant, metavar="TIME", help="When it ends; a day later, if not given.")
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
    once, and where it is crowded.

    \b
    Examples:
      schedctl simulate
      schedctl simulate schedules.yaml --from 2026-03-01T00:00Z --to 2026-04-01T00:00Z
      schedctl simulate --durations 10s,poll-rates=45s
    """
    path = Path(file or target.path or DEFAULT_FILE)
    config = load(path)
    begin = start or moments.now().replace(microsecond=0)
    finish = end or begin + timedelta(days=1)
    if finish <= begin:
        raise UsageError("--to is not after --from")
    known = _durations(durations, config.jobs, path)
    result = simulate(config.jobs, known, max_running=config.max_running, start=begin, end=finish)
    if as_json:
        terminal.show_json(result)
    else:
        _show(result)


def _durations(options: Iterable[str], jobs: Iterable[str], path: Path) -> Durations:
    """From the command line, else from the past of the schedd that serves the file, else assumed."""
    said: dict[str, float] = {}
    for entry in ",".join(options).split(",") if options else ():
        job, _, text = entry.rpartition("=")
        if job and job not in jobs:
            raise UnknownNameError(f"--durations: no job {job!r}")
        said[job] = moments.seconds(text)
    usual = _usual(path)

    def duration(job: str) -> tuple[float, str]:
        if job in said:
            return said[job], "given"
        if usual.get(job) is not None:
            return usual[job], "usual"
        return (said[""], "given") if "" in said else (ASSUMED, "assumed")

    return duration


def _usual(path: Path) -> dict[str, float]:
    """What the schedd that serves the file, if one does, has seen its jobs take."""
    try:
        daemon = client.find(str(path.absolute()))
        views = [] if daemon is None else daemon.ask("list", ListJobs(), list[JobView])
    except SchedError:
        return {}
    return {view.name: view.usual_duration for view in views if view.usual_duration is not None}


def _show(result: Simulation) -> None:
    span = moments.span((result.end - result.start).total_seconds())
    click.echo(f"{moments.full(result.start, UTC)} to {moments.full(result.end, UTC)}, {span}\n")
    rows = [_row(load) for load in result.jobs]
    heads = ("JOB", "RUNS", "SKIPPED", "TAKES", "BUSY", "STARTS OVER TIME")
    terminal.show_table(heads, rows, shrinking=(0, 2))
    skipped = ", ".join(f"{count} {reason}" for reason, count in result.skipped.items()) or "none"
    click.echo(f"\nruns          {result.runs}\nskipped       {skipped}")
    if result.most_at_once_at is not None:
        click.echo(f"most at once  {result.most_at_once}, first at {moments.full(result.most_at_once_at, UTC)}")
    for number, minute in enumerate(result.crowded):
        head = "crowded" if number == 0 else ""
        click.echo(f"{head:12}  {minute.starts} starts in the minute of {moments.full(minute.at, UTC)}")
    assumed = sum(load.source == "assumed" for load in result.jobs)
    if assumed:
        terminal.note(f"{assumed} jobs are assumed to take {ASSUMED:g}s; say --durations 10s, or --durations JOB=10s")


def _row(load: JobLoad) -> tuple[Cell, ...]:
    skipped = ", ".join(f"{count} {reason}" for reason, count in load.skipped.items()) or "-"
    if load.timed_out:
        skipped = f"{skipped}; {load.timed_out} timed out"
    return (
        Cell(load.name),
        Cell(str(load.runs)),
        Cell(skipped, "care" if load.skipped or load.timed_out else "quiet"),
        Cell(f"{moments.span(load.duration)} {load.source}"),
        Cell(moments.span(load.busy) if load.busy else "-"),
        Cell(strip(load.starts)),
    )


def strip(starts: list[int]) -> str:
    """How many runs begin in each part of the span, as shades; the darkest is where the job itself begins most."""
    most, steps = max(starts), len(SHADES) - 1
    return "".join(SHADES[-(-count * steps // most)] if most else " " for count in starts)
