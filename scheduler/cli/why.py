"""`schedctl why`: explain why a job ran, or did not run, at a given time."""

from __future__ import annotations

from datetime import datetime

import click

from scheduler.cli import terminal, times
from scheduler.cli.arguments import one_job
from scheduler.cli.subcommand import subcommand
from scheduler.cli.target import Target
from scheduler.wire.operations import WHY
from scheduler.wire.times import Why


def wall_or_instant(text: str) -> datetime:
    """A local time in the time zone of the job, or a time with its offset."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a valid time; use the form '2027-01-31 09:00' or 2027-01-31T09:00Z"
        ) from None


@subcommand("why")
@one_job
@click.argument("time", type=wall_or_instant, required=False, metavar="[TIME]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an object")
@click.pass_obj
def why(target: Target, job: str, time: datetime | None, as_json: bool) -> None:
    """Explain why a job ran, or did not run, at a given time.

    Without TIME, explain its last decision and its next run. TIME is local time in the time zone of the job unless it
    has an offset.

    \b
    Examples:
      schedctl why weekly-reminder
      schedctl why poll-rates '2026-05-04 08:07'
    """
    view = target.ask(WHY, Why(job=job, at=time))
    if as_json:
        terminal.show_json(view)
        return
    for sentence in view.sentences:
        click.echo(sentence[:1].upper() + sentence[1:] if not sentence.startswith(job) else sentence)
    zone, now = times.zone_of(view.timezone), times.now()
    for word, at in (("previous", view.before), ("next", view.after)):
        if at is not None and time is not None:
            click.echo(f"  {word} scheduled time: {times.full(at, zone)}, {times.relative(at, now)}")
