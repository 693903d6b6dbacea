"""The newest decisions of all jobs, equal ones of a job grouped: the list `What happened` of the page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import msgspec

from scheduler.engine.events import (
    AttemptFinished,
    ClockJumped,
    Event,
    JobsChanged,
    Paused,
    ReloadFailed,
    Resumed,
    RunFinished,
    RunRequested,
    RunSkipped,
    RunWaiting,
    Stopping,
)
from scheduler.model.run import Outcome, Run, Trigger
from scheduler.text import shift
from scheduler.web.words import ending, plural, span
from scheduler.wire.times import REASONS

KEPT = 300
"""Entries of all jobs together."""

AT_ONCE = timedelta(seconds=1)
"""Time within which pauses of several jobs are one entry."""

IN_A_ROW = 3
"""Entries of one job that may follow each other on the page."""


class Entry(msgspec.Struct, kw_only=True):
    """One decision, or `count` equal ones from `first` to `at`.

    `job` is empty for what concerns the daemon. `kind` is the class of its mark; `by` who asked for it.
    `scheduled_at` is the latest scheduled time that it is about, `jobs` the number of jobs that were paused or resumed
    at once, `until` and `note` those of a pause.
    """

    at: datetime
    first: datetime
    job: str
    kind: str
    text: str
    detail: str = ""
    by: str = ""
    run_id: str = ""
    count: int = 1
    jobs: int = 1
    scheduled_at: datetime | None = None
    until: datetime | None = None
    note: str = ""


class Recent:
    """Collects events, and requests from the operations."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._last_of: dict[str, int] = {}
        self._next = 0
        self.missed_runs: dict[str, datetime] = {}
        """Of each job the latest scheduled time shortly before the start, at which this schedd was not running."""

    def missed(self, job: str, scheduled_at: datetime) -> None:
        """Take note of a scheduled time before the start."""
        self.missed_runs[job] = scheduled_at
        self.add(job, "none", "missed: this schedd was not running")

    def on_event(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case JobsChanged() | ReloadFailed() | ClockJumped() | Stopping():
                self._of_daemon(event)
            case _:
                self._of_job(event)

    def _of_job(self, event: Event) -> None:
        match event:
            case RunFinished(run=run):
                self._finished(run)
            case AttemptFinished(run=run, attempt=attempt, retry_in=float() as delay):
                text = f"attempt {attempt.number} {attempt.outcome.value}; the next starts in {span(delay)}"
                self.add(run.job, "waiting", text, run_id=run.id)
            case RunSkipped(decision=decision):
                text = f"skipped: {REASONS[decision.word].replace('`', '')}"
                self.add(decision.job, "skipped", text, count=decision.count).scheduled_at = decision.last
            case RunWaiting(run_id=run_id, job=job, gate=gate):
                self.add(job, "waiting", f"waiting for {gate.waited_for}", run_id=run_id)
            case RunRequested(run_id=run_id, job=job, request=request):
                by = "" if request.by is None else request.by.text
                self.add(job, "waiting", "requested for later", run_id=run_id, by=by)
            case Paused(job=job, pause=pause):
                by = "" if pause.by is None else pause.by.text
                self._together(job, "paused", "paused", by, until=pause.until, note=pause.note)
            case Resumed(job=job, by=requester):
                self._together(job, "idle", "resumed", "" if requester is None else requester.text)
            case _:
                pass

    def _of_daemon(self, event: Event) -> None:
        match event:
            case ReloadFailed():
                self.add("", "problem", "reload failed; the previous configuration stays active")
            case JobsChanged(changes=changes):
                named = {"added": changes.added, "changed": changes.changed, "removed": changes.removed}
                counts = [f"{len(names)} {word}" for word, names in named.items() if names]
                unchanged = plural(len(changes.unchanged), "unchanged job")
                self.add("", "note", f"configuration loaded: {', '.join(counts) or unchanged}")
            case ClockJumped(by=by):
                self.add("", "problem", f"clock jumped by {shift(by)}")
            case Stopping(running=running):
                self.add("", "note", f"shutting down; {plural(running, 'run')} may finish")
            case _:
                pass

    def _together(
        self, job: str, kind: str, text: str, by: str, *, until: datetime | None = None, note: str = ""
    ) -> None:
        """One more entry; those of several jobs at once are one, without a name."""
        last = next(reversed(self._entries.values()), None)
        if last is not None and self._now() - last.at < AT_ONCE and last.job != job:
            same_end = last.until == until or (until and last.until and abs(until - last.until) < AT_ONCE)
            if (last.kind, last.text, last.by, last.note) == (kind, text, by, note) and same_end:
                last.job, last.jobs = "", last.jobs + 1
                return
        entry = self.add(job, kind, text, by=by)
        entry.until, entry.note = until, note

    def add(
        self, job: str, kind: str, text: str, *, detail: str = "", by: str = "", run_id: str = "", count: int = 1
    ) -> Entry:
        """One more entry; a second equal one of the same job joins the first, unless it was requested."""
        now = self._now()
        number = self._last_of.get(job) if job else None
        last = None if number is None else self._entries.get(number)
        if number is not None and last is not None and (last.kind, last.text, last.by) == (kind, text, by) and not by:
            last.at, last.detail, last.run_id, last.count = now, detail, run_id, last.count + count
            self._entries.move_to_end(number)
            return last
        self._next += 1
        entry = self._entries[self._next] = Entry(
            at=now, first=now, job=job, kind=kind, text=text, detail=detail, by=by, run_id=run_id, count=count
        )
        self._last_of[job] = self._next
        while len(self._entries) > KEPT:
            gone, old = self._entries.popitem(last=False)
            if self._last_of.get(old.job) == gone:
                del self._last_of[old.job]
        return entry

    def newest(self, most: int, job: str | None = None) -> Iterator[Entry]:
        """Entries, newest first; of one job at most IN_A_ROW in a row."""
        row, shown = 0, 0
        before = None
        for entry in reversed(self._entries.values()):
            if job is not None and entry.job != job:
                continue
            row = row + 1 if entry.job == before and entry.job else 1
            before = entry.job
            if row <= IN_A_ROW or job is not None:
                yield entry
                shown += 1
            if shown == most:
                return

    def _finished(self, run: Run) -> None:
        took = span(run.duration or 0.0)
        manual = "manual run " if run.trigger is Trigger.MANUAL else ""
        if run.outcome is Outcome.SUCCEEDED:
            entry = self.add(run.job, "succeeded", f"{manual}succeeded", detail=f"in {took}", run_id=run.id)
            entry.scheduled_at = None if manual else run.scheduled_at
            return
        kind = "none" if run.outcome is Outcome.STOPPED else "failed"
        outcome = "" if run.outcome is None else run.outcome.value
        why = ending(run)
        text = f"{manual}{outcome}: {why}" if why else f"{manual}{outcome}"
        entry = self.add(run.job, kind, text, detail=f"after {took}", run_id=run.id)
        entry.scheduled_at = None if manual else run.scheduled_at
