"""The data of the pages: state, runs and decisions, read one job at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from scheduler.api.service import JobState, Service
from scheduler.api.views import status_of
from scheduler.engine.engine import Engine
from scheduler.engine.live_run import LiveState
from scheduler.engine.packed_records import PackedRecords
from scheduler.launch.output import Chunk
from scheduler.model.job import Job
from scheduler.model.run import Decision, Pause, Run
from scheduler.web.output_lines import last_lines
from scheduler.wire.daemon import StatusView

LONGEST_LINE = 160
"""Characters of a line of output in a warning."""


class JobFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A job at one instant: its state, finished runs and decisions (oldest first), and its live runs.

    `failures` is failed runs in a row, 0 for a disabled job; `mark` is the CSS class of its symbol.
    """

    state: JobState
    live: Sequence[LiveState]
    runs: PackedRecords[Run]
    decisions: PackedRecords[Decision]
    word: str
    failures: int
    mark: str

    @property
    def job(self) -> Job:
        """The job as the file defines it."""
        return self.state.job

    @property
    def pause(self) -> Pause | None:
        """Its pause, if it is paused."""
        return self.state.paused

    @property
    def next_at(self) -> datetime | None:
        """Its next scheduled time that no pause covers."""
        at, pause, schedule = self.state.next_at, self.pause, self.job.schedule
        if at is None or pause is None or schedule is None or not pause.covers(at):
            return at
        return None if pause.until is None else schedule.next_after(pause.until - timedelta(microseconds=1))

    @property
    def waiting(self) -> LiveState | None:
        """The first of its runs that waits at a gate."""
        return next((each for each in self.live if each.gate is not None), None)

    @property
    def shown_word(self) -> str:
        """The word of `schedctl list`, or failing."""
        return "failing" if self.mark == "failing" else self.word


class Board:
    """Reads a service and its engine. What it returns is true within the slice of work in which it was read."""

    def __init__(self, service: Service, engine: Engine) -> None:
        self._service = service
        self._engine = engine
        self._zone: tuple[datetime, ZoneInfo] | None = None
        """A cache: the zone of most jobs, and when these were loaded."""

    def now(self) -> datetime:
        """The wall clock, aware UTC."""
        return self._engine.clock.now()

    def names(self) -> Sequence[str]:
        """The jobs, in the order of the file."""
        return self._service.names()

    def facts(self, name: str) -> JobFacts | None:
        """One job; None when there is none of that name (any more)."""
        state = self._service.state(name)
        if state is None:
            return None
        past, word = self._engine.history.of(name), status_of(state)
        failures = state.consecutive_failures if state.job.enabled else 0
        return JobFacts(
            state=state,
            live=self._engine.live(name),
            runs=past.runs,
            decisions=past.decisions,
            word=word,
            failures=failures,
            mark=_mark(word, failures, has_runs=bool(past.runs)),
        )

    def all_facts(self) -> Iterator[JobFacts]:
        """Every job, one at a time."""
        for name in self.names():
            if (facts := self.facts(name)) is not None:
                yield facts

    def run(self, run_id: str) -> tuple[Run | None, LiveState | None]:
        """The finished run with that id, or the live one."""
        live = self._engine.find_live(run_id)
        return (self._service.run(run_id), None) if live is None else (live.run, live)

    def output(self, run: Run) -> tuple[Chunk, ...]:
        """The kept output of a run."""
        return self._engine.tail(run.id)

    def last_line(self, run: Run) -> str:
        """The last line that a run wrote to stderr, or to stdout where it wrote nothing there."""
        return next(iter(last_lines(self.output(run), 1)), "")[:LONGEST_LINE]

    def failing(self) -> int:
        """How many jobs are failing."""
        found = map(self._engine.timetable.job, self._engine.history.failing())
        return sum(job is not None and job.enabled for job in found)

    def pause_of_all(self) -> tuple[Pause, int] | None:
        """The pause of all jobs, while it lasts, and how many jobs it still concerns."""
        return self._engine.timetable.pauses.of_all(self.now())

    def lock_holders(self, lock: str) -> list[str]:
        """Jobs with running attempts that hold a lock."""
        jobs = self._engine.timetable.jobs()
        return [
            live.job
            for live in self._engine.live()
            if live.run is not None and live.job in jobs and jobs[live.job].lock == lock
        ]

    def zone(self, status: StatusView | None = None) -> ZoneInfo:
        """The zone of tables over several jobs: that of `defaults`, else of most jobs."""
        status = status or self._service.status()
        if status.timezone != "UTC":
            return ZoneInfo(status.timezone)
        if self._zone is None or self._zone[0] != status.loaded_at:
            zones = Counter(job.timezone for job in self._engine.timetable.jobs().values())
            self._zone = status.loaded_at, zones.most_common(1)[0][0] if zones else ZoneInfo("UTC")
        return self._zone[1]


def _mark(word: str, failures: int, *, has_runs: bool) -> str:
    if word in ("idle", "done") and failures:
        return "failing"
    if word == "retrying":
        return "waiting"
    return "none" if word == "done" or (word == "idle" and not has_runs) else word


def skips_of(facts: JobFacts) -> list[Decision]:
    """Skipped scheduled times, newest first."""
    return [decision for decision in reversed(facts.decisions) if decision.reason is not None]
