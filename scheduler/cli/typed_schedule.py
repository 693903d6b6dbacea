"""A schedule typed on the command line instead of in a file."""

from __future__ import annotations

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
            from scheduler.config.typed import parse_typed  # noqa: PLC0415 - loads yaml

            return parse_typed(text, zone), zone
        return parse_schedule(text, zone, job_name=""), zone
    except ScheduleError as error:
        lines = [f"{error.reason}", f"  {text}"]
        if error.column is not None:
            lines.append(f"  {' ' * error.column}^")
        if error.write is not None:
            lines.append(f"  write: {error.write}")
        raise UsageError("\n".join(lines)) from None
