"""The screen of `list --watch`: the list of jobs, or one job with its latest output."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from scheduler.cli import job_table, terminal, times
from scheduler.cli.watch_state import QUESTIONS, WatchState, totals
from scheduler.text import cells, printable_bytes
from scheduler.wire.jobs import JobDetails
from scheduler.wire.runs import Event, Output

REVERSE, PLAIN = "\x1b[7m", "\x1b[0m"

AROUND = 3
"""Lines around the rows of the list: totals, the header of the table, keys."""

LIST_KEYS = "↑↓ Enter show  / filter  s sort  r run  p pause  x stop  q quit"
JOB_KEYS = "r run  p pause  x stop  q back"

NEXT_SHOWN, RUNS_SHOWN = 3, 5


def list_frame(state: WatchState, zone: tzinfo, now: datetime, size: tuple[int, int], error: str) -> list[str]:
    """The lines of the list, exactly as many as the terminal has; `size` is columns and lines."""
    columns, height = size
    rows = max(1, height - AROUND)
    views, selected = state.window(rows)
    lines = [_head(state, zone, now, columns)]
    table = job_table.lines(views, zone, now, columns)
    if selected is not None:
        plain = job_table.lines(views, zone, now, columns, painted=False)[selected + 1]
        table[selected + 1] = f"{REVERSE}{plain}{' ' * (columns - cells(plain))}{PLAIN}"
    lines += table
    lines += [""] * (height - 1 - len(lines))
    count = len(state.shown())
    place = f"{state.top + 1}-{state.top + len(views)} of {count}  " if len(views) < count else ""
    return [*lines[: height - 1], _foot(state, f"{place}{LIST_KEYS}", error, columns)]


def _head(state: WatchState, zone: tzinfo, now: datetime, columns: int) -> str:
    """Totals, order and filter on the left, the time on the right."""
    clock = now.astimezone(zone).strftime("%H:%M:%S %Z")
    left = f"{totals(state.views)}  by {state.sort}"
    if state.pattern or state.is_typing:
        left += f"  /{state.pattern}"
    left = terminal.cut(left, max(0, columns - len(clock) - 2))
    return terminal.paint(f"{left}{' ' * max(2, columns - cells(left) - len(clock))}{clock}", "head")


def _foot(state: WatchState, keys: str, error: str, columns: int) -> str:
    """The question, the filter that is typed, what went wrong, or the keys."""
    if state.question is not None:
        question = QUESTIONS[state.question.deed].format(job=state.question.job)
        return terminal.paint(terminal.cut(f"{question} [y/N]", columns), "care")
    if state.is_typing:
        return terminal.cut(f"filter: {state.pattern}█  Enter keeps it, Esc clears it", columns)
    if error or state.message:
        return terminal.paint(terminal.cut(error or state.message, columns), "bad" if error else "care")
    return terminal.paint(terminal.cut(keys, columns), "quiet")


def job_frame(
    state: WatchState,
    details: JobDetails,
    events: Sequence[Event],
    zone: tzinfo,
    now: datetime,
    size: tuple[int, int],
    error: str,
) -> list[str]:
    """The lines of one job: its state, its next and last runs, and the end of its latest output."""
    columns, height = size
    lines = [terminal.cut(line, columns) for line in _about(details, zone, now)]
    output = [line for event in events if isinstance(event, Output) for line in _lines(event)]
    room = max(1, height - 2 - len(lines))
    lines += [terminal.paint("Output", "head")] + [terminal.cut(line, columns) for line in output[-room:]]
    lines += [""] * (height - 1 - len(lines))
    return [*lines[: height - 1], _foot(state, JOB_KEYS, error, columns)]


def _about(details: JobDetails, zone: tzinfo, now: datetime) -> list[str]:
    view = details.view
    lines = [f"{view.name}  {job_table.status(view, now).text}"]
    lines += [view.description] if view.description else []
    lines += [f"{details.words or view.schedule or 'manual'} ({view.timezone})", ""]
    for coming in details.next[:NEXT_SHOWN]:
        lines.append(f"next  {times.full(coming.at, zone)}, {times.relative(coming.at, now)}")
    for run in details.runs[:RUNS_SHOWN]:
        lines.append(f"last  {run.id}  {job_table.last_run(run, now).text}, took {times.span(run.duration or 0)}")
    return [*lines, ""]


def _lines(event: Output) -> list[str]:
    return [printable_bytes(line).decode() for line in event.data.splitlines()]
