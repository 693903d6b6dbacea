"""Reads the entries of `except`, and the files of dates that they name."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from scheduler.config.node_errors import AlreadyReportedError, entries_of
from scheduler.config.scalars import InvalidValueError
from scheduler.config.schedule_errors import spec_of
from scheduler.config.value_formats import KINDS
from scheduler.document.nodes import Broken, Mapping, Node, Sequence
from scheduler.document.source import Source, UnreadableError, read_text
from scheduler.errors import ScheduleError
from scheduler.schedule import Exclusion, parse_dates, parse_exclusion
from scheduler.schedule.cron_field import FieldName

_UTC = ZoneInfo("UTC")  # entries have no time zone of their own


def read_exclusion(node: Node, source: Source, _where: str) -> tuple[Exclusion, ...]:
    """The dates and times of one entry of `except`."""
    if isinstance(node, Broken) or any(isinstance(value, Broken) for _, value in entries_of(node)):
        raise AlreadyReportedError
    if isinstance(node, Sequence):
        raise InvalidValueError("must be an entry, not a list")
    spec = spec_of(node)
    if isinstance(spec, dict) and "file" in spec:
        return _of_file(spec, source)
    try:
        return (parse_exclusion(spec, _UTC, job_name=""),)
    except ScheduleError as error:
        raise InvalidValueError(
            _message(node, error), candidate=_candidate(error) if isinstance(spec, dict) else "", kind="dates"
        ) from None


def _of_file(spec: dict[str, Any], source: Source) -> tuple[Exclusion, ...]:
    if len(spec) > 1:
        raise InvalidValueError("file must be the only key of its entry")
    path = source.directory / KINDS["path"].read(spec["file"], True)
    source.also_read.append(path)
    try:
        lines = read_text(path).splitlines()
    except UnreadableError as error:
        raise InvalidValueError(f"{path}: {error}") from None
    found = []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            found.append(parse_dates(text))
        except ScheduleError as error:
            raise InvalidValueError(f"{path}: line {number}: {error}") from None
    return tuple(found)


def _message(node: Node, error: ScheduleError) -> str:
    is_field = isinstance(node, Mapping) and error.field in list(FieldName)
    return f"{error.field}: {error}" if is_field else str(error)


def _candidate(error: ScheduleError) -> str:
    """The code of holidays that the parser offers, as it is written in the file."""
    return f"{{holidays: {error.help}}}" if error.field == "holidays" and error.help else ""
