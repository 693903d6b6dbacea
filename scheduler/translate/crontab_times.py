"""The times at the start of a crontab's line: five fields, supercronic's six and seven, a shorthand."""

from __future__ import annotations

import re

from scheduler.errors import ScheduleError
from scheduler.schedule import find_zone, parse_schedule

_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat"
_VALUE = rf"(?:\d*~\d*|(?:\*|\?|\d+|{_NAMES})(?:-(?:\d+|{_NAMES}))?)(?:/\d+)?[lw]?(?:#\d)?"
_FIELD = re.compile(rf"(?:{_VALUE}|l|lw)(?:,(?:{_VALUE}|l))*", re.IGNORECASE | re.ASCII)
_YEARS = re.compile(r"\*(?:/\d+)?|\?|\d{4}(?:[-,/]\d+)*", re.ASCII)
_SPREAD = re.compile(r"(\d*)~(\d*)", re.ASCII)

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_FIELDS: tuple[str, ...] = ("second", "minute", "hour", "day", "month", "day_of_week", "year")
FEWEST, _MOST = 5, 7


def count_times(line: str) -> int:
    """How many words at the start of a line say when; 0 when it is no job's line."""
    words = line.split(None, _MOST)
    if line.startswith("@"):
        return 2 if words[0] == "@every" else 1
    count = 0
    for word in words[:_MOST]:
        if not _FIELD.fullmatch(word):
            break
        count += 1
    return count if count >= FEWEST else 0


def schedule_of(times: list[str]) -> str | dict[str, str]:
    """The schedule as our file has it.

    Six fields are five and a year, as supercronic reads them; seconds, which stand first, come with all seven. Only
    where the sixth can be no year are six fields seconds and no year, as other programs have it.
    """
    if len(times) <= FEWEST:
        return " ".join(map(_steadied, times, range(len(times))))
    names = _FIELDS
    if len(times) < _MOST and _YEARS.fullmatch(times[-1]):
        names = _FIELDS[1:]
        if times[-1] in ("*", "?"):
            return " ".join(times[:FEWEST])
    fields = dict(zip(names, times, strict=False))
    return {name: text for name, text in fields.items() if name in ("second", "minute") or text not in ("*", "?")}


def problem_of(schedule: str | dict[str, str], zone: str) -> str | None:
    """Why the schedule cannot be used, in the zone of this name."""
    found = find_zone(zone)
    if found is None:
        return f"there is no time zone {zone}"
    try:
        parse_schedule(schedule, found, job_name="job")
    except ScheduleError as error:
        return f"{error.reason}{f'; help: {error.help}' if error.help else ''}"
    return None


def _steadied(text: str, place: int) -> str:
    """cronie's `0~30`, a number picked at random whenever it reads the file, as H, which the job's name picks."""

    def h(match: re.Match[str]) -> str:
        if match[0] == "~":
            return "H"
        low, high = _BOUNDS[place]
        return f"H({match[1] or low}-{match[2] or high})"

    return _SPREAD.sub(h, text)
