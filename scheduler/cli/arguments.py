"""The arguments that name jobs, and their completion."""

from __future__ import annotations

import click

from scheduler.cli.target import Target
from scheduler.errors import SchedError
from scheduler.wire.jobs import ListJobs
from scheduler.wire.operations import LIST


def job_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Job names that start with `incomplete`; none when they cannot be found out: completion prints no errors."""
    try:
        target = ctx.obj if isinstance(ctx.obj, Target) else Target(None)
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


one_job = click.argument("job", shell_complete=job_names)
some_jobs = click.argument("jobs", nargs=-1, metavar="[JOB]...", shell_complete=job_names)
