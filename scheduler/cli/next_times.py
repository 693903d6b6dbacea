"""`schedctl next`: the coming fire times."""

from __future__ import annotations

from datetime import datetime
from itertools import islice, takewhile

import click

from scheduler.cli import terminal, times
from scheduler.cli.arguments import some_jobs
from scheduler.cli.target import Target
from scheduler.cli.terminal import Cell
from scheduler.errors import UsageError
from scheduler.wire.operations import NEXT
from scheduler.wire.times import MOST, FireTime, Next

DEFAULT_COUNT = 10


@click.command("next")
@some_jobs
@click.option("-n", "--count", type=click.IntRange(1, MOST), help=f"How many; 10, or with --until {MOST:,}.")
@click.option("--from", "start", type=times.instant, metavar="TIME", help="Look from this time on instead of now.")
@click.option("--until", type=times.instant, metavar="TIME", help="Stop there.")
@click.option("--timezone", metavar="ZONE", help="Show times in this zone; with --expr, its zone.")
@click.option("--expr", metavar="SCHEDULE", help="Answer for this schedule instead of a file.")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects with `at` and `job`.")
@click.pass_obj
def next_times(  # noqa: PLR0913, PLR0917 - one for each option
    target: Target,
    jobs: tuple[str, ...],
    count: int | None,
    start: datetime | None,
    until: datetime | None,
    timezone: str | None,
    expr: str | None,
    as_json: bool,
) -> None:
    """Show the coming fire times.

    Of all jobs in order, or of those named.

    A time that a clock change moved, folded or left out says so.

    \b
    Examples:
      schedctl next -n 20
      schedctl next poll-rates --until 2026-05-05T00:00Z
      schedctl next --expr '30 2 * * *' --timezone America/New_York --from 2026-03-08T00:00Z -n 5
    """
    all_until = count is None and until is not None
    count = count or (MOST if all_until else DEFAULT_COUNT)
    now = times.now()
    if expr is None:
        # From is a time that counts, whereas a slot at this very moment has been taken.
        after = None if start is None else _just_before(start)
        ask = Next(jobs=jobs, count=count, start=after, until=until)
        found = target.ask(NEXT, ask)
    elif jobs:
        raise UsageError("--expr stands for itself; leave out JOB")
    else:
        found = _of_expression(expr, timezone or "UTC", count, start or now, until)
    if as_json:
        terminal.show_json(found)
    elif found:
        _show(found, timezone, now, with_jobs=expr is None)
    else:
        terminal.note("nothing to come")
    if all_until and len(found) == MOST:
        terminal.note(f"no more than {MOST:,} are shown; the next ones come with --from", "care")


def _of_expression(expr: str, zone_name: str, count: int, start: datetime, until: datetime | None) -> list[FireTime]:
    from scheduler.api.fire_times import fire_times  # noqa: PLC0415
    from scheduler.cli.typed_schedule import read_schedule  # noqa: PLC0415 - loads all of `schedule`

    slots = fire_times(*read_schedule(expr, zone_name), _just_before(start))
    return list(islice(takewhile(lambda slot: until is None or slot.at <= until, slots), count))


def _just_before(start: datetime) -> datetime:
    try:
        return start - datetime.resolution
    except OverflowError:
        raise UsageError("the time before --from lies outside the calendar") from None


def _show(found: list[FireTime], timezone: str | None, now: datetime, *, with_jobs: bool) -> None:
    heads = ["AT", "IN", "JOB", "NOTE"]
    rows = [
        [
            Cell(times.full(slot.at, times.zone_of(timezone or slot.timezone))),
            Cell(times.relative(slot.at, now)),
            Cell(slot.job or ""),
            Cell(slot.note or "", "care"),
        ]
        for slot in found
    ]
    dropped = ([] if with_jobs else [2]) + ([] if any(slot.note for slot in found) else [3])
    for column in reversed(dropped):
        del heads[column]
        for row in rows:
            del row[column]
    terminal.show_table(heads, rows, shrinking=range(len(heads) - 1, 1, -1))
