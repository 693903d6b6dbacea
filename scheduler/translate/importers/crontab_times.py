"""The times at the start of a crontab line: five fields, supercronic's six and seven, or an alias."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from scheduler.errors import ScheduleError
from scheduler.schedule import find_zone, parse_schedule
from scheduler.translate.importers.day_fields import busybox_fields, either
from scheduler.translate.importers.source_file import Dialect

_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat"
_VALUE = rf"(?:\d*~\d*|(?:\*|\?|\d+|{_NAMES})(?:-(?:\d+|{_NAMES}))?)(?:/\d+)?[lw]?(?:#\d)?"
_FIELD = re.compile(rf"(?:{_VALUE}|l|lw)(?:,(?:{_VALUE}|l))*", re.IGNORECASE | re.ASCII)
_YEARS = re.compile(r"\*(?:/\d+)?|\?|\d{4}(?:[-,/]\d+)*", re.ASCII)
_RANDOM = re.compile(r"(\d*)~(\d*)", re.ASCII)
_LONE_STEP = re.compile(r"(?<![^,])\w+/\d+", re.ASCII)
_INTERVAL = re.compile(r"@(\d+)", re.ASCII)

_OTHER_ALIASES = {
    "@every_minute": "* * * * *",  # FreeBSD
    "@minutely": "* * * * *",  # systemd-cron
    "@quarterly": "0 0 1 1,4,7,10 *",
    "@semi-annually": "0 0 1 1,7 *",
    "@biannually": "0 0 1 1,7 *",
    "@bi-annually": "0 0 1 1,7 *",
    "@semiannually": "0 0 1 1,7 *",
}
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_FIELDS: tuple[str, ...] = ("second", "minute", "hour", "day", "month", "day_of_week", "year")
FEWEST, _MOST = 5, 7


@lru_cache(maxsize=16_384)
def count_times(line: str) -> int:
    """How many words at the start of a line are its schedule; 0 when the line does not begin with one."""
    if line.startswith("@"):
        return 2 if line.split(None, 1)[0] == "@every" else 1
    count = 0
    for word in line.split(None, _MOST)[:_MOST]:
        if not _FIELD.fullmatch(word):
            break
        count += 1
    return count if count >= FEWEST else 0


def schedule_of(times: list[str], dialect: Dialect | None = None) -> str | dict[str, str]:
    """The schedule as a schedule file has it.

    Six fields are read as supercronic does: five and a year. Seven begin with seconds, and so do six fields whose
    last one cannot be a year. None is a dialect that reads five fields as schedd does.
    """
    times = _as_read(times, dialect)
    if len(times) <= FEWEST:
        if interval := _INTERVAL.fullmatch(times[0]):  # FreeBSD
            return f"@every {interval[1]}s"
        return _OTHER_ALIASES.get(times[0].lower()) or " ".join(map(_hashed, times, range(len(times))))
    names = _FIELDS
    if len(times) < _MOST and _YEARS.fullmatch(times[-1]):
        names = _FIELDS[1:]
        if times[-1] in ("*", "?"):
            return " ".join(times[:FEWEST])
    fields = dict(zip(names, times, strict=False))
    return {name: text for name, text in fields.items() if name in ("second", "minute") or text not in ("*", "?")}


def _as_read(times: list[str], dialect: Dialect | None) -> list[str]:
    """The fields where a cron reads them in another way than schedd."""
    if len(times) >= FEWEST and dialect is Dialect.SUPERCRONIC:
        place = 3 if len(times) == _MOST else 2
        day, weekday = either(times[place], times[place + 2], any_day=r"[*?]")
        return [*times[:place], day, times[place + 1], weekday, *times[place + 3 :]]
    return busybox_fields(times) if len(times) == FEWEST and dialect is Dialect.BUSYBOX else times


def about_times(times: list[str], dialect: Dialect) -> Iterator[str]:
    """What is different here, or in another cron than the one of this dialect, about the times of a line."""
    if "~" in "".join(times[:FEWEST]):
        yield "cron picks the number at random; here the job's name picks it (H)"
    if len(times) != FEWEST or dialect is Dialect.SUPERCRONIC:
        return
    if dialect is not Dialect.BUSYBOX:
        for step in dict.fromkeys(_LONE_STEP.findall(",".join(times))):
            yield f"{step} goes on to the highest value here; Debian's cron and cronie refuse it, others read no step"
    elif "7" in times[4]:
        yield "7 is Sunday here; BusyBox and dcron do not know it, and run the job on any day"
    elif not {"*", "?"} & {*busybox_fields(times)[2::2]}:
        yield "one of the day fields is enough, as in BusyBox; in dcron, day 1 with mon is the first Monday (mon#1)"


def problem_of(schedule: object, zone: str) -> str | None:
    """Why the schedule cannot be used in the zone of this name; None when it can."""
    found = find_zone(zone)
    if found is None:
        return f"unknown time zone {zone!r}"
    try:
        parse_schedule(schedule, found, job_name="job")
    except ScheduleError as error:
        return f"{error.reason}{f'; help: {error.help}' if error.help else ''}"
    return None


def _hashed(text: str, place: int) -> str:
    """A number that cron picks at random when it reads the file (`0~30`), as one that the job's name picks (`H`)."""

    def h(match: re.Match[str]) -> str:
        if match[0] == "~":
            return "H"
        low, high = _BOUNDS[place]
        return f"H({match[1] or low}-{match[2] or high})"

    return _RANDOM.sub(h, text)
