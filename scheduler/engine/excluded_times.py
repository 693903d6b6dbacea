"""`ExcludedTimes`: the scheduled times that `except` removes, each of which is recorded as skipped when it passes."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from datetime import datetime, timedelta

from scheduler.model.job import Job
from scheduler.model.run import Decision, Reason
from scheduler.schedule import Restricted

_AHEAD = timedelta(days=1)
"""How far one search goes; then it is continued."""

MOST_COUNTED = 1000
"""Excluded times of one job that are counted at once, after a suspend; further ones are reported as "more than"."""


class ExcludedTimes:
    """The next excluded time of each job that has `except`, or the time at which to search on."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, str]] = []
        self._searched: dict[str, tuple[Restricted, datetime]] = {}
        """By job: its schedule, and the instant up to which its excluded times are recorded."""

    @property
    def next_at(self) -> datetime | None:
        """The earliest time at which `take` has something to do."""
        return self._heap[0][0] if self._heap else None

    def load(self, jobs: Mapping[str, Job], now: datetime) -> None:
        """Use these jobs. Excluded times count after `now`, or after those recorded where a schedule is unchanged."""
        before, self._searched, self._heap = self._searched, {}, []
        for name, job in jobs.items():
            schedule = job.schedule
            if not isinstance(schedule, Restricted) or schedule.limits.exclusions is None or not job.enabled:
                continue
            old = before.get(name)
            since = old[1] if old is not None and old[0] == schedule else now
            self._searched[name] = schedule, since
            heapq.heappush(self._heap, (self._next(name), name))

    def take(self, now: datetime) -> list[Decision]:
        """The decisions about all excluded times up to `now` that have none yet."""
        decisions = []
        while self._heap and self._heap[0][0] <= now:
            _, name = heapq.heappop(self._heap)
            if decision := self._decision(name, now):
                decisions.append(decision)
            heapq.heappush(self._heap, (self._next(name), name))
        return decisions

    def restart(self, now: datetime) -> None:
        """Search from `now` on, after the wall clock was set back by more than DST would."""
        self._searched = {name: (schedule, now) for name, (schedule, _) in self._searched.items()}
        self._heap = [(self._next(name), name) for name in self._searched]
        heapq.heapify(self._heap)

    def _decision(self, name: str, now: datetime) -> Decision | None:
        schedule, since = self._searched[name]
        times: list[datetime] = []
        at = schedule.next_excluded(since, now)
        while at is not None and len(times) < MOST_COUNTED:
            times.append(at)
            at = schedule.next_excluded(at, now)
        self._searched[name] = schedule, max(since, now)
        if not times:
            return None
        more = at is not None
        note = schedule.excluded_by(times[-1])
        return Decision(name, Reason.EXCLUDED, first=times[0], last=times[-1], count=len(times), more=more, note=note)

    def _next(self, name: str) -> datetime:
        schedule, since = self._searched[name]
        return schedule.next_excluded(since, since + _AHEAD) or since + _AHEAD
