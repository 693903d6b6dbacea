"""Runs on request: later, once per key, bounded, and each with exactly one end."""

from __future__ import annotations

import asyncio
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest

from scheduler.engine import request_keys, requests
from scheduler.engine.events import RunFinished, RunRequested, RunSkipped, RunStarted
from scheduler.engine.following import RunStream
from scheduler.launch.simulated import Play
from scheduler.model.job import Overlap
from scheduler.model.run import Decision, Launch, Reason, Run, RunRequest
from scheduler.wire.arguments import ArgumentsView
from scheduler.wire.requester import Requester
from tests.unit.stage import NOON, Stage, job, lines


def at(seconds: float, **more: Any) -> RunRequest:
    return RunRequest(at=NOON + timedelta(seconds=seconds), **more)


def reason(stream: RunStream) -> tuple[Reason | None, str | None]:
    assert isinstance(stream.ended, Decision)
    return stream.ended.reason, stream.ended.note


def test_a_run_requested_for_later_starts_at_its_time() -> None:
    async def script(stage: Stage) -> None:
        stage.engine.run_now(stage.jobs["a"], at(30))
        assert stage.engine.timetable.next_at == NOON + timedelta(seconds=30)
        stage.engine.run_now(stage.jobs["a"], at(10))
        await stage.until(60)

    stage = Stage(job("a", None), play=lambda _: Play(5.0))
    assert stage.play(script) == lines("""
        12:00:10 started a 12:00:10 by manual
        12:00:15 succeeded a 12:00:10
        12:00:30 started a 12:00:30 by manual
        12:00:35 succeeded a 12:00:30
        12:01:00 stopping
    """)


def test_the_next_run_is_one_that_no_pause_covers() -> None:
    async def script(stage: Stage) -> None:
        timetable = stage.engine.timetable
        assert timetable.next_run() == (NOON + timedelta(seconds=10), "often")
        stage.engine.pause("often", until=None, note="")
        assert timetable.next_run() == (NOON + timedelta(seconds=60), "seldom")
        stage.engine.pause("seldom", until=None, note="")
        assert timetable.next_run() == (None, None)

    Stage(job("often", "@every 10s"), job("seldom", "@every 60s")).play(script)


def test_a_run_that_was_requested_for_later_can_be_followed_before_it_starts() -> None:
    async def script(stage: Stage) -> None:
        run_id = stage.engine.run_now(stage.jobs["a"], at(10)).run_id
        stream = stage.engine.following.of(run_id)
        assert stream is not None
        kinds = [type(value) for value in [value async for value in stream]]
        assert kinds == [RunRequested, Run, Run]

    Stage(job("a", None), play=lambda _: Play(1.0)).play(script)


def test_it_can_be_cancelled_and_ends_with_its_job_and_with_schedd() -> None:
    async def script(stage: Stage) -> None:
        cancelled, removed, disabled, last = (
            stage.engine.run_now(stage.jobs[name], at(100)) for name in ("a", "b", "c", "a")
        )
        assert stage.engine.requests.cancel(cancelled.run_id, Reason.STOPPED)
        assert not stage.engine.requests.cancel(cancelled.run_id, Reason.STOPPED)
        left = {"a": stage.jobs["a"], "c": job("c", None, enabled=False)}
        stage.engine.load(left, max_running=None)
        assert [reason(each)[0] for each in (cancelled, removed, disabled)] == ["stopped", "removed", "removed"]
        await stage.engine.shut_down(1.0)
        assert reason(last)[0] == "shutdown"
        kept = [stage.engine.history.decision(each.run_id) for each in (cancelled, removed, disabled, last)]
        assert [each and each.reason for each in kept] == ["stopped", "removed", "removed", "shutdown"]

    Stage(*[job(name, None) for name in "abc"], play=lambda _: Play(1.0)).play(script)


def test_more_requests_for_later_than_max_waiting_are_refused() -> None:
    async def script(stage: Stage) -> None:
        streams = [stage.engine.run_now(stage.jobs["a"], at(10 + number)) for number in range(3)]
        assert reason(streams[2]) == (Reason.MAX_WAITING, "max_waiting (2) is reached")
        assert [each.ended for each in streams[:2]] == [None, None]

    Stage(job("a", None, max_waiting=2), play=lambda _: Play()).play(script)


def test_a_request_with_the_same_key_is_about_the_same_run_while_that_is_known() -> None:
    async def script(stage: Stage) -> None:
        def ask(name: str, **more: Any) -> str:
            return stage.engine.run_now(stage.jobs[name], RunRequest(key="k", **more)).run_id

        running = ask("a")
        assert ask("a") == running
        other = ask("b", at=NOON + timedelta(seconds=9))
        assert other != running
        await stage.until(2)
        assert (ask("a"), ask("b")) == (running, other)  # kept, and still to come
        for _ in range(20):
            stage.engine.run_now(stage.jobs["a"])
            await asyncio.sleep(2)
        assert ask("a") != running  # no longer kept

    Stage(job("a", None), job("b", None), play=lambda _: Play(1.0)).play(script)


def test_a_key_whose_run_was_skipped_can_be_used_again() -> None:
    async def script(stage: Stage) -> None:
        first = stage.engine.run_now(stage.jobs["a"], at(50, key="k"))
        stage.engine.requests.cancel(first.run_id, Reason.STOPPED)
        assert stage.engine.run_now(stage.jobs["a"], RunRequest(key="k")).run_id != first.run_id

    Stage(job("a", None), play=lambda _: Play(1.0)).play(script)


@pytest.mark.parametrize("moment", [1.0, 10.0])
def test_a_repeated_request_gets_the_output_of_the_run(moment: float) -> None:
    async def script(stage: Stage) -> None:
        stage.engine.run_now(stage.jobs["a"], RunRequest(key="k"))
        await stage.until(moment)
        again = stage.engine.run_now(stage.jobs["a"], RunRequest(key="k"))
        values = [value async for value in again]
        assert [type(value).__name__ for value in values] == ["Run", "Chunk", "Run"]

    Stage(job("a", None), play=lambda _: Play(5.0, says=b"out")).play(script)


def test_stdin_of_waiting_requests_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MOST_HELD", 100)

    async def script(stage: Stage) -> None:
        def ask(size: int) -> RunStream:
            return stage.engine.run_now(stage.jobs["a"], RunRequest(stdin=b"x" * size))

        first, second, third = ask(60), ask(40), ask(1)
        assert (first.ended, second.ended) == (None, None)
        assert "stdin already; try again later" in str(reason(third)[1])
        await stage.until(15)
        assert ask(60).ended is None

    Stage(job("a", None, overlap=Overlap.QUEUE), play=lambda _: Play(5.0)).play(script)


def test_stdin_of_refused_requests_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MOST_HELD", 100)

    async def script(stage: Stage) -> None:
        stage.engine.run_now(stage.jobs["a"])
        for _ in range(5):
            refused = stage.engine.run_now(stage.jobs["a"], RunRequest(stdin=b"x" * 60))
            assert reason(refused) == (Reason.OVERLAP, None)
        await stage.until(10)
        assert stage.engine.run_now(stage.jobs["a"], RunRequest(stdin=b"x" * 60)).ended is None

    Stage(job("a", None), play=lambda _: Play(5.0)).play(script)


def test_keys_of_forgotten_runs_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_keys, "SWEPT_FROM", 50)

    async def script(stage: Stage) -> None:
        keys = stage.engine.requests.keys
        keys._sweep_at = 50
        for number in range(500):
            stage.engine.run_now(stage.jobs["a"], RunRequest(key=f"k{number}")).close()
            await asyncio.sleep(1)
        assert len(keys._runs["a"]) <= 60

    Stage(job("a", None), play=lambda _: Play(0.1)).play(script)


def test_arguments_reach_each_attempt_and_the_record() -> None:
    seen: list[Launch] = []

    def play(launch: Launch) -> Play:
        seen.append(launch)
        return Play(1.0)

    async def script(stage: Stage) -> None:
        stage.engine.run_now(stage.jobs["a"], at(5, args=("x",), kwargs={"n": 1}, stdin=b"in"))
        await stage.until(10)

    Stage(job("a", None), play=play).play(script)
    assert [(each.args, each.kwargs, each.stdin) for each in seen] == [(("x",), {"n": 1}, b"in")]


def test_every_accepted_request_has_exactly_one_end() -> None:
    """B12"""

    async def script(stage: Stage) -> None:
        for number in range(30):
            stage.engine.run_now(stage.jobs["q"], at(number) if number % 3 == 1 else RunRequest())
        await stage.until(20)

    stage = Stage(job("q", None, overlap=Overlap.QUEUE), play=lambda _: Play(3.0))
    stage.play(script)
    started = [event.run.id for event in stage.events if isinstance(event, RunStarted)]
    finished = [event.run.id for event in stage.events if isinstance(event, RunFinished)]
    skipped = [event.run_id for event in stage.events if isinstance(event, RunSkipped)]
    assert started == finished
    assert sorted([*finished, *map(str, skipped)]) == [f"run{number:05d}" for number in range(1, 31)]


@pytest.mark.parametrize("keys", [{"overlap": Overlap.QUEUE}, {"overlap": Overlap.ALLOW, "lock": "l", "lock_slots": 3}])
def test_a_waiting_request_takes_less_than_two_kilobytes(keys: dict[str, Any]) -> None:
    many = 1000

    def request(number: int) -> RunRequest:
        words = (f"/uploads/{number}.csv",)
        by = Requester(uid=1000, user="deploy", pid=number, program="gunicorn")
        return RunRequest(args=words, key=f"upload {number}", by=by, arguments=ArgumentsView(args=words))

    async def script(stage: Stage) -> None:
        async def ask(count: int) -> None:
            for number in range(count):
                stage.engine.run_now(stage.jobs["a"], request(number)).close()
            await asyncio.sleep(0.1)

        await ask(10)
        stage.events.clear()
        tracemalloc.start()
        try:
            await ask(many)
            stage.events.clear()
            stage.lines.clear()
            taken, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(stage.engine.live("a")) >= many
        assert taken / many <= 2048

    Stage(job("a", None, max_waiting=2 * many, **keys), play=lambda _: Play(1000.0)).play(script)
