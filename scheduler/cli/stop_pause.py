"""`schedctl stop`, `pause` and `resume`: what a person does to jobs."""

from __future__ import annotations

import click

from scheduler.cli import job_table, terminal, times
from scheduler.cli.arguments import job_names, some_jobs
from scheduler.cli.target import Target
from scheduler.wire.jobs import JobView, PauseJobs, ResumeJobs
from scheduler.wire.operations import PAUSE, RESUME, STOP
from scheduler.wire.runs import Stop


@click.command("stop")
@click.argument("job_or_run", metavar="JOB|RUN", shell_complete=job_names)
@click.option("--kill", is_flag=True, help="KILL at once, without TERM and the job's stop_grace.")
@click.option("--json", "as_json", is_flag=True, help="Print what was stopped as an object.")
@click.pass_obj
def stop(target: Target, job_or_run: str, kill: bool, as_json: bool) -> None:
    """Stop a job, or one run.

    All runs of JOB, its retries and its waiting firing, or the RUN with that id. Returns when they are gone.

    The next slot comes as usual: see `pause`.

    \b
    Examples:
      schedctl stop poll-rates
      schedctl stop k3v9d2qa --kill
    """
    view = target.ask(STOP, Stop(target=job_or_run, kill=kill))
    if as_json:
        terminal.show_json(view)
        return
    for run in view.runs:
        took = times.span(run.duration or 0)
        click.echo(f"run {run.id} of {run.job} {run.outcome}, exit {run.exit_code}, after {took}")
    if view.waiting:
        click.echo(f"{view.waiting} waiting called off")
    if not view.runs and not view.waiting:
        click.echo("nothing to stop")


@click.command("pause")
@some_jobs
@click.option("--all", "everything", is_flag=True, help="Every job there is now.")
@click.option(
    "--for", "duration", type=times.seconds, metavar="DURATION", help="Resume by itself after 90s, 1h30m, 2d."
)
@click.option("--note", default="", metavar="TEXT", help="Why; shown by `list`.")
@click.option("--json", "as_json", is_flag=True, help="Print the jobs as an array.")
@click.pass_obj
def pause(
    target: Target, jobs: tuple[str, ...], everything: bool, duration: float | None, note: str, as_json: bool
) -> None:
    """Pass over the slots of jobs.

    Until they are resumed, the time is over, or schedd restarts.
    What runs goes on, and `run-now` still works.

    \b
    Examples:
      schedctl pause poll-rates --for 1h --note 'API is down'
      schedctl pause --all
    """
    ask = PauseJobs(jobs=jobs, all=everything, seconds=duration, note=note)
    _show(target.ask(PAUSE, ask), as_json)


@click.command("resume")
@some_jobs
@click.option("--all", "everything", is_flag=True, help="Every job.")
@click.option("--json", "as_json", is_flag=True, help="Print the jobs as an array.")
@click.pass_obj
def resume(target: Target, jobs: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Take the slots of paused jobs again.

    \b
    Examples:
      schedctl resume poll-rates
      schedctl resume --all
    """
    ask = ResumeJobs(jobs=jobs, all=everything)
    _show(target.ask(RESUME, ask), as_json)


def _show(views: list[JobView], as_json: bool) -> None:
    if as_json:
        terminal.show_json(views)
    else:
        job_table.show(views, times.now())
