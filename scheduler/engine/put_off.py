"""Scheduled times that come while another scheduler is active: what is left of them when this one takes over."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from scheduler.engine.timetable import Due
from scheduler.model.run import Decision, Reason

Time = tuple[str, datetime]
"""A job's name and a scheduled time of it."""

RECENT = timedelta(minutes=2)
"""How long all times of a job are kept; of older ones the latest. Another scheduler takes over much sooner."""

MOST = 200
"""Times kept of one job."""

OLDEST = timedelta(days=6)
"""How old a time may be to be decided at all: for a day longer it is known who has claimed it."""


class PutOff:
    """By job, scheduled times that the active scheduler decides unless it dies."""

    def __init__(self) -> None:
        self._times: dict[str, list[Due]] = {}

    def add(self, due: Due) -> None:
        """A job's time has come."""
        times = self._times.setdefault(due.job.name, [])
        times.append(due)
        if len(times) > 1 and times[-2].scheduled_at > due.scheduled_at:
            times.sort(key=lambda each: each.scheduled_at)
        recent = times[-1].scheduled_at - RECENT
        while len(times) > MOST or times[0].scheduled_at < recent:
            del times[0]

    def times(self, now: datetime) -> list[Time]:
        """All that another scheduler may not have decided."""
        oldest = now - OLDEST
        return [
            (name, due.scheduled_at)
            for name, times in self._times.items()
            for due in times
            if due.scheduled_at >= oldest
        ]

    def take(self, elsewhere: Collection[Time]) -> Iterator[Due]:
        """Take out all: of each job the latest not decided `elsewhere`, with the earlier ones coalesced into it."""
        taken, self._times = self._times, {}
        for name, times in taken.items():
            left = [due for due in times if (name, due.scheduled_at) not in elsewhere]
            if not left:
                continue
            *earlier, latest = left
            missed = None
            if earlier:
                first, last = earlier[0].scheduled_at, earlier[-1].scheduled_at
                missed = Decision(name, Reason.COALESCED, first=first, last=last, count=len(earlier))
            yield Due(latest.job, latest.scheduled_at, latest.previous, missed)
