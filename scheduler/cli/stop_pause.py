"""`schedctl stop`, `pause` and `resume`."""

from __future__ import annotations

import click

from scheduler.cli import job_table, terminal, times
from scheduler.cli.arguments import job_names, some_jobs
from scheduler.cli.subcommand import subcommand
from scheduler.cli.target import Target
from scheduler.wire.jobs import JobView, PauseJobs, ResumeJobs
from scheduler.wire.operations import PAUSE, RESUME, STOP
from scheduler.wire.runs import Stop


@subcommand("stop")
@click.argument("job_or_run", metavar="JOB|RUN", shell_complete=job_names)
@click.option("--kill", is_flag=True, help="Send SIGKILL at once, instead of SIGTERM and stop_grace")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an object with what was stopped")
@click.pass_obj
def stop(target: Target, job_or_run: str, kill: bool, as_json: bool) -> None:
    """Stop runs of a job.

    Stops all runs of JOB, including retries and waiting runs, or the run with the id RUN. Returns when they have ended.
    Later scheduled runs still start; schedctl pause skips them.

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
        click.echo(f"{view.waiting} waiting {'run' if view.waiting == 1 else 'runs'} cancelled")
    if not view.runs and not view.waiting:
        click.echo("nothing to stop")


@subcommand("pause")
@some_jobs
@click.option("--all", "everything", is_flag=True, help="All jobs of the file")
@click.option(
    "--for", "duration", type=times.seconds, metavar="DURATION", help="Resume automatically after 90s, 1h30m, 2d, …"
)
@click.option("--note", default="", metavar="TEXT", help="Reason, shown by schedctl list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an array of the jobs")
@click.pass_obj
def pause(
    target: Target, jobs: tuple[str, ...], everything: bool, duration: float | None, note: str, as_json: bool
) -> None:
    """Pause jobs: skip their scheduled runs.

    A pause lasts until schedctl resume, until the time given with --for is over, or until schedd restarts. Runs that
    have started continue, and schedctl run-now still works.

    \b
    Examples:
      schedctl pause poll-rates --for 1h --note 'API is down'
      schedctl pause --all
    """
    ask = PauseJobs(jobs=jobs, all=everything, seconds=duration, note=note)
    _show(target.ask(PAUSE, ask), as_json)


@subcommand("resume")
@some_jobs
@click.option("--all", "everything", is_flag=True, help="All jobs of the file")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an array of the jobs")
@click.pass_obj
def resume(target: Target, jobs: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Resume paused jobs.

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
