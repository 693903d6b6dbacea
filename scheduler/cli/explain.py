"""`schedctl explain`: what a schedule means and does."""

from __future__ import annotations

from datetime import datetime

import click

from scheduler.cli import terminal, times
from scheduler.cli.arguments import job_names
from scheduler.cli.target import Target
from scheduler.errors import UsageError
from scheduler.wire.operations import EXPLAIN
from scheduler.wire.times import Explain, Explanation

KINDS = {
    "wildcard": "wildcard: real time, it runs in both passes of a repeated hour and not in one that is left out",
    "fixed-time": "fixed-time: each time once whatever the clock does, one that is left out is made up for",
}


@click.command("explain")
@click.argument("schedule_or_job", metavar="SCHEDULE|JOB", shell_complete=job_names)
@click.option("--timezone", metavar="ZONE", help="The zone of SCHEDULE; UTC by default.")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
@click.pass_obj
def explain(target: Target, schedule_or_job: str, timezone: str | None, as_json: bool) -> None:
    """Explain a schedule, or that of a job.

    In words, by its next times, by what clock changes do to it, and by what may surprise.

    \b
    Examples:
      schedctl explain '*/7 2 31 * *' --timezone Europe/Berlin
      schedctl explain '{day_of_week: mon, hour: 8}'
      schedctl explain weekly-reminder
    """
    if _is_schedule(schedule_or_job):
        explanation = _explained(schedule_or_job, timezone or "UTC")
    elif timezone is not None:
        raise UsageError("a job has its own time zone; leave out --timezone")
    else:
        explanation = target.ask(EXPLAIN, Explain(schedule_or_job))
    if as_json:
        terminal.show_json(explanation)
    else:
        show(explanation, times.now())


def show(explanation: Explanation, now: datetime) -> None:
    """The explanation, a paragraph for each thing."""
    zone = times.zone_of(explanation.timezone)
    head = terminal.paint(explanation.schedule, "head")
    click.echo(f"{head} in {explanation.timezone}")
    if explanation.words is not None:
        click.echo(f"  {explanation.words}")
    click.echo(f"  {KINDS.get(explanation.kind, explanation.kind)}")
    if explanation.next:
        click.echo("\nnext")
    for slot in explanation.next:
        note = "" if slot.note is None else f"  {terminal.paint(slot.note, 'care')}"
        click.echo(f"  {times.full(slot.at, zone)}, {times.relative(slot.at, now)}{note}")
    if explanation.clock_changes:
        click.echo("\nclock changes")
    parts = {change.part for change in explanation.clock_changes}
    for change in explanation.clock_changes:
        of_part = f"`{change.part}`: " if len(parts) > 1 else ""
        click.echo(f"  {times.full(change.at, zone)}  {of_part}{change.sentence}")
    if explanation.pitfalls:
        click.echo("\nmind")
    for trap in explanation.pitfalls:
        click.echo(terminal.paint(f"  {trap}", "care"))


def _is_schedule(text: str) -> bool:
    """A job has a name, without spaces, brackets and `@`."""
    return " " in text.strip() or text.startswith(("@", "{", "[")) or not text.strip()


def _explained(text: str, zone_name: str) -> Explanation:
    from scheduler.api.fire_times import explanation  # noqa: PLC0415
    from scheduler.cli.typed_schedule import read_schedule  # noqa: PLC0415 - loads all of `schedule`

    return explanation(*read_schedule(text, zone_name), times.now())
