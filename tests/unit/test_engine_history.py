"""History in packed form: what is read is what happened, and all jobs together stay within one bound."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scheduler.engine import history as history_module
from scheduler.engine.events import Event, RunFinished, RunSkipped, RunStarted
from scheduler.engine.history import DECISIONS_KEPT, RUNS_KEPT, History
from scheduler.model.run import Attempt, Decision, Exit, Outcome, Reason, Run, Trigger
from scheduler.wire.arguments import ArgumentsView
from scheduler.wire.requester import Requester

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

texts = st.none() | st.text(max_size=20)
instants = st.datetimes(timezones=st.just(UTC))
exits = st.builds(Exit, st.integers(0, 255), notes=st.lists(st.text(max_size=9), max_size=2).map(tuple))
attempts = st.builds(Attempt, st.integers(1, 9), instants, st.floats(0, 1e6), st.sampled_from(Outcome), exits, texts)
runs = st.builds(
    Run,
    st.text(min_size=1, max_size=9),
    st.just("j"),
    st.sampled_from(Trigger),
    instants,
    instants,
    st.lists(attempts, min_size=1, max_size=3).map(tuple),
    st.sampled_from(Outcome),
    instants,
    st.floats(0, 1e6),
    st.none() | st.builds(Requester, uid=st.integers(0, 9), user=texts),
    st.none()
    | st.builds(ArgumentsView, kwargs=st.dictionaries(st.text(max_size=4), st.integers() | texts, max_size=2)),
)


def ran(name: str, number: int, *, notes: tuple[str, ...] = ()) -> list[Event]:
    """A run of a job and its end."""
    at = NOON + timedelta(minutes=number)
    run = Run(f"{name}-{number}", name, Trigger.SCHEDULE, at, at)
    ended = (Attempt(1, at, float(number), Outcome.SUCCEEDED, Exit(0, notes=notes)),)
    finished = replace(run, attempts=ended, outcome=Outcome.SUCCEEDED, finished_at=at, duration=float(number))
    return [RunStarted(run, None), RunFinished(finished)]


def skipped(name: str, number: int, *, reason: Reason = Reason.OVERLAP, run_id: str | None = None) -> Event:
    at = NOON + timedelta(minutes=number)
    return RunSkipped(Decision(name, reason, first=at, last=at, run_id=run_id))


@settings(max_examples=30)
@given(st.lists(runs, max_size=25))
def test_the_packed_history_equals_the_events(happened: list[Run]) -> None:
    history = History()
    for run in happened:
        history.on_event(RunFinished(run))
    kept = history.of("j").runs
    expected = happened[-RUNS_KEPT:]
    assert list(kept) == expected
    assert list(reversed(kept)) == expected[::-1]
    assert len(kept) == len(expected)
    assert kept.first == (expected[0] if expected else None)
    assert history.of("j").last == (expected[-1] if expected else None)
    assert all(history.run(run.id) in [each for each in expected if each.id == run.id] for run in expected)


def test_text_that_is_not_utf8_and_large_integers_are_kept_as_json_shows_them() -> None:
    history = History()
    (_, event) = ran("j", 0, notes=("wrote \udcff", "\ud800"))
    assert isinstance(event, RunFinished)
    history.on_event(RunFinished(replace(event.run, arguments=ArgumentsView(kwargs={"id": 2**70}))))
    last = history.of("j").last
    assert last is not None
    assert last.attempts[0].exit.notes == (r"wrote \xff", "\ud800")
    assert last.arguments == ArgumentsView(kwargs={"id": 2**70})


def test_the_oldest_runs_and_decisions_of_a_job_are_forgotten() -> None:
    history = History()
    for number in range(300):
        for event in (*ran("j", number), skipped("j", number)):
            history.on_event(event)
    kept = history.of("j")
    assert [run.duration for run in kept.runs] == [float(number) for number in range(300 - RUNS_KEPT, 300)]
    assert len(kept.decisions) == DECISIONS_KEPT
    assert history.run("j-299") == kept.last
    assert history.run("j-279") is None
    assert kept.successes == RUNS_KEPT
    assert kept.usual_duration == 289.5


def test_equal_consecutive_skips_are_one_record_and_requests_have_their_own() -> None:
    history = History()
    for number in range(5):
        history.on_event(skipped("j", number))
    history.on_event(skipped("j", 5, run_id="request"))
    history.on_event(skipped("j", 6, reason=Reason.PAUSED))
    assert [(each.reason, each.count, each.last.minute) for each in history.of("j").decisions] == [
        (Reason.OVERLAP, 5, 4),
        (Reason.OVERLAP, 1, 5),
        (Reason.PAUSED, 1, 6),
    ]
    request = history.decision("request")
    assert request is not None
    assert request.last.minute == 5


def test_the_job_with_the_longest_history_loses_its_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "ALL_JOBS", 15_000)
    history = History()
    for number in range(10):
        for event in (*ran("small", number), skipped("small", number)):
            history.on_event(event)
    for number in range(200):
        for name in ("large", "larger"):
            for event in (*ran(name, number), skipped(name, number)):
                history.on_event(event)
    small, large, larger = (history.of(name) for name in ("small", "large", "larger"))
    assert (len(small.runs), len(small.decisions)) == (10, 20)
    assert 14_000 < small.size + large.size + larger.size <= 15_000
    assert history.size == small.size + large.size + larger.size
    assert abs(large.size - larger.size) <= 4_096
    assert large.last is not None
    assert large.last.id == "large-199"
    assert list(large.decisions)[-1].last == NOON + timedelta(minutes=199)
    assert history.run("large-199") == large.last
