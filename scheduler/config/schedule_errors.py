"""Turns the error about a schedule into a finding in the file: the text at fault, and what to type instead."""

from __future__ import annotations

import re
from typing import Any

from scheduler.config.suggest import duration_suggestion
from scheduler.document.finding import Finding
from scheduler.document.nodes import Mapping, Node, Scalar, Sequence
from scheduler.errors import ScheduleError
from scheduler.schedule.cron_field import LIMITS, FieldName

_EXAMPLE = '"*/5 * * * *"'
_TIME_OF_DAY = r"([0-9]{1,2}):([0-9]{2})"
_ENGLISH = r"(?i)every\s+([0-9]*\s*[a-z]+)"


def spec_of(node: Node) -> Any:
    """The node as the argument of `parse_schedule`: text, or lists and mappings of text."""
    if isinstance(node, Mapping):
        return {key.value: spec_of(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [spec_of(item) for item in node.items]
    return node.value if isinstance(node, Scalar) else ""


def explain(node: Node, error: ScheduleError, text: str) -> Finding:
    """The finding about the schedule at `node` of the text."""
    key = "schedule"
    if isinstance(node, Sequence) and error.entry is not None:
        node, key = node.items[error.entry], ""
    if isinstance(node, Mapping):
        return _of_mapping(node, key, error, text)
    if isinstance(node, Scalar):
        return _of_text(node, key, error, text)
    return Finding(node.index, error.reason, f"schedule: {error.help or _EXAMPLE}")


def _of_mapping(node: Mapping, key: str, error: ScheduleError, text: str) -> Finding:
    for name, value in node.entries:
        if name.value != error.field:
            continue
        if name.value not in list(FieldName):
            shown = value.value if isinstance(value, Scalar) else "…"
            help = f"{error.help}: {shown}" if error.help else None
            return Finding(name.index, error.reason, help, width=len(name.value))
        if name.value == FieldName.DAY_OF_WEEK and error.column is None and error.help is None:
            return Finding(name.index, error.reason, _prefixed(key, _either_day(node)), width=len(name.value))
        if isinstance(value, Scalar):
            return _of_text(value, name.value, error, text)
        return Finding(value.index, error.reason, _prefixed(name.value, error.help or "…"))
    return Finding(node.index, error.reason, _prefixed(key, error.help or _EXAMPLE))


def _either_day(node: Mapping) -> str:
    """The list of two schedules, by day and by day of week, instead of one with both."""
    halves = []
    for left_out in (FieldName.DAY_OF_WEEK, FieldName.DAY):
        fields = (
            f"{name.value}: {_scalar(value.value) if isinstance(value, Scalar) else '…'}"
            for name, value in node.entries
            if name.value != left_out
        )
        halves.append("{" + ", ".join(fields) + "}")
    return f"[{', '.join(halves)}]"


def _of_text(node: Scalar, key: str, error: ScheduleError, text: str) -> Finding:
    value = node.value
    if not value.strip():
        return Finding(node.index, "missing value")
    if match := re.fullmatch(_TIME_OF_DAY, value.strip()):
        daily = f'"{int(match[2])} {int(match[1])} * * *"'
        message = "a time of day is not a schedule"
        return Finding(node.index, message, _prefixed(key, daily), width=len(value))
    start, end = 0, len(value)
    if error.column is not None:
        start = error.column
        end = start + len(re.split(r"[\s,]", value[start:], maxsplit=1)[0])
    if start == end and error.field:
        help, replaced = _without_empty_entries(value), (0, len(value))
    else:
        help, replaced = error.help or _remedy(value, value[start:end], error), (start, end)
    whole = help and " or ".join(_prefixed(key, _with(part, value, *replaced)) for part in help.split(" or "))
    at = node.index if error.column is None else _index_of(node, start, text)
    return Finding(at, error.reason, whole, width=max(1, end - start))


def _remedy(value: str, wrong: str, error: ScheduleError) -> str | None:
    """What to type instead where the schedule parser offers nothing: the nearest word of the field, or an example."""
    words = value.split()
    if error.column is not None:
        return _within(wrong, *LIMITS[FieldName(error.field)]) if error.field in list(FieldName) else None
    if error.field == FieldName.DAY and len(words) == 5:
        return " ".join([*words[:2], "L", *words[3:]])
    if match := re.fullmatch(_ENGLISH, value.strip()):
        unit = match[1] if match[1][0].isdecimal() else f"1 {match[1]}"
        return f"@every {duration_suggestion(unit)}"
    return f"{value.strip()} *" if len(words) == 4 else "*/5 * * * *"


def _within(wrong: str, low: int, high: int) -> str:
    """A number for a number, so that the suggestion does not run more often than what was written."""
    return str(max(low, min(int(wrong[:9]), high))) if re.fullmatch(r"[0-9]+", wrong) else f"{low}-{high}"


def _without_empty_entries(value: str) -> str | None:
    """The fields without empty entries; None when a field has no other entry."""
    fields = [",".join(filter(None, field.split(","))) for field in value.split()]
    return " ".join(fields) if all(fields) else None


def _with(part: str, value: str, start: int, end: int) -> str:
    """The value with `part` in place of the text from `start` to `end`, as it is written in the file."""
    if part.startswith(("[", "{", "timezone:")):
        return part
    blank = " " if start == end else ""  # what is missing at the end starts a word of its own
    return f'"{value[:start]}{blank}{part}{value[end:]}"'


def _prefixed(key: str, value: str) -> str:
    return value if not key or value.startswith("timezone:") else f"{key}: {value}"


def _scalar(value: str) -> str:
    return value if re.fullmatch(r"[\w-]+", value) else f'"{value}"'


def _index_of(node: Scalar, column: int, text: str) -> int:
    """The index of a character of the scalar; its start, where escapes or folding hide that."""
    for start in (node.index, node.index + 1):
        if text.startswith(node.value, start):
            return start + column
    return node.index
