"""`list --watch`: what keys do, which jobs come first, and that each frame fits the terminal."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.cli.keyboard import keys_of
from scheduler.cli.watch_frame import job_frame, list_frame
from scheduler.cli.watch_state import SORTS, Action, WatchState, totals
from scheduler.text import cells
from scheduler.wire.jobs import JobDetails, JobView, PauseView
from scheduler.wire.runs import Output, RunView

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
PAGE = 21


def job(name: str, status: str = "idle", failures: int = 0, ahead: int | None = 3600, **more: Any) -> JobView:
    return JobView(
        name=name,
        description="",
        schedule="@daily",
        timezone="UTC",
        enabled=status != "disabled",
        status=status,  # type: ignore[arg-type]
        next_at=None if ahead is None else NOW + timedelta(seconds=ahead),
        consecutive_failures=failures,
        **more,
    )


def state(*views: JobView) -> WatchState:
    found = WatchState()
    found.views = views
    found.window(PAGE)
    return found


def press(watched: WatchState, *keys: str) -> list[Action]:
    return [action for key in keys if (action := watched.press(key, PAGE)) is not None]


SIXTY = [job(f"job-{number:02}", ahead=number) for number in range(60)]


def frame(watched: WatchState, columns: int = 80, lines: int = 24, error: str = "") -> list[str]:
    return [ESCAPES.sub("", line) for line in list_frame(watched, UTC, NOW, (columns, lines), error)]


def test_failing_and_running_jobs_come_first() -> None:
    """F9"""
    watched = state(
        job("idle-later", ahead=900),
        job("idle-soon", ahead=5),
        job("off", "disabled", ahead=None),
        job("failing", failures=2, ahead=1800),
        job("running", "running"),
        job("running-and-failing", "running", failures=1),
        job("paused", "paused", paused=PauseView(since=NOW)),
        job("waiting", "waiting"),
    )
    assert [view.name for view in watched.shown()] == [
        "running-and-failing", "failing", "running", "waiting", "paused", "idle-soon", "idle-later", "off",
    ]  # fmt: skip


def test_every_job_of_a_long_list_can_be_reached() -> None:
    """F9: sixty jobs on twenty-four lines."""
    watched = state(*SIXTY)
    seen: list[str] = []
    for _ in range(60):
        lines = frame(watched)
        assert len(lines) == 24
        (selected,) = [line for line in list_frame(watched, UTC, NOW, (80, 24), "") if line.startswith("\x1b[7m")]
        seen.append(selected.removeprefix("\x1b[7m").split()[0])
        press(watched, "down")
    assert seen == [view.name for view in SIXTY]
    assert "40-60 of 60" in frame(watched)[-1]
    assert frame(watched)[-1].endswith("q quit"), "on 80 columns the keys are shown whole"


@pytest.mark.parametrize(
    ("keys", "selected"),
    [
        (["down"], 1),
        (["j", "j", "k"], 1),
        (["up"], 0),
        (["page down"], 21),
        ([" ", " ", " ", " "], 59),
        (["end"], 59),
        (["G", "home"], 0),
        (["G", "page up"], 38),
        (["G", "b", "g"], 0),
        (["f1", "ö"], 0),
    ],
)
def test_keys_move_the_selection(keys: list[str], selected: int) -> None:
    watched = state(*SIXTY)
    press(watched, *keys)
    assert watched.selected == SIXTY[selected].name


def test_a_filter_is_typed_kept_and_cleared() -> None:
    watched = state(*SIXTY, job("failing-one", failures=1))
    press(watched, "/", *"Job-1")
    assert len(watched.shown()) == 10
    assert "filter: Job-1" in frame(watched)[-1]
    press(watched, "backspace", "2", "enter", "q")
    assert {view.name[:5] for view in watched.shown()} == {"job-2"}
    assert "/Job-2" in frame(watched)[0]
    press(watched, "esc")
    assert len(watched.shown()) == 61
    press(watched, "/", *"failing", "enter")
    assert [view.name for view in watched.shown()] == ["failing-one"]
    press(watched, "/", "esc")
    assert len(watched.shown()) == 61


def test_q_quits_the_list_but_only_closes_a_job_and_is_a_letter_of_a_filter() -> None:
    watched = state(*SIXTY)
    assert press(watched, "enter", "q") == []
    assert not watched.is_open
    assert press(watched, "/", "q", "enter") == []
    assert watched.pattern == "q"
    assert press(watched, "q") == [Action("quit")]


@pytest.mark.parametrize(("key", "deed"), [("r", "run"), ("p", "pause"), ("x", "stop")])
def test_an_action_is_confirmed_first(key: str, deed: Any) -> None:
    watched = state(*SIXTY)
    assert press(watched, "down", key) == []
    assert "job-01" in frame(watched)[-1]
    assert frame(watched)[-1].endswith("[y/N]")
    assert press(watched, "n", "y") == []
    assert press(watched, key, "enter") == []
    assert press(watched, key, "y") == [Action(deed, "job-01")]


def test_pause_resumes_a_paused_job() -> None:
    watched = state(job("a", "paused", paused=PauseView(since=NOW)))
    assert press(watched, "p", "y") == [Action("resume", "a")]


def test_keys_that_come_at_once_mean_the_job_that_the_filter_leaves() -> None:
    watched = state(*SIXTY)
    assert press(watched, "end", "/", *"job-07", "enter", "enter", "r", "y") == [Action("run", "job-07")]
    assert watched.is_open


def test_without_jobs_no_key_does_harm() -> None:
    watched = state()
    assert press(watched, "down", "enter", "r", "y", "G", "page up") == []
    assert not watched.is_open
    assert "0 jobs" in frame(watched)[0]


def test_the_selection_stays_on_its_job_when_the_order_changes() -> None:
    watched = state(*SIXTY)
    press(watched, *["down"] * 30)
    watched.views = (job("job-30", "running"), *SIXTY[:30], *SIXTY[31:])
    assert (watched.window(PAGE)[1], watched.selected) == (0, "job-30")
    watched.views = SIXTY[:5]
    watched.window(PAGE)
    assert watched.selected == "job-00"


def test_s_goes_through_the_orders() -> None:
    watched = state(*SIXTY)
    seen = []
    for _ in SORTS:
        seen.append(watched.sort)
        assert f"by {watched.sort}" in frame(watched, columns=120)[0]
        assert len(watched.shown()) == 60
        press(watched, "s")
    assert (seen, watched.sort) == (list(SORTS), "attention")


def ran(run_id: str, ago: int) -> RunView:
    begun = NOW - timedelta(seconds=ago)
    return RunView(
        id=run_id,
        job="a",
        trigger="schedule",
        scheduled_at=begun,
        started_at=begun,
        lateness=0.0,
        finished_at=begun,
        outcome="succeeded",
        exit_code=0,
        duration=0.0,
    )


def test_by_last_run_the_newest_is_first_and_a_job_without_any_last() -> None:
    watched = state(job("never"), job("old", last=ran("1", 60)), job("new", last=ran("2", 5)), job("also-never"))
    press(watched, "s", "s")
    assert watched.sort == "last run"
    assert [view.name for view in watched.shown()] == ["new", "old", "also-never", "never"]


def test_the_header_counts() -> None:
    """F9"""
    views = [job("a", "running"), job("b", "running", failures=3), job("c", failures=1), job("d"), job("e", "disabled")]
    assert totals(views) == "5 jobs: 1 failing, 2 running, 1 idle, 1 disabled"
    assert totals([job("a")]) == "1 job: 1 idle"


@given(
    st.integers(20, 160),
    st.integers(4, 50),
    st.lists(
        st.sampled_from(["down", "page down", "end", "up", "/", "x", "o", "enter", "s", "esc", "r", "y", "backspace"])
    ),
)
def test_every_frame_fits_the_terminal(columns: int, lines: int, keys: list[str]) -> None:
    watched = state(
        *SIXTY, job("ran", last=ran("1", 5)), job("データベース", "waiting", failures=2, waiting_for="lock")
    )
    for key in keys:
        watched.press(key, lines - 3)
    drawn = frame(watched, columns, lines, error="schedd is not reachable " * 9 if "x" in keys else "")
    assert len(drawn) == lines
    assert max(map(cells, drawn)) <= max(columns, 46)


def test_a_job_is_shown_with_the_end_of_its_output() -> None:
    """F9"""
    watched = state(*SIXTY)
    press(watched, "enter")
    details = JobDetails(
        view=SIXTY[0], definition={"schedule": "@daily"}, origins={"schedule": "job"}, words="at 00:00"
    )
    output = [Output("k3v9d2qa", "job-00", "stdout", b"".join(b"line %d\n" % number for number in range(100)))]
    drawn = job_frame(watched, details, output, UTC, NOW, (60, 20), "")
    assert len(drawn) == 20
    assert drawn[0] == "job-00  idle"
    assert drawn[-2] == "line 99"
    assert "q back" in ESCAPES.sub("", drawn[-1])


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"", []),
        (b"q", ["q"]),
        (b"\x1b", ["esc"]),
        (b"\x1b[A\x1b[B", ["up", "down"]),
        (b"\x1bOA", ["up"]),
        (b"\x1b[5~\x1b[6~", ["page up", "page down"]),
        (b"\r\n", ["enter", "enter"]),
        (b"a\x7fb", ["a", "backspace", "b"]),
        ("/日本\r".encode(), ["/", "日", "本", "enter"]),
        (b"\x1b[1;5C", []),
        (b"\x1b[200~x", ["x"]),
        (b"\x1bq", ["esc", "q"]),
        (b"\xff\x00\t", []),
    ],
)
def test_keys_are_read_from_what_a_terminal_sends(data: bytes, keys: list[str]) -> None:
    assert keys_of(data) == keys


@given(st.binary(max_size=40))
def test_any_bytes_are_keys(data: bytes) -> None:
    assert all(key.isprintable() for key in keys_of(data))
