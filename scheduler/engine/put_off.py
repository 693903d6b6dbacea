"""Scheduled times that come while another scheduler is active: what is left of them when this one takes over."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

from scheduler.engine.timetable import Due
from scheduler.model.run import Decision, Reason

Time = tuple[str, datetime]
"""A job's name and a scheduled time of it."""

RECENT = timedelta(minutes=2)
"""How long all times of a job are kept; of older ones the latest. Another scheduler takes over much sooner."""

MOST = 200
"""Times kept of one job."""

_EVER = datetime.min.replace(tzinfo=UTC)

OLDEST = timedelta(days=6)
"""How old a time may be to be decided at all: for a day longer it is known who has claimed it."""


class PutOff:
    """By job, scheduled times that the active scheduler decides unless it dies.

    While no scheduler is active, nobody decides them: then those too old to be kept are counted.
    """

    def __init__(self) -> None:
        self._times: dict[str, list[Due]] = {}
        self._undecided_since: datetime | None = None
        self._counted: dict[str, Decision] = {}

    def add(self, due: Due) -> None:
        """A job's time has come."""
        times = self._times.setdefault(due.job.name, [])
        times.append(due)
        if len(times) > 1 and times[-2].scheduled_at > due.scheduled_at:
            times.sort(key=lambda each: each.scheduled_at)
        recent = times[-1].scheduled_at - RECENT
        while len(times) > MOST or times[0].scheduled_at < recent:
            self._count(times.pop(0))

    def stand_by(self, now: datetime, *, elsewhere: bool, was_active: bool) -> None:
        """From now on another scheduler decides, with what nobody has decided until now; or nobody does.

        A scheduler that was active has put off only what nobody has decided.
        """
        if elsewhere:
            self._undecided_since = None
            self._counted.clear()
        else:
            self._undecided_since = _EVER if was_active else now

    def times(self, now: datetime) -> list[Time]:
        """All that another scheduler may not have decided."""
        oldest = now - OLDEST
        return [
            (name, due.scheduled_at)
            for name, times in self._times.items()
            for due in times
            if due.scheduled_at >= oldest
        ]

    def _count(self, due: Due) -> None:
        if self._undecided_since is not None and due.scheduled_at >= self._undecided_since:
            self._counted[due.job.name] = _coalesced(self._counted.get(due.job.name), due)

    def take(self, elsewhere: Collection[Time]) -> Iterator[Due]:
        """Take out all: of each job the latest not decided `elsewhere`, with the earlier ones coalesced into it."""
        taken, self._times = self._times, {}
        counted, self._counted = self._counted, {}
        for name, times in taken.items():
            left = [due for due in times if (name, due.scheduled_at) not in elsewhere]
            if not left:
                continue
            *earlier, latest = left
            missed = counted.get(name)
            for due in earlier:
                missed = _coalesced(missed, due)
            yield Due(latest.job, latest.scheduled_at, latest.previous, missed)


def _coalesced(before: Decision | None, due: Due) -> Decision:
    """The decision about one more time, with those about the times before it."""
    at = due.scheduled_at
    first, count = (at, 0) if before is None else (before.first, before.count)
    return Decision(due.job.name, Reason.COALESCED, first=first, last=at, count=count + 1)
