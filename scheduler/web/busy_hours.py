"""Busy seconds by hour of the coming week: the heat map of `/schedule`, its busiest and quietest hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from scheduler.web.words import Moment, plural

DAYS = 7

MOST_QUIET = 3

ALIKE = 0.02
"""Share of the busiest hour by which hours that are called alike may differ."""

Busy = dict[tuple[date, int], float]
"""Seconds of runs by day and hour of the page's zone."""


def spread(busy: Busy, at: datetime, seconds: float, moment: Moment, share: float = 1.0) -> None:
    """Add the seconds of one run to each hour that it touches."""
    while seconds > 0:
        there = at.astimezone(moment.zone)
        left = 3600.0 - there.minute * 60 - there.second
        part = min(seconds, left)
        key = there.date(), there.hour
        busy[key] = busy.get(key, 0.0) + part * share
        at, seconds = at + timedelta(seconds=part), seconds - part


def hours(busy: Busy, moment: Moment) -> Iterator[tuple[str, str, str]]:
    """The busiest and the quietest hours of the coming whole days; none is named where all are alike."""
    first = moment.local.date()
    days = [first + timedelta(days=number) for number in range(1, DAYS)]
    keys = [(day, hour) for day in days for hour in range(24) if _hours_of(day, hour, moment) == 1]
    longest = max(busy.get(key, 0.0) for key in keys)
    if longest - min(busy.get(key, 0.0) for key in keys) <= ALIKE * longest:
        yield "Busiest hour", "all hours alike", f"{_minutes(longest)} each"
        return
    (day, hour), *others = [key for key in keys if busy.get(key, 0.0) >= longest * (1 - ALIKE)]
    more = f", and in {plural(len(others), 'other hour')}" if others else ""
    yield "Busiest hour", f"{day:%a} {hour:02d}:00", f"{_minutes(longest)}{more}"
    by_hour = [sum(busy.get((day, hour), 0.0) for day in days) for hour in range(24)]
    quiet = [hour for hour in range(24) if by_hour[hour] <= min(by_hour) + ALIKE * longest]
    shown = ", ".join(f"{hour:02d}" for hour in quiet[:MOST_QUIET])
    more = f", {len(quiet) - MOST_QUIET} more" if len(quiet) > MOST_QUIET else ""
    each = f"{_minutes(min(by_hour) / len(days))} each" if min(by_hour) else "without runs"
    yield "Quietest hours", shown + more, each


def _minutes(seconds: float) -> str:
    """As the cells of the heat map say it."""
    return plural(round(seconds / 60), "busy minute") if seconds >= 30 else "less than a busy minute"


def week(busy: Busy, moment: Moment) -> Iterator[tuple[date, list[dict[str, Any]]]]:
    """The cells of the heat map, one row a day."""
    first = moment.local.date()
    longest = max((seconds for key, seconds in busy.items() if _hours_of(*key, moment) == 1), default=0.0) or 1.0
    for number in range(DAYS):
        day = first + timedelta(days=number)
        cells = []
        for hour in range(24):
            if number == 0 and hour < moment.local.hour:
                cells.append({"level": 0, "text": "", "title": ""})
                continue
            seconds = busy.get((day, hour), 0.0)
            minutes = round(seconds / 60)
            text = str(minutes) if minutes else "<1" if seconds else ""
            times = _hours_of(day, hour, moment)
            title = {0: f"{hour:02d}:00 is skipped: DST begins", 2: f"{hour:02d}:00 occurs twice: DST ends"}.get(
                times, ""
            )
            level = 0 if not seconds else min(5, 1 + int(4.99 * seconds / longest))
            cells.append({"level": level, "text": text + ("*" if title else ""), "title": title})
        yield day, cells


def _hours_of(day: date, hour: int, moment: Moment) -> int:
    """How often the hour occurs on that day."""
    start = datetime(day.year, day.month, day.day, hour, tzinfo=moment.zone)
    if start.astimezone(UTC).astimezone(moment.zone).hour != hour:
        return 0
    return 1 if start.utcoffset() == start.replace(fold=1).utcoffset() else 2
