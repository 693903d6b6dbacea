"""`schedctl explain`: explain a schedule in words, with its DST changes and pitfalls."""

from __future__ import annotations

from datetime import datetime, tzinfo

import click

from scheduler.cli import output_format, terminal, times
from scheduler.cli.answer_source import Target
from scheduler.cli.job_argument import job_names
from scheduler.cli.output_format import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.errors import UnknownNameError, UsageError
from scheduler.wire.operations import EXPLAIN
from scheduler.wire.times import Explain, Explanation

KINDS = {
    "wildcard": "wildcard schedule: runs in both occurrences of an hour that DST repeats, and not in a skipped hour",
    "fixed-time": "fixed-time schedule: runs only in the first occurrence of an hour that DST repeats; all times in a "
    "skipped hour become one run right after it",
    "interval": "interval: DST changes have no effect",
}
"""What DST does to each kind of schedule; it does nothing to the others."""


@subcommand("explain")
@click.argument("words", metavar="SCHEDULE|JOB", nargs=-1, required=True, shell_complete=job_names)
@click.option(
    "--timezone",
    "zone",
    type=times.typed_zone,
    shell_complete=times.zone_names,
    metavar="NAME",
    help="Time zone of SCHEDULE [default: UTC], or of the times shown for JOB",
)
@output_options("an object")
@click.pass_obj
def explain(target: Target, words: tuple[str, ...], zone: tzinfo | None, form: str | None) -> None:
    """Explain a schedule in words, with its DST changes and pitfalls.

    Takes a SCHEDULE as it is written in the file, or the name of a JOB.

    \b
    Examples:
      schedctl explain '*/7 2 31 * *' --timezone Europe/Berlin
      schedctl explain '{day_of_week: mon, hour: 8}'
      schedctl explain weekly-reminder
    """
    schedule_or_job, *more = words
    if more:
        raise UsageError("a schedule is one argument: put it in quotes, as in schedctl explain '0 9 * * mon'")
    if _is_schedule(schedule_or_job):
        schedule, zone = (schedule_or_job, zone) if zone is not None else _with_zone(schedule_or_job)
        explanation = _explained(schedule, str(zone or "UTC"))
    else:
        try:
            explanation = target.ask(EXPLAIN, Explain(schedule_or_job))
        except (UnknownNameError, UsageError) as error:
            raise _corrected(schedule_or_job) or error from None
    if not output_format.shown(explanation, form):
        show(explanation, zone or times.zone_of(explanation.timezone), times.now())


def show(explanation: Explanation, zone: tzinfo, now: datetime) -> None:
    """Print the explanation, one section for each aspect."""
    head = terminal.paint(explanation.schedule, "head")
    click.echo(f"{head} in {explanation.timezone}")
    if explanation.words is not None:
        click.echo(f"  {explanation.words}")
    for kind in explanation.kind.split(" and "):
        if kind in KINDS:
            click.echo(f"  {KINDS[kind]}")
    if explanation.next:
        click.echo("\nNext runs")
    for coming in explanation.next:
        note = "" if coming.note is None else f"  {terminal.paint(coming.note, 'care')}"
        click.echo(f"  {times.full(coming.at, zone)}, {times.relative(coming.at, now)}{note}")
    if explanation.dst_changes:
        click.echo("\nDaylight saving time")
    parts = {change.part for change in explanation.dst_changes}
    for change in explanation.dst_changes:
        of_part = f"`{change.part}`: " if len(parts) > 1 else ""
        click.echo(f"  {times.full(change.at, zone)}  {of_part}{change.sentence}")
    if explanation.pitfalls:
        click.echo("\nPitfalls")
    for pitfall in explanation.pitfalls:
        click.echo(terminal.paint(f"  {pitfall}", "care"))


def _is_schedule(text: str) -> bool:
    """Whether the text is a schedule: names of jobs have no spaces, brackets or `@`."""
    return " " in text.strip() or text.startswith(("@", "{", "[")) or not text.strip()


def _corrected(text: str) -> UsageError | None:
    """The error about a schedule in another notation, such as `5m` or `daily`, with what to write instead."""
    from scheduler.cli.typed_schedule import read_schedule  # noqa: PLC0415 - loads all of `schedule`

    try:
        read_schedule(text, "UTC")
    except UsageError as error:
        return error if "\n  help: " in str(error) else None
    return None


def _with_zone(text: str) -> tuple[str, tzinfo | None]:
    """`0 8 * * mon in Europe/Berlin`, the first line that this command prints, in its two parts."""
    schedule, found, name = text.rpartition(" in ")
    if found and not name.islower():  # a name of a zone has capital letters; `every day in may` has no zone
        try:
            return schedule, times.zone_of(name)
        except UsageError:
            pass
    return text, None


def _explained(text: str, zone_name: str) -> Explanation:
    from scheduler.api.scheduled_times import explanation  # noqa: PLC0415
    from scheduler.cli.typed_schedule import read_schedule  # noqa: PLC0415 - loads all of `schedule`

    return explanation(*read_schedule(text, zone_name), times.now())
