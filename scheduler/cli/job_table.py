"""The table of jobs that `list`, `pause` and `resume` print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

import click

from scheduler.cli import terminal, times
from scheduler.cli.terminal import Cell
from scheduler.text import cells, listed, printable_line
from scheduler.wire.jobs import JobView
from scheduler.wire.runs import RunView

HEADS = ("NAME", "SCHEDULE", "NEXT", "LAST", "STATUS")
NAME, SCHEDULE, NEXT, LAST, STATUS = range(5)
WIDE_HEADS = (*HEADS, "TIMEZONE", "USUAL DURATION", "DESCRIPTION")

NARROWEST = {NAME: 14, SCHEDULE: 9, LAST: 16}
"""Columns that are cut on a narrow terminal, and to which width at most. Of STATUS, only the note of a pause is cut."""

NARROWEST_OF_FOUR = {NAME: 12, LAST: 14}
"""The same, when schedules are left out."""

COLOURS = {
    "running": "busy",
    "waiting": "care",
    "retrying": "care",
    "paused": "care",
    "disabled": "quiet",
    "done": "quiet",
}


def show(views: Sequence[JobView], zone: tzinfo, now: datetime, *, wide: bool = False) -> None:
    """Print the table, with times in `zone`."""
    if not views:
        terminal.note("no jobs; to add one: schedctl edit")
        return
    if wide:
        rows = [[*row(view, zone, now, wide=True), *_more(view)] for view in views]
        terminal.show_table(WIDE_HEADS, rows, whole=True)
        return
    for line in lines(views, zone, now, terminal.terminal_width()):
        click.echo(line)


def lines(
    views: Sequence[JobView], zone: tzinfo, now: datetime, room: int | None, *, painted: bool = True
) -> list[str]:
    """The lines of the table, its header first, cut to `room` cells. Schedules are left out where they do not fit."""
    rows = [row(view, zone, now) for view in views]
    if not painted:
        rows = [[Cell(cell.text) for cell in cells_of_row] for cells_of_row in rows]
    shrinking = {**NARROWEST, STATUS: max((_least_status(view, now) for view in views), default=0)}
    if room is None or _least_width(rows, shrinking) <= room:
        return terminal.table(HEADS, rows, shrinking, room=room)
    kept = [column for column in range(len(HEADS)) if column != SCHEDULE]
    shrinking |= NARROWEST_OF_FOUR
    return terminal.table(
        [HEADS[column] for column in kept],
        [[cells_of_row[column] for column in kept] for cells_of_row in rows],
        {position: shrinking[column] for position, column in enumerate(kept) if column in shrinking},
        room=room,
    )


def _least_status(view: JobView, now: datetime) -> int:
    """The width of the status without its note, but with room for `:…` in its place."""
    has_note = view.paused is not None and bool(view.paused.note)
    return cells(status(view, now, note=False).text) + 2 * has_note


def _least_width(rows: Sequence[Sequence[Cell]], shrinking: Mapping[int, int]) -> int:
    texts = [HEADS, *([printable_line(cell.text) for cell in row] for row in rows)]
    widths = [max(cells(text) for text in column) for column in zip(*texts, strict=True)]
    least = (min(width, shrinking.get(column, width)) for column, width in enumerate(widths))
    return sum(least) + len(terminal.GAP) * (len(HEADS) - 1)


def row(view: JobView, zone: tzinfo, now: datetime, *, wide: bool = False) -> list[Cell]:
    """One job as a row of the table."""
    quiet = "quiet" if view.status in ("disabled", "done") else ""
    return [
        Cell(view.name, quiet),
        Cell(view.schedule or "manual", quiet),
        Cell(_next(view, zone, now, wide=wide), quiet),
        last_run(view.last, now),
        status(view, now),
    ]


def _more(view: JobView) -> list[Cell]:
    usual = "-" if view.usual_duration is None else times.span(view.usual_duration)
    return [Cell(view.timezone), Cell(usual), Cell(view.description)]


def last_run(run: RunView | None, now: datetime) -> Cell:
    """The outcome of a finished run, and when it finished."""
    if run is None or run.finished_at is None:
        return Cell("-", "quiet")
    when = times.relative(run.finished_at, now)
    if run.outcome == "succeeded":
        return Cell(f"succeeded {when}", "good")
    code = f", exit {run.exit_code}" if run.outcome in ("failed", "not-started") else ""
    return Cell(f"{run.outcome}{code}, {when}" if code else f"{run.outcome} {when}", _colour_of(run))


def _colour_of(run: RunView) -> str:
    return "care" if run.outcome == "stopped" else "bad"


def will_run_at(view: JobView) -> datetime | None:
    """The next run, of the schedule or of a request; None while a pause skips it."""
    pause, scheduled = view.paused, view.next_at
    if pause is not None and scheduled is not None and (pause.until is None or scheduled < pause.until):
        scheduled = None
    return min([at for at in (scheduled, *(run.at for run in view.requested)) if at is not None], default=None)


def _next(view: JobView, zone: tzinfo, now: datetime, *, wide: bool) -> str:
    at = will_run_at(view)
    if at is None:
        is_at_start = view.status not in ("disabled", "paused", "done") and "@reboot" in (view.schedule or "")
        return "when schedd starts" if is_at_start else "-"
    return f"{times.full(at, zone)}, {times.relative(at, now)}" if wide else times.coming(at, zone, now)


def _running(view: JobView, now: datetime) -> str:
    if view.running[0].left_by_earlier and len(view.running) == 1:
        return ", left by an earlier schedd"
    text = f" {times.span(max(0, round((now - view.running[0].started_at).total_seconds())))}"
    if view.running[0].worker is not None:
        text += f" on {view.running[0].worker}"
    if view.usual_duration is not None:
        text += f" of about {times.span(view.usual_duration)}"
    if len(view.running) > 1:
        text += f", {len(view.running)} runs"
    return text


def status(view: JobView, now: datetime, *, note: bool = True) -> Cell:
    """The status with its duration, the note of a pause, and the kinds of recipients that were not notified."""
    kinds = dict.fromkeys(error.partition(":")[0].partition(" ")[0] for error in view.notification_errors)
    unaware = f", {listed(list(kinds))} not delivered" if kinds else ""
    if view.consecutive_failures and view.status in ("idle", "done"):
        count = view.consecutive_failures
        return Cell(("failing" if count == 1 else f"failing, {count} runs") + unaware, "bad")
    more = _more_status(view, now, note)
    if view.waiting > (view.status == "waiting"):
        more += f", {view.waiting} waiting"
    if view.paused is not None and view.status in ("running", "waiting", "retrying"):
        more += ", paused"
    return Cell(f"{view.status}{more}{unaware}", "bad" if unaware else COLOURS.get(view.status, ""))


def _more_status(view: JobView, now: datetime, note: bool) -> str:
    """The text after the word of the status."""
    match view.status:
        case "running":
            return _running(view, now)
        case "waiting":
            return f" for {view.waiting_on or view.waiting_for}"
        case "retrying" if view.retry_at is not None:
            if view.waiting_for is not None and view.retry_at <= now:
                return f", waiting for {view.waiting_on or view.waiting_for}"
            return f" {times.relative(view.retry_at, now)}"
        case "paused" if view.paused is not None:
            end, text = view.paused.until, view.paused.note
            left = "" if end is None else f", {times.span(max(0, round((end - now).total_seconds())))} left"
            return f"{left}: {text}" if text and note else left
        case _:
            return ""
