"""How often each job ran in each quarter of an hour of the last day: history keeps only its last runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from scheduler.engine.events import Event, JobsChanged, RunFinished, RunSkipped
from scheduler.model.run import Outcome

WIDTH = 900
"""Seconds of one bucket."""

BUCKETS = 96
"""A day."""

_FIELDS = 4
"""Succeeded, failed, skipped, longest duration in seconds."""

_EMPTY = memoryview(bytes(2 * _FIELDS)).cast("H")

_MOST = 65_535


class Buckets:
    """A listener. A job that never runs has none; one that does takes 1 KB."""

    def __init__(self) -> None:
        self._jobs: dict[str, _Day] = {}

    def on_event(self, event: Event) -> None:
        """Count an event."""
        match event:
            case RunFinished(run=run) if run.finished_at is not None and run.outcome is not None and not run.elsewhere:
                failed = run.outcome is not Outcome.SUCCEEDED
                self._of(run.job).count(run.finished_at, 1 if failed else 0, 1, run.duration or 0.0)
            case RunSkipped(decision=decision):
                self._of(decision.job).count(decision.last, 2, decision.count, 0.0)
            case JobsChanged(changes=changes):
                for name in changes.removed:
                    self._jobs.pop(name, None)
            case _:
                pass

    def between(self, job: str, start: datetime, end: datetime) -> Iterator[tuple[datetime, float, int, int]]:
        """Start, seconds, finished runs and failures of each bucket with runs, as far as it ends by `end`."""
        day = self._jobs.get(job)
        if day is not None:
            yield from day.between(start, end)

    def _of(self, job: str) -> _Day:
        day = self._jobs.get(job)
        if day is None:
            day = self._jobs[job] = _Day()
        return day


class _Day(msgspec.Struct, gc=False):
    """A ring of buckets of unsigned shorts; `newest` is the number of the latest one since the epoch.

    Neither it nor its bytes are looked at by garbage collection: there is one for each job.
    """

    counts: bytearray = msgspec.field(default_factory=lambda: bytearray(2 * _FIELDS * BUCKETS))
    newest: int = 0

    def count(self, at: datetime, field: int, by: int, duration: float) -> None:
        number = int(at.timestamp()) // WIDTH
        if number <= self.newest - BUCKETS:
            return
        counts = memoryview(self.counts).cast("H")
        for emptied in range(max(self.newest + 1, number - BUCKETS + 1), number + 1):
            place = emptied % BUCKETS * _FIELDS
            counts[place : place + _FIELDS] = _EMPTY
        self.newest = max(self.newest, number)
        place = number % BUCKETS * _FIELDS
        counts[place + field] = min(_MOST, counts[place + field] + by)
        counts[place + 3] = max(counts[place + 3], min(_MOST, round(duration)))

    def between(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, float, int, int]]:
        first = max(self.newest - BUCKETS + 1, int(start.timestamp()) // WIDTH)
        counts = memoryview(self.counts).cast("H")
        for number in range(first, self.newest + 1):
            place = number % BUCKETS * _FIELDS
            succeeded, failed = counts[place], counts[place + 1]
            at = datetime.fromtimestamp(number * WIDTH, UTC)
            if succeeded + failed and at < end:
                yield at, min(WIDTH, (end - at) / timedelta(seconds=1)), succeeded + failed, failed
