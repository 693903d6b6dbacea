"""A schedule typed on the command line instead of in a file."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler.cli import times
from scheduler.errors import ScheduleError, UsageError
from scheduler.schedule import Schedule, parse_schedule


def read_schedule(text: str, zone_name: str) -> tuple[Schedule, ZoneInfo]:
    """The schedule and its zone, or a UsageError that points at what is wrong with it."""
    times.zone_of(zone_name)  # told as people expect when there is none
    zone = ZoneInfo(zone_name)
    try:
        if text.lstrip().startswith(("{", "[")):
            return parse_typed(text, zone), zone
        return parse_schedule(text, zone, job_name=""), zone
    except ScheduleError as error:
        lines = [f"{error.reason}", f"  {text}"]
        if error.column is not None:
            lines.append(f"  {' ' * error.column}^")
        if error.help is not None:
            lines.append(f"  help: {error.help}")
        raise UsageError("\n".join(lines)) from None


def parse_typed(text: str, zone: ZoneInfo) -> Schedule:
    """What stands in brackets as a schedule. ScheduleError with the column in all of the text."""
    # Loads yaml, which a cron expression does without.
    from scheduler.config.problems import advice  # noqa: PLC0415
    from scheduler.config.schedule_errors import explain, spec_of  # noqa: PLC0415
    from scheduler.document.nodes import compose  # noqa: PLC0415
    from scheduler.document.source import Source  # noqa: PLC0415

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
            raise ScheduleError(flaw.message, column=flaw.at, help=flaw.help) from None
    found = source.findings[0]
    raise ScheduleError(found.message, column=found.at, help=advice(found))
