"""`schedctl next`: list coming runs."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from itertools import islice, takewhile

import click

from scheduler.api.lookup import in_utc
from scheduler.cli import output_format, terminal, times, typed_times
from scheduler.cli.answer_source import FileAlone, Target
from scheduler.cli.job_argument import option_instead, some_jobs
from scheduler.cli.output_format import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.cli.terminal import Cell
from scheduler.cli.typed_times import TypedTime
from scheduler.cli.zones import timezone_option_beside_expr, zone_for
from scheduler.control.client import Client
from scheduler.errors import UsageError
from scheduler.wire.operations import NEXT
from scheduler.wire.times import MOST, Next, ScheduledTime

DEFAULT_COUNT = 10


@subcommand("next")
@some_jobs
@click.option(
    "-n", "--count", type=click.IntRange(1, MOST), help=f"Number of runs [default: 10, or {MOST:,} with --until]"
)
@click.option("--from", "start", type=typed_times.future, metavar="TIME", help="First time to show [default: now]")
@click.option("--until", type=typed_times.future, metavar="TIME", help="Last time to show")
@timezone_option_beside_expr
@click.option("--expr", metavar="SCHEDULE", help="List the times of this schedule instead of jobs")
@output_options("an array of objects", wide=True)
@click.pass_obj
def next_times(  # noqa: PLR0913, PLR0917 - one for each option
    target: Target,
    jobs: tuple[str, ...],
    count: int | None,
    start: TypedTime | None,
    until: TypedTime | None,
    zone: tzinfo | None,
    expr: str | None,
    form: str | None,
) -> None:
    """List coming runs.

    Lists the runs of all jobs, or of each JOB, in the order of their times. A time that is affected by a DST change has
    a note.

    \b
    Examples:
      schedctl next -n 20
      schedctl next poll-rates --from tomorrow --until 'tomorrow 12:00'
      schedctl next --expr '30 2 * * *' --timezone America/New_York --from 2026-03-08T00:00Z -n 5
    """
    if expr is not None and jobs:
        raise UsageError("--expr and JOB exclude each other")
    all_until = count is None and until is not None
    count = count or (MOST if all_until else DEFAULT_COUNT)
    now = times.now()
    if expr is None:
        with option_instead(jobs, _count_option):
            found, shown_in = _of_jobs(target, jobs, zone, count, start, until)
    else:
        shown_in = zone or UTC
        _check_order(start, until, shown_in)
        begin = now if start is None else start.at(shown_in)
        found = _of_expression(expr, shown_in, count, begin, None if until is None else until.at(shown_in))
    if output_format.shown(found, form):
        pass
    elif found:
        _show(found, shown_in, now, with_jobs=expr is None, wide=form == output_format.WIDE)
    else:
        terminal.note("no coming runs")
    if all_until and len(found) == MOST:
        terminal.note(f"only the first {MOST:,} are shown; use --from to continue", "care")


def _check_order(start: TypedTime | None, until: TypedTime | None, zone: tzinfo) -> None:
    if start is not None and until is not None and until.at(zone) < start.at(zone):
        raise UsageError("--until is before --from")


def _count_option(word: str) -> str | None:
    """The option for a number in the place of a job."""
    return f"-n {word}" if word.isdecimal() and word.isascii() and 1 <= int(word) <= MOST else None


def _of_jobs(
    target: Target,
    jobs: tuple[str, ...],
    zone: tzinfo | None,
    count: int,
    start: TypedTime | None,
    until: TypedTime | None,
) -> tuple[list[ScheduledTime], tzinfo]:
    """Coming runs, and the zone in which they are shown."""
    source = target.source(NEXT)
    shown_in = zone_for(zone, source, jobs)
    _check_order(start, until, shown_in)
    # A run at exactly --from is shown; a run at exactly this moment has been started already.
    after = None if start is None else _just_before(start.at(shown_in))
    end = None if until is None else until.at(shown_in)
    ask = Next(jobs=jobs, count=count, start=after, until=end, timezone=str(shown_in))
    return _coming_runs(source, ask), shown_in


def _coming_runs(source: Client | FileAlone, ask: Next) -> list[ScheduledTime]:
    if isinstance(source, Client):
        return source.ask(NEXT, ask)
    import asyncio  # noqa: PLC0415

    from scheduler.api import scheduled_times  # noqa: PLC0415
    from scheduler.cli.progress import Progress  # noqa: PLC0415

    with Progress("computing times") as progress:
        return list(asyncio.run(scheduled_times.next_times(source.service(), ask, progress.reached)))


def _of_expression(expr: str, zone: tzinfo, count: int, start: datetime, until: datetime | None) -> list[ScheduledTime]:
    from scheduler.api.scheduled_times import times_of  # noqa: PLC0415
    from scheduler.cli.typed_schedule import read_schedule  # noqa: PLC0415 - loads all of `schedule`

    found = times_of(*read_schedule(expr, str(zone)), _just_before(start))
    return list(islice(takewhile(lambda coming: until is None or coming.at <= until, found), count))


def _just_before(start: datetime) -> datetime:
    return in_utc(start) - datetime.resolution


def _show(found: list[ScheduledTime], zone: tzinfo, now: datetime, *, with_jobs: bool, wide: bool) -> None:
    heads = ["AT", "IN", "JOB", "NOTE"]
    rows = [
        [
            Cell(times.full(coming.at, zone)),
            Cell(times.relative(coming.at, now)),
            Cell(coming.job or ""),
            Cell(coming.note or "", "care"),
        ]
        for coming in found
    ]
    dropped = ([] if with_jobs else [2]) + ([] if any(coming.note for coming in found) else [3])
    for column in reversed(dropped):
        del heads[column]
        for row in rows:
            del row[column]
    terminal.show_table(heads, rows, shrinking=range(len(heads) - 1, 1, -1), whole=wide)
