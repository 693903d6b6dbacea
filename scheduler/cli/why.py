"""`schedctl why`: explain why a job ran, or did not run, at a given time."""

from __future__ import annotations

from datetime import tzinfo

import click

from scheduler.cli import output_format, times, typed_times
from scheduler.cli.answer_source import Target
from scheduler.cli.job_argument import one_job
from scheduler.cli.output_format import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.cli.typed_times import TypedTime
from scheduler.cli.zones import timezone_option, zone_for
from scheduler.wire.operations import WHY
from scheduler.wire.times import Why


@subcommand("why")
@one_job
@click.argument("time", type=typed_times.past, required=False, metavar="[TIME]")
@timezone_option
@output_options("an object")
@click.pass_obj
def why(target: Target, job: str, time: TypedTime | None, zone: tzinfo | None, form: str | None) -> None:
    """Explain why a job ran, or did not run, at a given time.

    Without TIME, explain its last decision and its next run. TIME is in the time zone of the job unless it names one.

    \b
    Examples:
      schedctl why weekly-reminder
      schedctl why poll-rates '2026-05-04 08:07'
      schedctl why weekly-reminder 'yesterday 8:00'
    """
    source = target.source(WHY)
    shown_in = zone_for(zone, source, (job,))
    at = None if time is None else time.wall(shown_in) if zone is None else time.at(shown_in)
    view = source.ask(WHY, Why(job=job, at=at, timezone=str(shown_in)))
    if output_format.shown(view, form):
        return
    for sentence in view.sentences:
        click.echo(sentence[:1].upper() + sentence[1:] if not sentence.startswith(job) else sentence)
    run = None if view.entry is None else view.entry.run
    if run is not None and run.outcome not in {None, "succeeded", "not-started"}:
        click.echo(f"The output of this run: schedctl logs --run {run.id}")
    now = times.now()
    for word, near in (("before", view.before), ("after", view.after)):
        if near is not None and time is not None:
            click.echo(f"  scheduled time {word} it: {times.full(near, shown_in)}, {times.relative(near, now)}")
