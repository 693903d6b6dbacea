"""What is over: the last runs and decisions of each job, counted and bounded. A listener; forgotten at the end."""

from __future__ import annotations

from collections import Counter, deque

from msgspec.structs import replace

from scheduler.engine.events import Event, JobsChanged, RunFinished, RunSkipped, RunStarted
from scheduler.launch.output import Chunk
from scheduler.model.run import Decision, Outcome, Reason, Run, Trigger

RUNS_KEPT = 20
"""Runs a job."""

DECISIONS_KEPT = 200
"""Decisions a job; equal consecutive skips are one."""


class JobHistory:
    """What is kept of one job, oldest first."""

    __slots__ = ("decisions", "runs")

    def __init__(self) -> None:
        self.runs: deque[Run] = deque(maxlen=RUNS_KEPT)
        self.decisions: deque[Decision] = deque(maxlen=DECISIONS_KEPT)

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
        # By hand, since `statistics` takes 1.5 ms and a quarter of a megabyte to import.
        return (durations[half] + durations[~half]) / 2 if durations else None


class History:
    """Hears every event and remembers what a person may ask about later."""

    def __init__(self) -> None:
        self.decided: Counter[Reason] = Counter()
        """Slots by what became of them, since the start and over all jobs, also those since removed."""
        self.tails = Tails()
        self._jobs: dict[str, JobHistory] = {}

    def of(self, job: str) -> JobHistory:
        """What is kept of a job; empty for one that did nothing yet."""
        return self._jobs.get(job) or JobHistory()

    def hear(self, event: Event) -> None:
        """Take note."""
        match event:
            case RunStarted(run=run) if run.trigger is not Trigger.MANUAL:
                slot = run.scheduled_at
                self._decide(Decision(run.job, Reason.RAN, first=slot, last=slot, run_id=run.id))
            case RunSkipped(decision=decision):
                self._decide(decision)
            case RunFinished(run=run):
                self._finished(run)
            case JobsChanged(changes=changes):
                # Not only `removed`: a run that outlives its job comes back once more.
                for name in self._jobs.keys() - {*changes.added, *changes.changed, *changes.unchanged}:
                    self._forget(name)

    def _finished(self, run: Run) -> None:
        runs = self._kept(run.job).runs
        if len(runs) == RUNS_KEPT:
            self.tails.drop(runs[0].id)
        runs.append(run)

    def _forget(self, job: str) -> None:
        for run in self._jobs.pop(job, JobHistory()).runs:
            self.tails.drop(run.id)

    def _kept(self, job: str) -> JobHistory:
        kept = self._jobs.get(job)
        if kept is None:
            kept = self._jobs[job] = JobHistory()
        return kept

    def _decide(self, decision: Decision) -> None:
        self.decided[decision.reason] += decision.count
        decisions = self._kept(decision.job).decisions
        if decisions and decision.reason is not Reason.RAN and decisions[-1].reason is decision.reason:
            decisions[-1] = _merged(decisions[-1], decision)
        else:
            decisions.append(decision)


def _merged(earlier: Decision, later: Decision) -> Decision:
    return replace(
        later,
        first=min(earlier.first, later.first),
        last=max(earlier.last, later.last),
        count=earlier.count + later.count,
        more=earlier.more or later.more,
    )


ALL_TAILS = 32 * 1024 * 1024
"""Bytes that all tails together may take; the oldest go first."""


_KEEPING = 256
"""Bytes that keeping one chunk costs besides its content."""


class Tails:
    """By run id, in the order in which the runs finished."""

    def __init__(self) -> None:
        self._size = 0
        self._kept: dict[str, tuple[Chunk, ...]] = {}

    def of(self, run_id: str) -> tuple[Chunk, ...]:
        """What is kept of a finished run, oldest first; nothing when it printed nothing or its tail had to go."""
        return self._kept.get(run_id, ())

    def keep(self, run_id: str, tail: tuple[Chunk, ...]) -> None:
        """Keep it as the newest, and let the oldest go where the bound asks for it."""
        if tail:
            self._kept[run_id] = tail
            self._size += _size(tail)
        while self._size > ALL_TAILS:
            self.drop(next(iter(self._kept)))

    def drop(self, run_id: str) -> None:
        """Forget a run's tail, if there is one."""
        self._size -= _size(self._kept.pop(run_id, ()))


def _size(tail: tuple[Chunk, ...]) -> int:
    return sum(len(chunk.data) + _KEEPING for chunk in tail)
