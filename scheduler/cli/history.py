"""`schedctl history`: what ran, what did not, and why."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from scheduler.cli import terminal, times
from scheduler.cli.arguments import some_jobs
from scheduler.cli.target import Target
from scheduler.cli.terminal import Cell
from scheduler.wire.operations import HISTORY
from scheduler.wire.runs import History, HistoryEntry
from scheduler.wire.times import REASONS

HEADS = ("WHEN", "JOB", "RUN", "WHAT", "TOOK", "WHY")
GIVING_WAY = (1, 5)


@click.command("history")
@some_jobs
@click.option("--failed", is_flag=True, help="Only runs that did not succeed.")
@click.option("--since", type=times.past, metavar="TIME|DURATION", help="From a time, or from so long ago: 2h.")
@click.option("-n", "--limit", type=click.IntRange(min=1), help="At most so many, the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_obj
def history(
    target: Target, jobs: tuple[str, ...], failed: bool, since: datetime | None, limit: int | None, as_json: bool
) -> None:
    """Show what ran, what did not, and why.

    Newest first, as far as schedd remembers: it forgets with its end.

    \b
    Examples:
      schedctl history poll-rates
      schedctl history --failed --since 24h
    """
    ask = History(jobs=jobs, failed=failed, since=since)
    entries = target.ask(HISTORY, ask)[:limit]
    if as_json:
        terminal.show_json(entries)
    elif entries:
        now = times.now()
        terminal.show_table(HEADS, [row(entry, now) for entry in entries], GIVING_WAY)
    else:
        terminal.note("nothing yet" if not (failed or since) else "nothing of that kind")


def row(entry: HistoryEntry, now: datetime) -> list[Cell]:
    """One entry."""
    when = Cell(f"{times.absolute(entry.last, UTC, now)}, {times.relative(entry.last, now)}")
    run = entry.run
    if entry.reason != "ran":
        more = "more than " if entry.more else ""
        count = f" {more}{entry.count}x" if entry.count > 1 else ""
        what = Cell(f"skipped{count}", "care")
        return [when, Cell(entry.job), Cell("-", "quiet"), what, Cell("-", "quiet"), Cell(REASONS[entry.reason])]
    if run is None:
        return [when, Cell(entry.job), Cell("-", "quiet"), Cell("ran"), Cell("-"), Cell("forgotten since", "quiet")]
    colour = {"succeeded": "good", None: "busy", "stopped": "care"}.get(run.outcome, "bad")
    took = "-" if run.duration is None else times.span(run.duration)
    words = [] if run.trigger == "schedule" else ["by hand" if run.trigger == "manual" else "at start"]
    if run.outcome not in (None, "succeeded"):
        words.append(run.attempts[-1].cause or f"exit {run.exit_code}")
    if len(run.attempts) > 1:
        words.append(f"{len(run.attempts)} attempts")
    what = Cell(run.outcome or "running", colour)
    return [when, Cell(entry.job), Cell(run.id), what, Cell(took), Cell(", ".join(words))]
