"""History: the last runs and decisions of each job, counted and bounded. Kept in memory, lost when schedd stops."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import msgspec
from msgspec.structs import replace

from scheduler.engine.events import Event, JobsChanged, RunFinished, RunSkipped, RunStarted, Stopping
from scheduler.engine.packed_records import Form, PackedRecords
from scheduler.engine.tails import Tails
from scheduler.model.run import Decision, Outcome, Run

RUNS_KEPT = 20
"""Runs a job."""

DECISIONS_KEPT = 200
"""Decisions a job; equal consecutive skips are one."""

ALL_JOBS = 28 * 1024 * 1024
"""Bytes that the runs and decisions of all jobs may take; beyond that the job with the most loses its oldest."""

_GRAIN = 2048
"""Histories whose sizes differ by fewer bytes count as equally long."""

_PLACES = 4096
"""Run ids are spread over so many lists of jobs, so that a run is found among few jobs."""

_SUCCEEDED = Outcome.SUCCEEDED

_RUN = Form(Run)
_DECISION = Form(Decision)


class _RunId(msgspec.Struct, array_like=True, gc=False):
    """What is read of a run that is dropped."""

    id: str


class _Reason(msgspec.Struct, array_like=True, gc=False):
    """What is read first of a decision that is dropped."""

    job: str
    reason: str | None


_RUN_ID = Form(_RunId)
_REASON = Form(_Reason)


class JobHistory(msgspec.Struct, eq=False, gc=False):
    """What is kept of one job, oldest first; `size` is how many bytes that takes.

    `failures` is how many runs in a row have failed, the first of them at `failing_since`; stopped runs change neither.
    """

    runs: PackedRecords[Run] = msgspec.field(default_factory=lambda: PackedRecords(_RUN))
    decisions: PackedRecords[Decision] = msgspec.field(default_factory=lambda: PackedRecords(_DECISION))
    failures: int = 0
    failing_since: datetime | None = None
    last_success: datetime | None = None
    """When a run last succeeded, whether it is still kept or not."""
    size: int = 0
    length: int = -1
    """The size in grains, as `History` has filed it; -1 when it has not."""
    _durations: tuple[int, float | None] | None = None

    @property
    def last(self) -> Run | None:
        """The run that finished last."""
        return self.runs.last

    @property
    def usual_duration(self) -> float | None:
        """The median of the kept successful runs, in seconds."""
        return self._successes()[1]

    @property
    def successes(self) -> int:
        """How many of the kept runs succeeded."""
        return self._successes()[0]

    def count(self, run: Run) -> None:
        """Count a finished run as a failure or a success."""
        self._durations = None
        if run.outcome is _SUCCEEDED:
            self.failures, self.failing_since, self.last_success = 0, None, run.finished_at
        elif run.outcome is not None and run.outcome.is_failure:
            self.failures += 1
            self.failing_since = self.failing_since or run.finished_at

    def _successes(self) -> tuple[int, float | None]:
        """Their number and median duration, computed again only when a run has finished since."""
        if self._durations is None:
            durations = sorted(run.duration or 0.0 for run in self.runs if run.outcome is Outcome.SUCCEEDED)
            half = len(durations) // 2
            # Not by `statistics`, which takes 1.5 ms and a quarter of a megabyte to import.
            median = (durations[half] + durations[~half]) / 2 if durations else None
            self._durations = (len(durations), median)
        return self._durations


class History:
    """A listener that keeps what may be queried later. Every method costs as much as one job has kept."""

    KINDS: tuple[type[Event], ...] = (RunStarted, RunSkipped, RunFinished, JobsChanged, Stopping)

    def __init__(self) -> None:
        self.decided: Counter[str] = Counter()
        """Decisions since the start by their word, over all jobs, removed ones included."""
        self._is_stopping = False
        """Whether schedd shuts down: then a request whose run goes on without it still has an answer."""
        self.tails = Tails()
        self.size = 0
        """Bytes that the runs and decisions of all jobs take."""
        self._jobs: dict[str, JobHistory] = {}
        self._by_length: dict[int, dict[JobHistory, None]] = {}
        self._by_id: dict[int, list[JobHistory]] = {}
        """By a hash of the id: the job of each kept run, and of each skipped request that is kept as a decision."""

    def of(self, job: str) -> JobHistory:
        """What is kept of a job; empty for one that did nothing yet."""
        return self._jobs.get(job) or JobHistory()

    def last_run(self, job: str) -> Run | None:
        """The run of a job that finished last."""
        kept = self._jobs.get(job)
        return None if kept is None else kept.last

    def failing(self) -> list[str]:
        """The jobs whose latest runs have failed."""
        return [name for name, kept in self._jobs.items() if kept.failures]

    def run(self, run_id: str) -> Run | None:
        """The finished run with that id, while it is kept."""
        return next((run for kept in self._with(run_id) for run in kept.runs if run.id == run_id), None)

    def restore(self, run: Run, *, is_decided: bool = False) -> None:
        """Take a finished run of an earlier schedd, kept elsewhere; it counts for nothing since the start.

        `is_decided`: it started here, so that its decision is there already.
        """
        at = run.scheduled_at
        if not is_decided:
            self._keep_decision(Decision(run.job, None, first=at, last=at, run_id=run.id, by=run.by))
        self._finished(run)

    def decision(self, run_id: str) -> Decision | None:
        """The decision by which a request was skipped, while it is kept."""
        decisions = (each for kept in self._with(run_id) for each in kept.decisions)
        return next((each for each in decisions if each.run_id == run_id and each.reason is not None), None)

    def on_event(self, event: Event) -> None:
        """Record an event."""
        match event:
            case RunStarted(run=run):
                at = run.scheduled_at
                self._decide(Decision(run.job, None, first=at, last=at, run_id=run.id, by=run.by))
            case RunSkipped(decision=decision):
                self._decide(decision)
            case Stopping():
                self._is_stopping = True
            case RunFinished(run=run) if self._is_stopping or not run.elsewhere:
                self._finished(run)
            case JobsChanged(changes=changes):
                # Not only `removed`: a run that outlives its job adds it once more.
                for name in self._jobs.keys() - {*changes.added, *changes.changed, *changes.unchanged}:
                    self._forget(name)

    def _finished(self, run: Run) -> None:
        kept = self._kept(run.job)
        by = kept.runs.append(run)
        if len(kept.runs) > RUNS_KEPT:
            by -= self._drop_run(kept)
        kept.count(run)
        self._by_id.setdefault(hash(run.id) % _PLACES, []).append(kept)
        self._resize(kept, by)
        if self.size > ALL_JOBS:
            self._shorten()

    def _decide(self, decision: Decision) -> None:
        self.decided[decision.word] += decision.count
        self._keep_decision(decision)

    def _keep_decision(self, decision: Decision) -> None:
        kept, by = self._kept(decision.job), 0
        before = kept.decisions.last if decision.run_id is None else None
        if before is not None and _is_continued(before, decision):
            by = -kept.decisions.drop_last()
            decision = _merged(before, decision)
        by += kept.decisions.append(decision)
        if len(kept.decisions) > DECISIONS_KEPT:
            by -= self._drop_decision(kept)
        if decision.reason is not None and decision.run_id is not None:
            self._by_id.setdefault(hash(decision.run_id) % _PLACES, []).append(kept)
        self._resize(kept, by)
        if self.size > ALL_JOBS:
            self._shorten()

    def _shorten(self) -> None:
        """Keep to the bound over all jobs: the oldest of the job with the most is dropped first."""
        while self.size > ALL_JOBS:
            kept = next(iter(self._by_length[max(self._by_length)]))
            is_of_runs = kept.runs.size > kept.decisions.size
            self._resize(kept, -(self._drop_run(kept) if is_of_runs else self._drop_decision(kept)))

    def _forget(self, job: str) -> None:
        kept = self._jobs.pop(job, JobHistory())
        self.size -= kept.size
        while kept.runs:
            self._drop_run(kept)
        while kept.decisions:
            self._drop_decision(kept)
        self._file(kept, -1)

    def _drop_run(self, kept: JobHistory) -> int:
        """Drop the oldest run of a job. Returns how many bytes it took."""
        record = kept.runs.drop_first()
        run_id = _RUN_ID.unpack(record).id
        self._by_id[hash(run_id) % _PLACES].remove(kept)
        self.tails.drop(run_id)
        return len(record)

    def _drop_decision(self, kept: JobHistory) -> int:
        """Drop the oldest decision of a job. Returns how many bytes it took."""
        record = kept.decisions.drop_first()
        if _REASON.unpack(record).reason is not None and (run_id := _DECISION.unpack(record).run_id) is not None:
            self._by_id[hash(run_id) % _PLACES].remove(kept)
        return len(record)

    def _resize(self, kept: JobHistory, by: int) -> None:
        """File a history by its new size."""
        kept.size += by
        self.size += by
        if kept.size // _GRAIN != kept.length:
            self._file(kept, kept.size // _GRAIN)

    def _file(self, kept: JobHistory, length: int) -> None:
        """File a history among those of its length; -1 for nowhere."""
        if kept.length >= 0:
            del self._by_length[kept.length][kept]
            if not self._by_length[kept.length]:
                del self._by_length[kept.length]
        kept.length = length
        if length >= 0:
            self._by_length.setdefault(length, {})[kept] = None

    def _kept(self, job: str) -> JobHistory:
        kept = self._jobs.get(job)
        if kept is None:
            kept = self._jobs[job] = JobHistory()
        return kept

    def _with(self, run_id: str) -> dict[JobHistory, None]:
        """The jobs that may have a run or a skipped request with that id."""
        return dict.fromkeys(self._by_id.get(hash(run_id) % _PLACES, ()))


def _is_continued(before: Decision, decision: Decision) -> bool:
    """Skips for the same reason are one record, but a request, which has an id, has a record of its own."""
    return before.run_id is None and (before.reason, before.note) == (decision.reason, decision.note)


def _merged(earlier: Decision, later: Decision) -> Decision:
    return replace(
        later,
        first=min(earlier.first, later.first),
        last=max(earlier.last, later.last),
        count=earlier.count + later.count,
        more=earlier.more or later.more,
    )
