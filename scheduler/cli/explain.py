"""`schedctl explain`: what a schedule means and does."""

from __future__ import annotations

from datetime import datetime

import click

from scheduler.cli import moments, terminal
from scheduler.cli.job_argument import job_names
from scheduler.cli.target import Target
from scheduler.control.outlook import Explain, Explanation
from scheduler.errors import UsageError

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
        explanation = target.source().ask("explain", Explain(schedule_or_job), Explanation)
    if as_json:
        terminal.show_json(explanation)
    else:
        show(explanation, moments.now())


def show(explanation: Explanation, now: datetime) -> None:
    """The explanation, a paragraph for each thing."""
    zone = moments.zone_of(explanation.timezone)
    head = terminal.paint(explanation.schedule, "head")
    click.echo(f"{head} in {explanation.timezone}")
    if explanation.words is not None:
        click.echo(f"  {explanation.words}")
    click.echo(f"  {KINDS.get(explanation.kind, explanation.kind)}")
    if explanation.next:
        click.echo("\nnext")
    for slot in explanation.next:
        note = "" if slot.note is None else f"  {terminal.paint(slot.note, 'care')}"
        click.echo(f"  {moments.full(slot.at, zone)}, {moments.relative(slot.at, now)}{note}")
    if explanation.clock_changes:
        click.echo("\nclock changes")
    parts = {change.part for change in explanation.clock_changes}
    for change in explanation.clock_changes:
        of_part = f"`{change.part}`: " if len(parts) > 1 else ""
        click.echo(f"  {moments.full(change.at, zone)}  {of_part}{change.sentence}")
    if explanation.traps:
        click.echo("\nmind")
    for trap in explanation.traps:
        click.echo(terminal.paint(f"  {trap}", "care"))


def _is_schedule(text: str) -> bool:
    """A job has a name, without spaces, brackets and `@`."""
    return " " in text.strip() or text.startswith(("@", "{", "[")) or not text.strip()


def _explained(text: str, zone_name: str) -> Explanation:
    from scheduler.cli.expression import read_schedule  # noqa: PLC0415 - loads all of `schedule`
    from scheduler.control.forecast import explanation  # noqa: PLC0415

    return explanation(*read_schedule(text, zone_name), moments.now())
