"""The arguments that name jobs and runs, and their completion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

from scheduler.cli.answer_source import Target
from scheduler.control.client import Client
from scheduler.errors import SchedError, UnknownNameError
from scheduler.wire.jobs import ListJobs
from scheduler.wire.operations import HISTORY, LIST
from scheduler.wire.runs import History

OptionFor = Callable[[str], str | None]

RUNS_OFFERED = 200
"""Runs of which the ids are completed, the latest ones."""


def job_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Job names that start with `incomplete`; none when they cannot be found out: completion prints no errors."""
    try:
        target = _target(ctx)
        daemon = target.daemon()
        if daemon is not None:
            names = [view.name for view in daemon.ask(LIST, ListJobs())]
        else:
            from pathlib import Path  # noqa: PLC0415 - loads yaml

            from scheduler.config.load import load  # noqa: PLC0415

            names = list(load(Path(target.path or "")).jobs)
    except SchedError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def run_ids(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Ids of runs that start with `incomplete`, live ones first."""
    try:
        daemon = _target(ctx).daemon()
        if not isinstance(daemon, Client):
            return []
        views = daemon.ask(LIST, ListJobs())
        live = [run.id for view in views for run in view.running]
        live += [run.run_id for view in views for run in view.requested]
        entries = daemon.ask(HISTORY, History(limit=RUNS_OFFERED))
    except SchedError:
        return []
    ids = [*live, *(entry.run.id for entry in entries if entry.run is not None)]
    return [run_id for run_id in dict.fromkeys(ids) if run_id.startswith(incomplete)]


def jobs_and_runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of jobs, and ids of runs."""
    return [*job_names(ctx, param, incomplete), *run_ids(ctx, param, incomplete)]


@contextmanager
def option_instead(words: Sequence[str], option_for: OptionFor) -> Iterator[None]:
    """Within the block, an error about the job that one of `words` names offers the option that was probably meant."""
    try:
        yield
    except UnknownNameError as error:
        for word in words:
            if str(error).startswith(f"no job {word!r}") and (option := option_for(word)) is not None:
                raise UnknownNameError(f"no job {word!r}; did you mean {option}?") from None
        raise


def _target(ctx: click.Context) -> Target:
    return ctx.obj if isinstance(ctx.obj, Target) else Target(None)


some_runs = click.argument("runs", nargs=-1, required=True, metavar="RUN...", shell_complete=run_ids)
one_job = click.argument("job", shell_complete=job_names)
some_jobs = click.argument("jobs", nargs=-1, metavar="[JOB]...", shell_complete=job_names)
