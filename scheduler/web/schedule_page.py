"""The page `/schedule`: coming runs by hour and minute, from each job's schedule and its usual duration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from scheduler.engine.slices import Slices
from scheduler.model.job import Overlap
from scheduler.schedule.time_zone import first_change
from scheduler.web import timeline
from scheduler.web.board import Board, JobFacts
from scheduler.web.busy_hours import DAYS, Busy, hours, spread, week
from scheduler.web.words import Moment, plural, span

ASSUMED = 1.0
"""Seconds that a job without a finished run is taken to need."""

MOST_TIMES = 60_000
"""Coming times of all jobs together that are computed; beyond it a job's runs are taken to be evenly spread."""

FEWEST_TIMES = 48
LANES = 40
OFTEN = 600.0
"""Seconds between two runs below which a lane is one bar."""

BUSIEST = 6
NAMED = 12

LEGEND = timeline.legend(
    {
        "usual duration": '<rect class="run" x="1" y="2" width="12" height="8" rx="1"/>',
        "every 10 minutes or more often": '<rect class="exp" x="0" y="3" width="14" height="6"/>',
    }
)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class Coming(msgspec.Struct, frozen=True, kw_only=True):
    """The coming runs of one job: computed ones, and from `spread_from` on one each `every` seconds.

    `skipped` are scheduled times at which the previous run is still running; `known` is whether `duration` is.
    """

    name: str
    why_none: str
    duration: float
    known: bool
    times: list[datetime]
    skipped: list[datetime]
    spread_from: datetime | None
    every: float


async def context(board: Board, max_running: int | None, moment: Moment, slices: Slices) -> dict[str, Any]:
    """The values of the template."""
    end = moment.now + DAYS * _DAY
    names = board.names()
    most = max(FEWEST_TIMES, MOST_TIMES // max(1, len(names)))
    jobs = await slices.gather(_coming(facts, end, most) for facts in board.all_facts())
    busy: Busy = {}
    peak = _Peak(moment.now)
    await slices.run(step for job in jobs for step in _add(job, busy, peak, moment, end))
    window = timeline.Window(moment.now, _DAY.total_seconds(), past=0)
    today = [job for job in jobs if job.times and job.times[0] <= window.end]
    often = await slices.gather((-sum(at <= window.end for at in job.times), place) for place, job in enumerate(today))
    today = [today[place] for _, place in sorted(often)]
    tomorrow = moment.now + _DAY
    within = await slices.gather((_within(job, tomorrow), _skipped(job, tomorrow)) for job in jobs)
    lanes = await slices.gather((job.name, _lane(job, window, moment)) for job in today[:LANES])
    minutes = await slices.one(peak.busiest)
    facts = await slices.one(lambda: _facts(within, busy, minutes, max_running, moment))
    unknown = await slices.one(lambda: list(_unknown(jobs)))
    return {
        "facts": facts,
        "week": await slices.gather(week(busy, moment)),
        "notes": [*_notes(moment, end), *unknown],
        "legend": LEGEND,
        "axis": timeline.axis(window, moment),
        "lanes": lanes,
        "quiet": await slices.one(lambda: _without_lane(jobs, today, moment)),
        "busiest": [_minute(at, names, moment) for at, names in minutes[:BUSIEST] if len(names) > 1],
    }


def _coming(facts: JobFacts, end: datetime, most: int) -> Coming:
    job, usual = facts.job, facts.state.usual_duration
    duration = usual or ASSUMED
    none = "manual only" if job.schedule is None else "" if job.enabled else "disabled"
    times: list[datetime] = []
    skipped: list[datetime] = []
    busy = max((run.started_at + timedelta(seconds=duration) for run in facts.state.live), default=None)
    at = facts.state.next_at if job.enabled else None
    while job.schedule is not None and at is not None and at <= end and len(times) + len(skipped) < most:
        if facts.pause is None or not facts.pause.covers(at):
            if job.overlap is Overlap.SKIP and busy is not None and at < busy:
                skipped.append(at)
            else:
                times.append(at)
                busy = at + timedelta(seconds=duration)
        elif facts.pause.until is None:
            none = "paused"
            break
        at = job.schedule.next_after(at)
    every = (times[-1] - times[0]).total_seconds() / (len(times) - 1) if len(times) > 1 else 0.0
    full = len(times) + len(skipped) == most and at is not None and at <= end
    return Coming(
        name=job.name,
        why_none=none,
        duration=duration,
        known=usual is not None or job.schedule is None,
        times=times,
        skipped=skipped,
        spread_from=times[-1] if full and times else None,
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


def _add(job: Coming, busy: Busy, peak: _Peak, moment: Moment, end: datetime) -> Iterator[None]:
    tomorrow = moment.now + _DAY
    yield
    for at in job.times:
        if at <= tomorrow:
            peak.add(job.name, at, job.duration)
        spread(busy, at, job.duration, moment)
        yield
    if job.spread_from is None or not job.every:
        return
    at = job.spread_from + timedelta(seconds=job.every)
    share = job.duration / job.every
    while at < end:
        hour_end = at.replace(minute=0, second=0, microsecond=0) + _HOUR
        seconds = (min(hour_end, end) - at).total_seconds()
        spread(busy, at, seconds, moment, share)
        if at <= tomorrow and share >= 1 / 60:
            peak.add(job.name, at, seconds - 1)
        at = hour_end
        yield


def _lane(job: Coming, window: timeline.Window, moment: Moment) -> Any:
    times = [at for at in job.times if at <= window.end]
    about = timeline.Lane(name=job.name, coming=times, usual=job.duration)
    return timeline.plan(about, window, moment, often=bool(job.every) and job.every <= OFTEN)


def _notes(moment: Moment, end: datetime) -> Iterator[str]:
    change = first_change(moment.zone, moment.now, end)
    if change is not None:
        what = "is skipped, when DST begins" if change.shift > timedelta() else "occurs twice, when DST ends"
        hour = min(change.wall_before, change.wall_after)
        both = "" if change.shift > timedelta() else ", so its minutes are those of two hours"
        yield f"* The hour from {hour:%H:%M} {what}: {moment.day(change.at)}{both}."


def _unknown(jobs: list[Coming]) -> Iterator[str]:
    """Which jobs have no usual duration yet."""
    names = [job.name for job in jobs if job.times and not job.known]
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield f"Duration not known yet, counted as {span(ASSUMED)}: {', '.join(names[:NAMED])}{more}."


def _facts(
    within: list[tuple[int, int]], busy: Busy, minutes: list[tuple[datetime, list[str]]],
    max_running: int | None, moment: Moment,
) -> list[tuple[str, str, str]]:  # fmt: skip
    runs, skips = zip(*within, strict=True) if within else ((), ())
    count, skipped = sum(runs), sum(skips)
    lost = f"; {skipped:,} more skipped: overlap" if skipped else ""
    limit = f", of at most {max_running} (max_running)" if max_running else ""
    found = [("Runs in the next 24 h", f"{count:,}", f"of {plural(sum(map(bool, runs)), 'job')}{lost}")]
    if minutes:
        at, names = minutes[0]
        found.append(("Busiest minute", moment.clock(at), f"{plural(len(names), 'job')} at once{limit}"))
        found += hours(busy, moment)
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


def _skipped(job: Coming, end: datetime) -> int:
    """How many scheduled times until then are skipped, since the previous run is still running."""
    found = sum(at <= end for at in job.skipped)
    if job.spread_from is not None:
        found += round((_within(job, end) - sum(at <= end for at in job.times)) * len(job.skipped) / len(job.times))
    return found


def _why_not_drawn(job: Coming, moment: Moment) -> str:
    if not job.times:
        return f"no run in {DAYS} days"
    return f"next {moment.clock(job.times[0])}" if job.times[0] > moment.now + _DAY else "fewer runs"


def _without_lane(jobs: list[Coming], today: list[Coming], moment: Moment) -> str:
    drawn = {job.name for job in today[:LANES]}
    left = [job for job in jobs if job.name not in drawn]
    if not left:
        return ""
    named = ", ".join(f"{job.name} ({job.why_none or _why_not_drawn(job, moment)})" for job in left[:NAMED])
    more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
    return f"Not drawn: {named}{more}."


def _minute(at: datetime, names: list[str], moment: Moment) -> dict[str, str]:
    shown = ", ".join(names[:NAMED]) + (f", {len(names) - NAMED} more" if len(names) > NAMED else "")
    there = at.astimezone(moment.zone)
    return {"day": f"{there:%a}", "time": f"{there:%H:%M}", "peak": str(len(names)), "jobs": shown}
