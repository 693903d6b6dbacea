"""A schedule of named fields, or a list, typed where no file is: on a command line, in YAML's brackets."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler.config.problems import advice
from scheduler.config.schedule_errors import explain, spec_of
from scheduler.document.nodes import compose
from scheduler.document.source import Source
from scheduler.errors import ScheduleError
from scheduler.schedule import Schedule, parse_schedule


def parse_typed(text: str, zone: ZoneInfo) -> Schedule:
    """What stands in brackets as a schedule. ScheduleError with the column in all of the text."""
    try:
        text.encode()
    except UnicodeEncodeError as error:  # bytes that are no text, which the parser of YAML does not take
        reason = f"the character {text[error.start]!a} does not belong in a schedule"
        raise ScheduleError(reason, column=error.start) from None
    source = Source("", Path(), text)
    node = compose(source, "", lambda _key, _mapping: None)
    if node is not None and not source.findings:
        try:
            return parse_schedule(spec_of(node), zone, job_name="")
        except ScheduleError as error:
            flaw = explain(node, error, text)
            raise ScheduleError(flaw.message, column=flaw.at, write=flaw.write) from None
    found = source.findings[0]
    raise ScheduleError(found.message, column=found.at, write=advice(found))
