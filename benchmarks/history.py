"""What makes the history of a job full: as many runs and skips as are kept, in turn, so that none are one record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec.structs import replace

from scheduler.engine.events import Event, RunFinished, RunSkipped, RunStarted
from scheduler.engine.history import DECISIONS_KEPT
from scheduler.engine.run_id import new_run_id
from scheduler.model.run import Attempt, Decision, Exit, Outcome, Reason, Run, Trigger


def filled(name: str, start: datetime) -> Iterator[Event]:
    """The events of a job that is due every half hour and overlaps every other time."""
    for hour in range(DECISIONS_KEPT // 2):
        at = start + timedelta(hours=hour)
        began = at + timedelta(microseconds=1234)
        run = Run(new_run_id(), name, Trigger.SCHEDULE, at, began)
        yield RunStarted(run, None)
        ended = Exit(0, max_rss=5_000_000, cpu_seconds=0.125)
        run = replace(run, attempts=(Attempt(1, began, 1.0, Outcome.SUCCEEDED, ended),), outcome=Outcome.SUCCEEDED)
        yield RunFinished(replace(run, finished_at=began + timedelta(seconds=1), duration=1.0))
        half_past = at + timedelta(minutes=30)
        yield RunSkipped(Decision(name, Reason.OVERLAP, first=half_past, last=half_past))
