"""The rows of `schedctl history`: what a person reads about one entry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scheduler.cli import history
from scheduler.wire.runs import AttemptView, HistoryEntry, RunView

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def entry(trigger: str) -> HistoryEntry:
    at = NOW - timedelta(minutes=2)
    attempt = AttemptView(number=1, started_at=at, duration=1, outcome="succeeded", exit_code=0)
    run = RunView(
        id="k3v9d2qa",
        job="load",
        trigger=trigger,
        scheduled_at=at,
        started_at=at,
        lateness=0,
        finished_at=at + timedelta(seconds=1),
        outcome="succeeded",
        exit_code=0,
        duration=1,
        attempts=(attempt,),
    )
    return HistoryEntry(job="load", decision="ran", reason=None, first=at, last=at, run_id=run.id, run=run)


@pytest.mark.parametrize(
    ("trigger", "shown"),
    [("schedule", ""), ("manual", "manual"), ("start", "at start"), ("after", "after another job")],
)
def test_a_run_shows_what_started_it_unless_that_is_its_schedule(trigger: str, shown: str) -> None:
    assert history.row(entry(trigger), UTC, NOW)[-1].text == shown
