"""Parse a schedule that is given on the command line."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler.cli import times
from scheduler.errors import ScheduleError, UsageError
from scheduler.schedule import Schedule, parse_schedule


def read_schedule(text: str, zone_name: str) -> tuple[Schedule, ZoneInfo]:
    """The schedule and its zone. UsageError with the position of the error."""
    times.zone_of(zone_name)  # for its error message
    zone = ZoneInfo(zone_name)
    try:
        if text.lstrip().startswith(("{", "[")):
            return parse_typed(text, zone), zone
        return _parse(text, zone), zone
    except ScheduleError as error:
        lines = [f"{error.reason}", f"  {text}"]
        if error.column is not None:
            lines.append(f"  {' ' * error.column}^")
        if error.help is not None:
            lines.append(f"  help: {error.help}")
        raise UsageError("\n".join(lines)) from None


def _parse(text: str, zone: ZoneInfo) -> Schedule:
    try:
        return parse_schedule(text, zone, job_name="")
    except ScheduleError as error:
        from scheduler.schedule.corrections import correct  # noqa: PLC0415 - only for errors

        found = correct(text, error, zone, "")
        options = (
            f"{one.text}{f' ({one.reading})' if one.reading else ''}"
            if not one.timezone
            else f"{one.text.removesuffix(one.timezone).rstrip()} with --timezone {one.timezone}"
            for one in found.suggestions
        )
        raise ScheduleError(found.reason, column=found.column, help=" or ".join(options) or None) from None


def parse_typed(text: str, zone: ZoneInfo) -> Schedule:
    """A mapping or list, in the syntax of the file, as a schedule. ScheduleError with the column in the whole text."""
    # Imported here: this loads yaml, which a cron expression does not need.
    from scheduler.config.problems import advice  # noqa: PLC0415
    from scheduler.config.schedule_errors import explain, spec_of  # noqa: PLC0415
    from scheduler.document.compose import compose  # noqa: PLC0415
    from scheduler.document.source import Source  # noqa: PLC0415

    try:
        text.encode()
    except UnicodeEncodeError as error:  # bytes that are not UTF-8, which the YAML parser does not accept
        reason = f"the character {text[error.start]!a} is not allowed in a schedule"
        raise ScheduleError(reason, column=error.start) from None
    source = Source("", Path(), text)
    node = compose(source)
    if node is not None and not source.findings:
        try:
            return parse_schedule(spec_of(node), zone, job_name="")
        except ScheduleError as error:
            found = explain(node, error, source, zone=zone, job_name="")
            raise ScheduleError(found.message, column=found.at, help=advice(found)) from None
    first = source.findings[0]
    raise ScheduleError(first.message, column=first.at, help=advice(first))
