"""`schedctl stop`, `pause` and `resume`."""

from __future__ import annotations

from datetime import tzinfo

import click

from scheduler.cli import job_table, output_format, terminal, times, typed_times
from scheduler.cli.answer_source import Target
from scheduler.cli.job_argument import jobs_and_runs, option_instead, some_jobs
from scheduler.cli.output_format import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.cli.typed_times import TypedTime
from scheduler.cli.zones import timezone_option, zone_for
from scheduler.errors import UsageError
from scheduler.text import plural
from scheduler.wire.jobs import JobView, PauseJobs, ResumeJobs
from scheduler.wire.operations import PAUSE, RESUME, STOP
from scheduler.wire.runs import Stop

NAMED = 5
"""Number of jobs that are still paused which a note names."""


@subcommand("stop")
@click.argument("job_or_run", metavar="JOB|RUN", shell_complete=jobs_and_runs)
@click.option("--kill", is_flag=True, help="Send SIGKILL at once, instead of SIGTERM and stop_grace")
@output_options("an object with what was stopped")
@click.pass_obj
def stop(target: Target, job_or_run: str, kill: bool, form: str | None) -> None:
    """Stop runs of a job.

    Stops all runs of JOB, including retries and waiting runs, or the run with the id RUN. Returns when they have ended.
    Later scheduled runs still start; schedctl pause skips them.

    \b
    Examples:
      schedctl stop poll-rates
      schedctl stop k3v9d2qa --kill
    """
    view = target.ask(STOP, Stop(target=job_or_run, kill=kill))
    if output_format.shown(view, form):
        return
    for run in view.runs:
        took = times.span(run.duration or 0)
        click.echo(f"run {run.id} of {run.job} {run.outcome}, {run.exit_text}, after {took}")
    if view.waiting:
        click.echo(f"{plural(view.waiting, 'waiting run')} cancelled")
    if not view.runs and not view.waiting:
        click.echo("nothing to stop")


@subcommand("pause")
@some_jobs
@click.option("--all", "everything", is_flag=True, help="All jobs of the file")
@click.option(
    "--for", "duration", type=typed_times.duration, metavar="DURATION", help="Resume automatically after 90s, 1h30m, 2d"
)
@click.option(
    "--until",
    type=typed_times.future,
    metavar="TIME",
    help="Resume automatically at this time, such as 'tomorrow 8:00'",
)
@click.option("--note", default="", metavar="TEXT", help="Reason, shown by schedctl list")
@timezone_option
@output_options("an array of the jobs")
@click.pass_obj
def pause(  # noqa: PLR0913, PLR0917 - one for each option
    target: Target,
    jobs: tuple[str, ...],
    everything: bool,
    duration: float | None,
    until: TypedTime | None,
    note: str,
    zone: tzinfo | None,
    form: str | None,
) -> None:
    """Pause jobs: skip their scheduled runs.

    A pause lasts until schedctl resume, until the time given with --for or --until, or until schedd restarts. Runs that
    have started continue, and schedctl run-now still works. A pause of --all does not replace the pause of a single
    job: the one that ends last counts.

    \b
    Examples:
      schedctl pause poll-rates --for 1h --note 'API is down'
      schedctl pause poll-rates --until 'tomorrow 8:00'
      schedctl pause --all
    """
    if duration is not None and until is not None:
        raise UsageError("--for and --until exclude each other")
    source = target.source(PAUSE)
    with option_instead(jobs, _option_of_pause):
        shown_in = zone_for(zone, source, jobs)
    if until is not None:
        duration = (until.at(shown_in) - times.now()).total_seconds()
        if duration <= 0:
            raise UsageError(f"--until: {until.text!r} is in the past")
    with option_instead(jobs, _option_of_pause):
        views = source.ask(PAUSE, PauseJobs(jobs=jobs, all=everything, seconds=duration, note=note))
    _show(views, shown_in, form)


def _option_of_pause(word: str) -> str | None:
    """The option for `all` or a duration in the place of a job."""
    if word == "all":
        return "--all"
    try:
        typed_times.duration(word)
    except click.BadParameter:
        return None
    return f"--for {word}"


@subcommand("resume")
@some_jobs
@click.option("--all", "everything", is_flag=True, help="All jobs of the file")
@timezone_option
@output_options("an array of the jobs")
@click.pass_obj
def resume(target: Target, jobs: tuple[str, ...], everything: bool, zone: tzinfo | None, form: str | None) -> None:
    """Resume paused jobs.

    With JOB, all pauses of this job end, also that of `pause --all`. With --all, only the pause of `pause --all` ends:
    jobs that were paused by name stay paused until they are resumed by name.

    \b
    Examples:
      schedctl resume poll-rates
      schedctl resume --all
    """
    source = target.source(RESUME)
    with option_instead(jobs, {"all": "--all"}.get):
        shown_in = zone_for(zone, source, jobs)
        views = source.ask(RESUME, ResumeJobs(jobs=jobs, all=everything))
    _show(views, shown_in, form)
    if everything and (kept := [view.name for view in views if view.paused is not None]):
        names = ", ".join(kept[:NAMED]) + (f" and {len(kept) - NAMED} more" if len(kept) > NAMED else "")
        terminal.note(f"schedctl: still paused, since they were paused by name: {names}", "care")


def _show(views: list[JobView], zone: tzinfo, form: str | None) -> None:
    if not output_format.shown(views, form):
        job_table.show(views, zone, times.now())
