"""History: the last runs and decisions of each job, counted and bounded. Kept in memory, lost when schedd stops."""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime

from msgspec.structs import replace

from scheduler.engine.events import Event, JobsChanged, RunFinished, RunSkipped, RunStarted
from scheduler.launch.output import Chunk
from scheduler.model.run import Decision, Outcome, Run

RUNS_KEPT = 20
"""Runs a job."""

DECISIONS_KEPT = 200
"""Decisions a job; equal consecutive skips are one."""


class JobHistory:
    """What is kept of one job, oldest first.

    `failures` is how many runs in a row have failed, the first of them at `failing_since`; stopped runs change neither.
    """

    __slots__ = ("decisions", "failing_since", "failures", "runs")

    def __init__(self) -> None:
        self.runs: deque[Run] = deque(maxlen=RUNS_KEPT)
        self.decisions: deque[Decision] = deque(maxlen=DECISIONS_KEPT)
        self.failures = 0
        self.failing_since: datetime | None = None

    @property
    def last(self) -> Run | None:
        """The run that finished last."""
        return self.runs[-1] if self.runs else None

    @property
    def usual_duration(self) -> float | None:
        """The median of the kept successful runs, in seconds."""
        durations = [run.duration for run in self.runs if run.outcome is Outcome.SUCCEEDED and run.duration is not None]
        durations.sort()
        half = len(durations) // 2
        # Not by `statistics`, which takes 1.5 ms and a quarter of a megabyte to import.
        return (durations[half] + durations[~half]) / 2 if durations else None

    @property
    def successes(self) -> int:
        """How many of the kept runs succeeded."""
        return sum(run.outcome is Outcome.SUCCEEDED for run in self.runs)

    def count(self, run: Run) -> None:
        """Count a finished run as a failure or a success."""
        if run.outcome is not None and run.outcome.is_failure:
            self.failures += 1
            self.failing_since = self.failing_since or run.finished_at
        elif run.outcome is Outcome.SUCCEEDED:
            self.failures, self.failing_since = 0, None


class History:
    """A listener that keeps what may be queried later. Every method costs as much as one job has kept."""

    def __init__(self) -> None:
        self.decided: Counter[str] = Counter()
        """Decisions since the start by their word, over all jobs, removed ones included."""
        self.tails = Tails()
        self._jobs: dict[str, JobHistory] = {}
        self._job_of: dict[str, str] = {}
        """The job of each kept run, and of each skipped request that is kept as a decision."""

    def of(self, job: str) -> JobHistory:
        """What is kept of a job; empty for one that did nothing yet."""
        return self._jobs.get(job) or JobHistory()

    def run(self, run_id: str) -> Run | None:
        """The finished run with that id, while it is kept."""
        job = self._job_of.get(run_id)
        return None if job is None else next((run for run in self._jobs[job].runs if run.id == run_id), None)

    def restore(self, run: Run) -> None:
        """Take a finished run of an earlier schedd, kept elsewhere; it counts for nothing since the start."""
        at = run.scheduled_at
        self._kept(run.job).decisions.append(Decision(run.job, None, first=at, last=at, run_id=run.id, by=run.by))
        self._finished(run)

    def decision(self, run_id: str) -> Decision | None:
        """The decision by which a request was skipped, while it is kept."""
        decisions = self.of(self._job_of.get(run_id, "")).decisions
        return next((each for each in decisions if each.run_id == run_id and each.reason is not None), None)

    def on_event(self, event: Event) -> None:
        """Record an event."""
        match event:
            case RunStarted(run=run):
                at = run.scheduled_at
                self._decide(Decision(run.job, None, first=at, last=at, run_id=run.id, by=run.by))
            case RunSkipped(decision=decision):
                self._decide(decision)
            case RunFinished(run=run):
                self._finished(run)
            case JobsChanged(changes=changes):
                # Not only `removed`: a run that outlives its job adds it once more.
                for name in self._jobs.keys() - {*changes.added, *changes.changed, *changes.unchanged}:
                    self._forget(name)

    def _finished(self, run: Run) -> None:
        kept = self._kept(run.job)
        if len(kept.runs) == RUNS_KEPT:
            self._drop(kept.runs[0])
        kept.runs.append(run)
        kept.count(run)
        self._job_of[run.id] = run.job

    def _forget(self, job: str) -> None:
        kept = self._jobs.pop(job, JobHistory())
        for run in kept.runs:
            self._drop(run)
        for decision in kept.decisions:
            self._drop_request(decision)

    def _drop(self, run: Run) -> None:
        self._job_of.pop(run.id, None)
        self.tails.drop(run.id)

    def _kept(self, job: str) -> JobHistory:
        kept = self._jobs.get(job)
        if kept is None:
            kept = self._jobs[job] = JobHistory()
        return kept

    def _decide(self, decision: Decision) -> None:
        self.decided[decision.word] += decision.count
        decisions = self._kept(decision.job).decisions
        if decisions and _mergeable(decisions[-1], decision):
            decisions[-1] = _merged(decisions[-1], decision)
            return
        if len(decisions) == DECISIONS_KEPT:
            self._drop_request(decisions[0])
        decisions.append(decision)
        if decision.run_id is not None and decision.reason is not None:
            self._job_of[decision.run_id] = decision.job

    def _drop_request(self, decision: Decision) -> None:
        if decision.run_id is not None and decision.reason is not None:
            self._job_of.pop(decision.run_id, None)


def _mergeable(earlier: Decision, later: Decision) -> bool:
    """Skips for the same reason are one record, but a request, which has an id, has a record of its own."""
    is_same = earlier.reason is later.reason and earlier.note == later.note
    return is_same and earlier.run_id is None and later.run_id is None


def _merged(earlier: Decision, later: Decision) -> Decision:
    return replace(
        later,
        first=min(earlier.first, later.first),
        last=max(earlier.last, later.last),
        count=earlier.count + later.count,
        more=earlier.more or later.more,
    )


ALL_TAILS = 32 * 1024 * 1024
"""Bytes that all tails together may take; the oldest are dropped first."""

_KEEPING = 256
"""Bytes that one kept chunk takes besides its content."""


class Tails:
    """The kept output of finished runs, by run id, in the order in which the runs finished."""

    def __init__(self) -> None:
        self._size = 0
        self._kept: dict[str, tuple[Chunk, ...]] = {}

    def of(self, run_id: str) -> tuple[Chunk, ...]:
        """A finished run's output, oldest first; empty when it printed nothing or its tail was dropped."""
        return self._kept.get(run_id, ())

    def keep(self, run_id: str, tail: tuple[Chunk, ...]) -> None:
        """Keep it as the newest, and drop the oldest beyond the bound."""
        if tail:
            self._kept[run_id] = tail
            self._size += _size(tail)
        while self._size > ALL_TAILS:
            self.drop(next(iter(self._kept)))

    def drop(self, run_id: str) -> None:
        """Drop a run's tail, if there is one."""
        self._size -= _size(self._kept.pop(run_id, ()))


def _size(tail: tuple[Chunk, ...]) -> int:
    return sum(len(chunk.data) + _KEEPING for chunk in tail)
