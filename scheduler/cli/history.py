"""`schedctl history`: list finished and skipped runs."""

from __future__ import annotations

from datetime import datetime, tzinfo

import click

from scheduler.cli import output_format, terminal, times, typed_times
from scheduler.cli.answer_source import Target
from scheduler.cli.job_argument import some_jobs
from scheduler.cli.output_format import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.cli.terminal import Cell
from scheduler.cli.typed_times import TypedTime
from scheduler.cli.zones import timezone_option, zone_for
from scheduler.wire.operations import HISTORY
from scheduler.wire.runs import HISTORY_LIMIT, History, HistoryEntry
from scheduler.wire.times import skipped_text

HEADS = ("TIME", "JOB", "RUN", "OUTCOME", "DURATION", "DETAILS")
SHRINKING = (1, 5)
"""Columns that are cut when the terminal is narrow."""

TRIGGERS = {"start": "at start", "after": "after another job"}
"""In words, why a run was started if not by its schedule; `manual` is a word already."""


@subcommand("history")
@some_jobs
@click.option("--failed", is_flag=True, help="Only runs that did not succeed")
@click.option(
    "--since", type=typed_times.past, metavar="TIME", help="Only entries since this time, such as 2h or yesterday"
)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    default=HISTORY_LIMIT,
    help=f"At most this many, the newest [default: {HISTORY_LIMIT:,}]",
)
@timezone_option
@output_options("an array of objects", wide=True)
@click.pass_obj
def history(
    target: Target,
    jobs: tuple[str, ...],
    failed: bool,
    since: TypedTime | None,
    limit: int,
    zone: tzinfo | None,
    form: str | None,
) -> None:
    """List running, finished and skipped runs.

    Newest first. The last 20 runs and 200 decisions of each job are kept in memory and lost when schedd stops; with a
    `launcher`, the store keeps the runs of seven days. A reload that removes a job deletes its history.

    \b
    Examples:
      schedctl history poll-rates
      schedctl history --failed --since 24h
    """
    source = target.source(HISTORY)
    shown_in = zone_for(zone, source, jobs)
    ask = History(
        jobs=jobs, failed=failed, since=None if since is None else since.at(shown_in), limit=limit or HISTORY_LIMIT
    )
    if output_format.passed_on(source, HISTORY, ask, form):
        return
    entries = source.ask(HISTORY, ask)
    if output_format.shown(entries, form):
        pass
    elif entries:
        now, wide = times.now(), form == output_format.WIDE
        rows = [row(entry, shown_in, now, wide=wide) for entry in entries]
        terminal.show_table(HEADS, rows, SHRINKING, whole=wide)
    else:
        terminal.note("no run has started yet" if not (failed or since) else "no matching runs")


def row(entry: HistoryEntry, zone: tzinfo, now: datetime, *, wide: bool = False) -> list[Cell]:
    """One entry as a row of the table."""
    at = times.full(entry.last, zone) if wide else times.absolute(entry.last, zone, now)
    when = Cell(f"{at}, {times.relative(entry.last, now)}")
    run = entry.run
    if entry.reason is not None:
        more = "more than " if entry.more else ""
        count = f" {more}{entry.count}x" if entry.count > 1 else ""
        outcome = Cell(f"skipped{count}", "care")
        why = skipped_text(entry.reason, entry.note)
        why += "" if entry.by is None else f"; requested by {entry.by.text}"
        why += "" if entry.arguments is None else f" with {entry.arguments.text}"
        why += "" if entry.stopped_by is None else f"; stopped by {entry.stopped_by.text}"
        return [when, Cell(entry.job), Cell(entry.run_id or "-", "quiet"), outcome, Cell("-", "quiet"), Cell(why)]
    if run is None:
        forgotten = Cell("details no longer kept", "quiet")
        return [when, Cell(entry.job), Cell(entry.run_id or "-", "quiet"), Cell("ran"), Cell("-"), forgotten]
    colour = {"succeeded": "good", None: "busy", "stopped": "care"}.get(run.outcome, "bad")
    took = "-" if run.duration is None else times.span(run.duration)
    details = [] if run.trigger == "schedule" else [TRIGGERS.get(run.trigger, run.trigger)]
    if run.by is not None:
        details.append(f"requested by {run.by.text}")
    if run.arguments is not None:
        details.append(f"with {run.arguments.text}")
    if run.outcome not in (None, "succeeded"):
        details.append(run.attempts[-1].cause or run.exit_text)
    if run.stopped_by is not None:
        details.append(f"stopped by {run.stopped_by.text}")
    if len(run.attempts) > 1:
        details.append(f"{len(run.attempts)} attempts")
    outcome = Cell(run.outcome or "running", colour)
    return [when, Cell(entry.job), Cell(run.id), outcome, Cell(took), Cell(", ".join(details))]
