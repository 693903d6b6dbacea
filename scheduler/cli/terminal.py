"""Colours and tables on a terminal. Output to anything else is plain and never cut."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TextIO

import click

from scheduler.text import cells, printable, printable_line

ELLIPSIS = "…"
GAP = "  "
NARROWEST = 8
"""Width in cells to which columns are cut at most."""

COLOURS = {
    "good": {"fg": "green"},
    "bad": {"fg": "red"},
    "busy": {"fg": "cyan"},
    "care": {"fg": "yellow"},
    "quiet": {"dim": True},
    "head": {"bold": True},
}


class Cell(NamedTuple):
    """Text of one colour."""

    text: str
    colour: str = ""


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """The text in a colour, if the stream (default: stdout) is a terminal with colours."""
    if not colour or not coloured(stream or sys.stdout):
        return text
    return click.style(text, **COLOURS[colour])  # type: ignore[arg-type]


def note(text: str, colour: str = "quiet") -> None:
    """Print a note on stderr, so that stdout has only the answer."""
    click.echo(paint(printable(text), colour, sys.stderr), err=True)


Shrinking = Sequence[int] | Mapping[int, int]
"""Columns that may be cut, and to how many cells at most: NARROWEST unless it is said."""


def show_table(
    heads: Sequence[str], rows: Sequence[Sequence[Cell]], shrinking: Shrinking = (), *, whole: bool = False
) -> None:
    """Print a table on stdout; a `whole` one is never cut."""
    for line in table(heads, rows, shrinking, room=None if whole else terminal_width()):
        click.echo(line)


def table(
    heads: Sequence[str], rows: Sequence[Sequence[Cell]], shrinking: Shrinking = (), *, room: int | None
) -> list[str]:
    """Lines of aligned columns.

    The columns in `shrinking` are cut until the lines fit into `room` cells; when that is not enough, all columns are.
    """
    cleaned = [[Cell(head, "head") for head in heads]]
    cleaned += [[Cell(printable_line(cell.text), cell.colour) for cell in row] for row in rows]
    widths = [max(cells(row[column].text) for row in cleaned) for column in range(len(heads))]
    if room is not None:
        _shrink(widths, shrinking, room)
    return [GAP.join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cleaned]


def terminal_width() -> int | None:
    """Width of stdout in cells; None when it is not a terminal and lines may have any length."""
    if not sys.stdout.isatty():
        return None
    if os.environ.get("COLUMNS", "").isdigit():
        return max(1, int(os.environ["COLUMNS"]))
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80


def cut(text: str, width: int) -> str:
    """The text cut to `width` cells; a cut text ends in …."""
    if cells(text) <= width:
        return text
    kept, room = "", width - 1
    for character in text:
        room -= cells(character)
        if room < 0:
            break
        kept += character
    return kept + ELLIPSIS if width > 0 else ""


def _padded(cell: Cell, width: int) -> str:
    text = cut(cell.text, width)
    return paint(text, cell.colour) + " " * (width - cells(text))


def _shrink(widths: list[int], shrinking: Shrinking, room: int) -> None:
    """Reduce the widest of the `shrinking` columns until the lines fit, then the widest of all columns."""
    first = shrinking if isinstance(shrinking, Mapping) else dict.fromkeys(shrinking, NARROWEST)
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - room
    for least in (first, dict.fromkeys(range(len(widths)), NARROWEST)):
        while excess > 0:
            candidates = [column for column, narrowest in least.items() if widths[column] > narrowest]
            if not candidates:
                break
            widths[max(candidates, key=lambda column: widths[column])] -= 1
            excess -= 1


def coloured(stream: TextIO) -> bool:
    """Whether to print in colour: as --color, $NO_COLOR and $FORCE_COLOR say, else if the stream is a terminal."""
    context = click.get_current_context(silent=True)
    if context is not None and context.color is not None:
        return context.color
    return stream.isatty() and os.environ.get("TERM") != "dumb"
