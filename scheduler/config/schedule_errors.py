"""Turns the error about a schedule into a finding in the file: the text at fault, and what to write instead."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.config.scalars import InvalidValueError
from scheduler.document.finding import Finding, Fix
from scheduler.document.nodes import Mapping, Node, Scalar, Sequence
from scheduler.document.source import Source
from scheduler.errors import ScheduleError
from scheduler.schedule import parse_schedule

_UTC = ZoneInfo("UTC")


def spec_of(node: Node) -> Any:
    """The node as the argument of `parse_schedule`: text, or lists and mappings of text."""
    if isinstance(node, Mapping):
        return {key.value: spec_of(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [spec_of(item) for item in node.items]
    return node.value if isinstance(node, Scalar) else ""


def explain(
    node: Node, error: ScheduleError, source: Source, *, zone: ZoneInfo, job_name: str, key: int | None = None
) -> Finding:
    """The finding about the schedule at `node`, which `parse_schedule` rejected; `key` is the index of its key."""
    from scheduler.document.node_end import end_of  # noqa: PLC0415 - only for errors
    from scheduler.schedule.corrections import correct  # noqa: PLC0415
    from scheduler.schedule.dialects.reading import in_flow  # noqa: PLC0415

    if isinstance(node, Sequence) and error.entry is not None:
        node, key = node.items[error.entry], None
    if isinstance(node, Scalar) and not node.value.strip():
        return Finding(node.index, "missing value")
    correction = correct(spec_of(node), error, zone, job_name)
    end = end_of(node, source)
    start = node.index if key is None else key
    name = "" if key is None else "schedule: "
    fixes = []
    for one in correction.suggestions:
        if end is None or (key is None and (one.timezone or isinstance(one.spec, tuple))):
            continue
        zones = [f"timezone: {one.timezone}"] if one.timezone and one.timezone != zone.key else []
        fixes.append(Fix(start, end, (name + in_flow(one.spec), *zones), reading=one.reading))
    at, width = _place(node, error, correction.column, source)
    return Finding(at, correction.reason, None, tuple(fixes), width)


def _place(node: Node, error: ScheduleError, column: int | None, source: Source) -> tuple[int, int]:
    """Index and length of the text at fault."""
    if isinstance(node, Mapping):
        for name, value in node.entries:
            if name.value == error.field:
                is_known = isinstance(value, Scalar) and column is not None
                return _place(value, error, column, source) if is_known else (name.index, len(name.value))
    if not isinstance(node, Scalar):
        return node.index, 1
    if column is None:
        return node.index, max(1, len(node.value))
    rest = re.split(r"[\s,]", node.value[column:], maxsplit=1)[0]
    for start in (node.index, node.index + 1):
        if source.text.startswith(node.value, start):
            return start + column, max(1, len(rest))
    return node.index, 1  # escapes or folding hide where the character is


def schedule_reader(node: Node, _source: Source, _where: str) -> object:
    """Read a schedule in any job and zone. Raises InvalidValueError."""
    try:
        return parse_schedule(spec_of(node), _UTC, job_name="job")
    except ScheduleError as error:
        raise InvalidValueError(error.reason) from None
