"""`schedctl simulate`: run the schedule on a virtual clock, without starting jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import click

from scheduler.absolute_path import absolute
from scheduler.cli import output_format, terminal, times, typed_times
from scheduler.cli.answer_source import Target
from scheduler.cli.output_format import output_options
from scheduler.cli.progress import Progress
from scheduler.cli.simulation_report import show
from scheduler.cli.subcommand import subcommand
from scheduler.cli.typed_times import TypedTime
from scheduler.cli.zones import timezone_option
from scheduler.config.load import load
from scheduler.config.loading import Config
from scheduler.control import client
from scheduler.engine.events import Event, Listener, RunStarted
from scheduler.engine.simulation import Simulation, simulate
from scheduler.errors import SchedError, UnknownNameError, UsageError
from scheduler.text import did_you_mean, plural
from scheduler.wire.jobs import ListJobs
from scheduler.wire.operations import LIST

A_DAY = 86_400.0
"""Simulated seconds when nothing else is said."""

ASSUMED = 1.0
"""Duration of a run in seconds when nothing else is known."""

Durations = Callable[[str], tuple[float, str]]


@subcommand("simulate")
@click.argument("file", required=False, metavar="[FILE]", type=click.Path())
@click.option("--from", "start", type=typed_times.future, metavar="TIME", help="When schedd starts [default: now]")
@click.option("--to", "--until", "end", type=typed_times.future, metavar="TIME", help="End of the simulation")
@click.option(
    "--for", "length", type=typed_times.duration, metavar="DURATION", help="Simulated time, such as 30d [default: 1d]"
)
@click.option(
    "--durations",
    multiple=True,
    metavar="[JOB=]DURATION,…",
    help="Duration of runs of one job, or of all others [default: the usual duration in the running schedd, else 1s]",
)
@timezone_option
@output_options("an object")
@click.pass_obj
def simulate_file(  # noqa: PLR0913, PLR0917 - one for each option
    target: Target,
    file: str | None,
    start: TypedTime | None,
    end: TypedTime | None,
    length: float | None,
    durations: tuple[str, ...],
    zone: tzinfo | None,
    form: str | None,
) -> None:
    """Run the schedule on a virtual clock, without starting jobs.

    Reports how many runs each job would have, which would be skipped and why, the peak concurrency, and busy minutes.
    Conditions (`run_if`) are assumed to allow each run.

    The chart shows when each job is running: the darker a cell, the more of its time, in steps of a quarter. In the row
    of all jobs, the darkest cell is the one with the highest load.

    \b
    Examples:
      schedctl simulate
      schedctl simulate schedules.yaml --from 2026-03-01 --for 31d
      schedctl simulate --from tomorrow --to 'tomorrow 6:00'
      schedctl simulate --durations 10s,poll-rates=45s
    """
    path = Path(file or target.file())
    with Progress(f"reading {path.name}") as reading:
        config = load(path, reading.reached)
    shown_in = zone or times.zone_of(config.timezone)
    begin = times.now().replace(microsecond=0) if start is None else start.at(shown_in)
    finish = _end(begin, None if end is None else end.at(shown_in), length)
    known = _durations(durations, config.jobs, path)
    with Progress("simulating") as progress:
        result = simulate(
            config.jobs,
            known,
            max_running=config.max_running,
            start=begin,
            end=finish,
            also=_follow(progress, begin, finish),
        )
    if output_format.shown(result, form):
        return
    show(result, shown_in)
    _note_assumptions(result, config)


def _note_assumptions(result: Simulation, config: Config) -> None:
    if assumed := sum(load.source == "assumed" for load in result.jobs):
        change = "--durations 10s, or --durations JOB=10s"
        terminal.note(f"{plural(assumed, 'job')} assumed to take {ASSUMED:g}s; to change it: {change}")
    if conditional := sum(job.run_if is not None for job in config.jobs.values()):
        terminal.note(f"run_if of {plural(conditional, 'job')} is assumed to allow each run")


def _follow(progress: Progress, begin: datetime, end: datetime) -> Listener:
    """A listener that turns the times of runs into the share of the work that is done."""

    def on_event(event: Event) -> None:
        if isinstance(event, RunStarted):
            progress.reached((event.run.started_at - begin) / (end - begin))

    return on_event


def _end(begin: datetime, end: datetime | None, length: float | None) -> datetime:
    if end is not None and length is not None:
        raise UsageError("--to and --for exclude each other")
    if end is None:
        try:
            end = begin + timedelta(seconds=A_DAY if length is None else length)
        except OverflowError:
            raise UsageError("the end of the simulation is outside the supported range of dates") from None
    if end <= begin:
        raise UsageError("--for must be longer than 0s" if length is not None else "--to must be after --from")
    return end


def _durations(options: Iterable[str], jobs: Iterable[str], path: Path) -> Durations:
    """The duration of runs of a job: given on the command line, else the usual one known to schedd, else assumed."""
    given: dict[str, float] = {}
    for entry in ",".join(options).split(",") if options else ():
        job, _, text = entry.rpartition("=")
        if job and job not in jobs:
            raise UnknownNameError(f"--durations: no job {job!r}{did_you_mean(job, jobs)}")
        try:
            given[job] = typed_times.duration(text)
        except click.BadParameter as error:
            raise click.BadParameter(error.message, param_hint="--durations") from None
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
        daemon = client.find(absolute(str(path)), named=True)
        views = [] if daemon is None else daemon.ask(LIST, ListJobs())
    except SchedError as error:
        terminal.note(f"usual durations are unknown: {error}")
        return {}
    return {view.name: view.usual_duration for view in views if view.usual_duration is not None}
