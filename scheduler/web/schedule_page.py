"""The page `/schedule`: coming runs by hour and minute, from each job's schedule and its usual duration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from scheduler.schedule.time_zone import first_change
from scheduler.web import timeline
from scheduler.web.board import Board, JobFacts
from scheduler.web.slices import Slices
from scheduler.web.words import Moment, plural

DAYS = 7
ASSUMED = 1.0
"""Seconds that a job without a finished run is taken to need."""

MOST_TIMES = 60_000
"""Coming times of all jobs together that are computed; beyond it a job's runs are taken to be evenly spread."""

FEWEST_TIMES = 48
LANES = 40
OFTEN = 600.0
"""Seconds between two runs below which a lane is one bar."""

BUSIEST = 6
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class Coming(msgspec.Struct, frozen=True, kw_only=True):
    """The coming runs of one job: computed ones, and from `spread_from` on one each `every` seconds."""

    name: str
    why_none: str
    duration: float
    times: list[datetime]
    spread_from: datetime | None
    every: float


async def context(board: Board, max_running: int | None, moment: Moment, slices: Slices) -> dict[str, Any]:
    """The values of the template."""
    end = moment.now + DAYS * _DAY
    names = board.names()
    most = max(FEWEST_TIMES, MOST_TIMES // max(1, len(names)))
    jobs = await slices.gather(_coming(facts, end, most) for facts in board.all_facts())
    busy: dict[tuple[date, int], float] = {}
    peak = _Peak(moment.now)
    for job in jobs:
        await slices.gather(_add(job, busy, peak, moment, end))
    window = timeline.Window(moment.now, _DAY.total_seconds(), past=0)
    today = [job for job in jobs if job.times and job.times[0] <= window.end]
    today.sort(key=lambda job: -sum(at <= window.end for at in job.times))
    lanes = await slices.gather((job.name, _lane(job, window, moment)) for job in today[:LANES])
    minutes = peak.busiest()
    return {
        "facts": _facts(jobs, busy, minutes, max_running, moment),
        "week": list(_week(busy, moment)),
        "notes": list(_notes(moment, end)),
        "axis": timeline.axis(window, moment),
        "lanes": lanes,
        "quiet": _without_lane(jobs, today),
        "busiest": [_minute(at, names, moment) for at, names in minutes[:BUSIEST] if len(names) > 1],
    }


def _coming(facts: JobFacts, end: datetime, most: int) -> Coming:
    job = facts.job
    none = "manual only" if job.schedule is None else "" if job.enabled else "disabled"
    times: list[datetime] = []
    at = facts.state.next_at if job.enabled else None
    while job.schedule is not None and at is not None and at <= end and len(times) < most:
        if facts.pause is None or not facts.pause.covers(at):
            times.append(at)
        elif facts.pause.until is None:
            none = "paused"
            break
        at = job.schedule.next_after(at)
    every = (times[-1] - times[0]).total_seconds() / (len(times) - 1) if len(times) > 1 else 0.0
    full = len(times) == most and at is not None and at <= end
    return Coming(
        name=job.name,
        why_none=none,
        duration=facts.state.usual_duration or ASSUMED,
        times=times,
        spread_from=times[-1] if full else None,
        every=every,
    )


class _Peak:
    """Runs at once in each minute of the next day."""

    def __init__(self, now: datetime) -> None:
        self._now = now.replace(second=0, microsecond=0)
        self._minutes: list[list[str]] = [[] for _ in range(1441)]

    def add(self, name: str, at: datetime, seconds: float) -> None:
        first = int((at - self._now).total_seconds() // 60)
        last = int((at - self._now).total_seconds() + seconds) // 60
        for minute in range(max(0, first), min(last, 1440) + 1):
            names = self._minutes[minute]
            if not names or names[-1] != name:
                names.append(name)

    def busiest(self) -> list[tuple[datetime, list[str]]]:
        """Minutes with most jobs, each job once; of minutes that follow each other with the same jobs the first."""
        found = []
        before: list[str] = []
        for number, names in enumerate(self._minutes):
            if names and names != before:
                found.append((self._now + timedelta(minutes=number), names))
            before = names
        return sorted(found, key=lambda each: (-len(each[1]), each[0]))


def _add(
    job: Coming, busy: dict[tuple[date, int], float], peak: _Peak, moment: Moment, end: datetime
) -> Iterator[None]:
    tomorrow = moment.now + _DAY
    for at in job.times:
        if at <= tomorrow:
            peak.add(job.name, at, job.duration)
        _spread(busy, at, job.duration, moment)
        yield
    if job.spread_from is None or not job.every:
        return
    at = job.spread_from + timedelta(seconds=job.every)
    share = job.duration / job.every
    while at < end:
        hour_end = at.replace(minute=0, second=0, microsecond=0) + _HOUR
        seconds = (min(hour_end, end) - at).total_seconds()
        _spread(busy, at, seconds, moment, share)
        if at <= tomorrow and share >= 1 / 60:
            peak.add(job.name, at, seconds - 1)
        at = hour_end
        yield


def _spread(
    busy: dict[tuple[date, int], float], at: datetime, seconds: float, moment: Moment, share: float = 1.0
) -> None:
    """Add the seconds of one run to each hour that it touches."""
    while seconds > 0:
        there = at.astimezone(moment.zone)
        left = 3600.0 - there.minute * 60 - there.second
        part = min(seconds, left)
        key = there.date(), there.hour
        busy[key] = busy.get(key, 0.0) + part * share
        at, seconds = at + timedelta(seconds=part), seconds - part


def _lane(job: Coming, window: timeline.Window, moment: Moment) -> Any:
    times = [at for at in job.times if at <= window.end]
    about = timeline.Lane(name=job.name, coming=times, usual=job.duration)
    return timeline.plan(about, window, moment, often=bool(job.every) and job.every <= OFTEN)


def _week(busy: dict[tuple[date, int], float], moment: Moment) -> Iterator[tuple[date, list[dict[str, Any]]]]:
    longest = max(busy.values(), default=0.0)
    first = moment.local.date()
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
            hours = _hours_of(day, hour, moment)
            title = {0: f"{hour:02d}:00 is skipped: DST begins", 2: f"{hour:02d}:00 occurs twice: DST ends"}.get(
                hours, ""
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


def _notes(moment: Moment, end: datetime) -> Iterator[str]:
    change = first_change(moment.zone, moment.now, end)
    if change is not None:
        what = "is skipped, when DST begins" if change.shift > timedelta() else "occurs twice, when DST ends"
        hour = min(change.wall_before, change.wall_after)
        yield f"* The hour from {hour:%H:%M} {what}: {moment.day(change.at)}."


def _facts(
    jobs: list[Coming], busy: dict[tuple[date, int], float], minutes: list[tuple[datetime, list[str]]],
    max_running: int | None, moment: Moment,
) -> list[tuple[str, str, str]]:  # fmt: skip
    tomorrow = moment.now + _DAY
    count = sum(
        sum(at <= tomorrow for at in job.times)
        + (
            max(0, int((tomorrow - job.spread_from).total_seconds() / job.every))
            if job.spread_from and job.every
            else 0
        )
        for job in jobs
    )
    with_runs = sum(bool(job.times and job.times[0] <= tomorrow) for job in jobs)
    limit = f"; max_running {max_running}" if max_running else ""
    found = [("Runs in the next 24 h", f"{count:,}", f"of {plural(with_runs, 'job')}")]
    if minutes:
        at, names = minutes[0]
        found.append(("Busiest minute", plural(len(names), "job"), f"{moment.clock(at)}{limit}"))
        hour = max(busy, key=lambda key: busy[key])
        found.append(
            ("Busiest hour", f"{hour[0]:%a} {hour[1]:02d}:00", f"{plural(round(busy[hour] / 60), 'busy minute')}")
        )
        quiet = _quietest(busy, moment)
        found.append(("Quietest hours", ", ".join(f"{each:02d}" for each in quiet), "of the coming days"))
    change = first_change(moment.zone, moment.now, moment.now + 200 * _DAY)
    if change is not None:
        text = f"{change.wall_before:%H:%M} → {change.wall_after:%H:%M}"
        found.append(("Next DST change", moment.day(change.at), text))
    return found


def _within(job: Coming, end: datetime) -> int:
    """How many runs begin by then."""
    found = sum(at <= end for at in job.times)
    if job.spread_from is not None and job.every:
        found += max(0, int((end - job.spread_from).total_seconds() / job.every))
    return found


def _quietest(busy: dict[tuple[date, int], float], moment: Moment) -> list[int]:
    first = moment.local.date()
    by_hour = [sum(busy.get((first + timedelta(days=n), hour), 0.0) for n in range(1, DAYS)) for hour in range(24)]
    return sorted(sorted(range(24), key=lambda hour: by_hour[hour])[:3])


def _without_lane(jobs: list[Coming], today: list[Coming]) -> str:
    drawn = {job.name for job in today[:LANES]}
    left = [f"{job.name} ({job.why_none})" if job.why_none else job.name for job in jobs if job.name not in drawn]
    if not left:
        return ""
    more = f" and {len(left) - 12} more" if len(left) > 12 else ""
    return f"Not drawn: {', '.join(left[:12])}{more}."


def _minute(at: datetime, names: list[str], moment: Moment) -> dict[str, str]:
    shown = ", ".join(names[:2]) + (f", {len(names) - 2} more" if len(names) > 2 else "")
    there = at.astimezone(moment.zone)
    return {"day": f"{there:%a}", "time": f"{there:%H:%M}", "peak": str(len(names)), "jobs": shown}
