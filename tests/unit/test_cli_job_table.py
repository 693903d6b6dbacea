"""The table of jobs: what it says of each, and what it cuts on a narrow terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scheduler.cli import job_table
from scheduler.text import cells
from scheduler.wire.jobs import JobView, PauseView
from scheduler.wire.runs import AttemptView, RunView

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def job(name: str = "poll-rates", **more: Any) -> JobView:
    known: dict[str, Any] = {
        "description": "",
        "schedule": "30 2 * * *",
        "timezone": "UTC",
        "enabled": True,
        "status": "idle",
        "next_at": NOW + timedelta(hours=11, minutes=30),
    }
    return JobView(name=name, **{**known, **more})


def run(outcome: str, code: int, *, ago: int = 130) -> RunView:
    ended = NOW - timedelta(seconds=ago)
    attempt = AttemptView(number=1, started_at=ended, duration=1, outcome=outcome, exit_code=code)
    return RunView(
        id="k3v9d2qa",
        job="poll-rates",
        trigger="schedule",
        scheduled_at=ended,
        started_at=ended,
        lateness=0,
        finished_at=ended,
        outcome=outcome,
        exit_code=code,
        duration=1,
        attempts=(attempt,),
    )


def paused(until: timedelta | None, note: str = "") -> dict[str, Any]:
    return {
        "status": "paused",
        "paused": PauseView(since=NOW, until=None if until is None else NOW + until, note=note),
    }


def row(view: JobView) -> list[str]:
    return [cell.text for cell in job_table.row(view, UTC, NOW)]


@pytest.mark.parametrize(
    ("until", "shown"),
    [(None, "-"), (timedelta(hours=12), "-"), (timedelta(hours=11), "in 11h 30m, 23:30 UTC")],
)
def test_a_run_that_a_pause_will_skip_is_not_shown_as_the_next(until: timedelta | None, shown: str) -> None:
    """F10"""
    assert row(job(**paused(until)))[2] == shown


@pytest.mark.parametrize(
    ("outcome", "code", "shown"),
    [
        ("failed", 1, "failed, exit 1, 2m 10s ago"),
        ("failed", 137, "failed, exit 137, 2m 10s ago"),
        ("not-started", 127, "not-started, exit 127, 2m 10s ago"),
        ("timed-out", 124, "timed-out 2m 10s ago"),
        ("stopped", 143, "stopped 2m 10s ago"),
        ("succeeded", 0, "succeeded 2m 10s ago"),
    ],
)
def test_the_last_run_says_how_it_ended(outcome: str, code: int, shown: str) -> None:
    """F10"""
    assert row(job(last=run(outcome, code)))[3] == shown


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        (paused(None), "paused"),
        (paused(timedelta(hours=1)), "paused, 1h left"),
        (paused(timedelta(hours=1), "API is down"), "paused, 1h left: API is down"),
        ({"status": "waiting", "waiting_for": "lock"}, "waiting for lock"),
        ({"status": "retrying", "retry_at": NOW + timedelta(seconds=9)}, "retrying in 9s"),
    ],
)
def test_the_status_says_how_long_it_lasts(more: dict[str, Any], shown: str) -> None:
    assert row(job(**more))[4] == shown


@pytest.mark.parametrize("name", ["a", "poll-rates", "nightly-backup-of-everything-in-the-database"])
@pytest.mark.parametrize("schedule", ["@daily", "*/5 8-18 1,15 * mon-fri", "@at 2027-01-01T09:00:00+01:00"])
@pytest.mark.parametrize("last", [None, run("succeeded", 0, ago=86_399), run("failed", 137, ago=86_399)])
@pytest.mark.parametrize("status", [{}, paused(timedelta(hours=11, minutes=7), "データベースを移行しています " * 3)])
@pytest.mark.parametrize("ahead", [timedelta(hours=11, minutes=59, seconds=7), timedelta(days=3, seconds=7)])
def test_on_80_columns_the_next_run_and_the_status_are_whole(
    name: str, schedule: str, last: RunView | None, status: dict[str, Any], ahead: timedelta
) -> None:
    """F10: but for the note of a pause."""
    view = job(name, schedule=schedule, last=last, next_at=NOW + ahead, **status)
    heads, line = job_table.lines([view], UTC, NOW, 80)
    assert cells(line) <= 80
    assert "STATUS" in heads
    shown = row(view)
    assert shown[2] in line
    assert shown[4].partition(":")[0] in line


def test_on_a_wide_terminal_nothing_is_cut() -> None:
    view = job("n" * 40, schedule="*/5 8-18 1,15 * mon-fri", last=run("failed", 1), **paused(None, "note " * 9))
    assert "…" not in "".join(job_table.lines([view], UTC, NOW, 220))


@pytest.mark.parametrize("room", [20, 40, 60])
def test_even_a_very_narrow_terminal_gets_lines_that_fit(room: int) -> None:
    lines = job_table.lines([job("n" * 40, last=run("failed", 1), **paused(None, "note " * 9))], UTC, NOW, room)
    assert max(map(cells, lines)) <= max(room, 4 * 8 + 3 * 2)


@pytest.mark.parametrize(
    ("errors", "shown"),
    [
        ((), "failing"),
        (("mail to ops@example.com: Connection refused",), "failing, mail not delivered"),
        (
            ("webhook example.com: answered 403", "mail to a: no", "mail to b: no"),
            "failing, webhook and mail not delivered",
        ),
        (("command: exit code 1",), "failing, command not delivered"),
        (
            ("command: exit code 4", "mail to a: no", "webhook h: no"),
            "failing, command, mail and webhook not delivered",
        ),
    ],
)
def test_the_status_names_the_kinds_of_recipients_that_were_not_notified(errors: tuple[str, ...], shown: str) -> None:
    assert job_table.status(job(consecutive_failures=1, notification_errors=errors), NOW).text == shown


@pytest.mark.parametrize(
    ("status", "shown"), [("idle", "when schedd starts"), ("paused", "-"), ("disabled", "-"), ("done", "-")]
)
def test_a_job_that_runs_at_each_start_says_so(status: str, shown: str) -> None:
    assert row(job(schedule="@reboot", next_at=None, status=status))[2] == shown


def test_a_job_that_still_runs_shows_that_it_is_paused() -> None:
    view = job(**{**paused(None), "status": "running", "running": (run("running", 0, ago=0),)})
    assert job_table.status(view, NOW).text == "running 0s, paused"
