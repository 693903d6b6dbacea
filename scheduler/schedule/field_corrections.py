"""Replacements for one entry of a cron field that is not valid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from scheduler.errors import ScheduleError
from scheduler.schedule.cron_field import LIMITS, FieldName
from scheduler.text import is_typo

_NAMES = {
    "day_of_week": ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
    "month": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
}
_GROUPS = {"weekday": "mon-fri", "workday": "mon-fri", "weekend": "sat,sun"}
_DECORATION = "+;.'\"`()"


class Replacement(NamedTuple):
    """A replacement for the entry, and the words and numbers of it that are expressed in another way."""

    text: str
    converted: tuple[str, ...] = ()


def replacements_in_field(entry: str, error: ScheduleError) -> Iterator[Replacement]:
    """What may replace `entry`, the part of the text at `error.column`. The caller checks each of them."""
    lower = entry.lower()
    stripped = entry.strip(_DECORATION)
    if stripped != entry:
        yield Replacement(stripped)
    if reversed_range := re.fullmatch(r"(?a)([a-z]+|\d+)-([a-z]+|\d+)(/\d+)?", lower):
        yield from _reversed(error.field or "", *reversed_range.groups())
    if lower.startswith("/"):
        yield Replacement(f"*{entry}")
    if lower == "$" and error.field == FieldName.DAY:
        yield Replacement("L")
    if ".." in lower:
        yield Replacement(entry.replace("..", "-"))
    if error.field == FieldName.DAY_OF_WEEK and lower.rstrip("s") in _GROUPS:
        yield Replacement(_GROUPS[lower.rstrip("s")], converted=(entry,))
    yield from _names(lower, error.field or "")
    if error.help is not None:
        converted = [word for word in ("R", "L") if word in entry.upper()]
        if step := re.fullmatch(r"(?a)\d+-\d+/(\d+)", lower):
            converted.append(step[1])
        yield Replacement(error.help, tuple(converted))


def _reversed(field: str, start: str, end: str, step: str | None) -> Iterator[Replacement]:
    """`fri-mon` as `fri-sat,sun-mon`, `22-2` as `22-23,0-2`, and `7-3` among the weekdays as `0-3`."""
    if step:
        return
    names = _NAMES.get(field, ())
    if start in names and end in names:
        yield Replacement(f"{_span(start, names[-1])},{_span(names[0], end)}")
    elif field == FieldName.DAY_OF_WEEK and start == "7":
        yield Replacement(_span("0", end), converted=("7",))
    elif field == FieldName.DAY_OF_WEEK and end == "0":
        yield Replacement(f"{start}-7", converted=("0",))
    elif field in list(FieldName) and start.isdecimal() and end.isdecimal():
        low, high = map(str, LIMITS[FieldName(field)])
        yield Replacement(f"{_span(start, high)},{_span(low, end)}")


def _names(entry: str, field: str) -> Iterator[Replacement]:
    """Names in full or misspelled: `monday-fryday` as `mon-fri`."""
    names = _NAMES.get(field, ())
    words = re.findall(r"[a-z]+", entry)
    found = {word: _name(word, names) for word in words}
    if words and all(found.values()):
        text = re.sub(r"[a-z]+", lambda word: str(found[word[0]]), entry)
        yield Replacement(text, tuple(words))


def _name(word: str, names: tuple[str, ...]) -> str | None:
    """The three letters of a name, which may be in full, in the plural, or have one wrong letter."""
    full = {
        "sun": "sunday", "mon": "monday", "tue": "tuesday", "wed": "wednesday", "thu": "thursday", "fri": "friday",
        "sat": "saturday", "jan": "january", "feb": "february", "mar": "march", "apr": "april", "may": "may",
        "jun": "june", "jul": "july", "aug": "august", "sep": "september", "oct": "october", "nov": "november",
        "dec": "december",
    }  # fmt: skip
    close = [
        name
        for name in names
        if word in {name, full[name], f"{full[name]}s"}
        or (len(word) > 3 and full[name].startswith(word.rstrip("s")))
        or is_typo(word, name if len(word) <= 4 else full[name])
    ]
    return close[0] if len(close) == 1 else None


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low}-{high}"
