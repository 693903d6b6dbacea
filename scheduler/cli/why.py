"""`schedctl why`: why a job ran, did not run, or will run."""

from __future__ import annotations

from datetime import datetime

import click

from scheduler.cli import terminal, times
from scheduler.cli.arguments import one_job
from scheduler.cli.target import Target
from scheduler.wire.operations import WHY
from scheduler.wire.times import Why


def wall_or_instant(text: str) -> datetime:
    """A time as it stands on the wall of the job's zone, or an instant with its own zone."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time; write one like '2027-01-31 09:00' or 2027-01-31T09:00Z"
        ) from None


@click.command("why")
@one_job
@click.argument("time", type=wall_or_instant, required=False, metavar="[TIME]")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
@click.pass_obj
def why(target: Target, job: str, time: datetime | None, as_json: bool) -> None:
    """Say why a job ran, did not run, or will run.

    At TIME; without one, what it did last and does next.
    TIME without a zone is the clock of the job's own zone.

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
    for word, slot in (("before", view.before), ("after", view.after)):
        if slot is not None and time is not None:
            click.echo(f"  the slot {word}: {times.full(slot, zone)}, {times.relative(slot, now)}")
