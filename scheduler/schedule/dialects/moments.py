"""Single dates and ISO 8601 durations: `@at 2027-1-1 9:00`, `2027-01-01T09:00:00.000Z`, `PT5M`."""

from __future__ import annotations

import re

from scheduler.schedule.dialects.reading import Dialect, Translation
from scheduler.schedule.time_zone import find_zone

_INSTANT = re.compile(
    r"(?ai)(?P<at>@?at\s+)?(?P<year>\d{4})[-/](?P<month>\d\d?)[-/](?P<day>\d\d?)(?:T|\s+|\s+at\s+)"
    r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.0+)?)?\s*(?P<offset>Z|UTC|GMT|[+-]\d\d:?\d\d)?"
    r"(?:\s+(?P<zone>[\w/+-]+))?"
)
_ISO_DURATION = re.compile(r"(?a)(?:R/)?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def read_date(text: str) -> Dialect | None:
    """A date, possibly with a time of day, as `@at` takes it."""
    match = _INSTANT.fullmatch(f"{text}T00:00" if re.fullmatch(r"(?a)\d{4}-\d\d-\d\d", text) else text)
    if match is None:
        return None
    date = f"{match['year']}-{int(match['month']):02}-{int(match['day']):02}"
    time = f"{int(match['hour']):02}:{match['minute']}" + (f":{match['second']}" if match["second"] else "")
    offset = (match["offset"] or "").upper()
    if offset in {"UTC", "GMT"}:
        offset = "Z"
    elif len(offset) == 5:
        offset = f"{offset[:3]}:{offset[3:]}"
    zone = match["zone"] or ""
    reason = "a single date is written as @at 2027-01-01T09:00, with an offset from UTC or in the job's time zone"
    if zone and (offset or not find_zone(zone)):
        return Dialect(reason)
    zeros = ("0",) if "." in text else ()
    compact = tuple(re.findall(r"\d{4}", match["offset"] or ""))
    converted = (*zeros, *compact, *(("UTC", "GMT") if offset == "Z" else ()))
    return Dialect(reason, (Translation(f"@at {date}T{time}{offset}", zone, converted=converted),))


def iso_duration(text: str) -> tuple[str, tuple[str, ...]] | None:
    """The duration that ISO 8601 writes as `PT1H30M`, and the letters that are left out."""
    match = _ISO_DURATION.fullmatch(text)
    parts = [f"{number}{unit}" for number, unit in zip(match.groups(), "wdhms", strict=True) if number] if match else []
    return ("".join(parts), ("R", "P", "PT", "T")) if parts else None
