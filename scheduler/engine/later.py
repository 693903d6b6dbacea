"""Runs that were requested for a later time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime

import msgspec

from scheduler.model.run import RunRequest


class LaterRun(msgspec.Struct, frozen=True):
    """A requested run that is submitted at `at`."""

    run_id: str
    job: str
    at: datetime
    request: RunRequest


class Later:
    """Requested runs by time. Every method costs at most what one job has."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, LaterRun]] = []
        self._runs: dict[str, LaterRun] = {}
        self._by_job: dict[str, dict[str, LaterRun]] = {}
        self._added = 0

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def first(self) -> LaterRun | None:
        """The earliest."""
        while self._heap and self._heap[0][2].run_id not in self._runs:
            heapq.heappop(self._heap)
        return self._heap[0][2] if self._heap else None

    def add(self, run: LaterRun) -> None:
        """Keep a run until its time; of several at one time the first added comes first."""
        self._added += 1
        heapq.heappush(self._heap, (run.at, self._added, run))
        self._runs[run.run_id] = run
        self._by_job.setdefault(run.job, {})[run.run_id] = run

    def find(self, run_id: str) -> LaterRun | None:
        """The run with that id."""
        return self._runs.get(run_id)

    def of(self, job: str | None = None) -> tuple[LaterRun, ...]:
        """The runs of a job, or of all, in the order of their times."""
        runs = self._runs if job is None else self._by_job.get(job, {})
        return tuple(sorted(runs.values(), key=lambda run: run.at))

    def count(self, job: str) -> int:
        """How many runs of a job there are."""
        return len(self._by_job.get(job, ()))

    def remove(self, run_id: str) -> LaterRun | None:
        """Take a run out; None when it is not there any more."""
        run = self._runs.pop(run_id, None)
        if run is not None:
            of_job = self._by_job[run.job]
            del of_job[run_id]
            if not of_job:
                del self._by_job[run.job]
        return run

    def take(self, now: datetime) -> Iterator[LaterRun]:
        """Take out all runs whose time has come, in order."""
        while (run := self.first) is not None and run.at <= now:
            self.remove(run.run_id)
            yield run
