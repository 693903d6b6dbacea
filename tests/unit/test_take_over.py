"""Take-overs between two schedulers: each run has one record with its first start, and each time one decision."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from scheduler.engine.events import RunFinished, RunSkipped
from scheduler.launch.simulated import Play
from scheduler.model.job import LauncherName, OnShutdown, Retry
from scheduler.model.run import Outcome, RunRequest
from scheduler.wire.arguments import ArgumentsView
from scheduler.wire.requester import Requester
from tests.unit.stage import job
from tests.unit.stage_of_two import StageOfTwo


def test_waiting_for_a_worker_is_lateness_and_not_duration() -> None:
    async def story(stage: StageOfTwo) -> None:
        stage.mailbox.delays = lambda message: (0.0 if message.job == "first" else 12.0,)
        await asyncio.sleep(40)
        ran = {run.job: (run.lateness, run.duration, [each.duration for each in run.attempts]) for run in stage.kept}
        assert ran == {"first": (0.0, 6.0, [6.0]), "third": (12.0, 6.0, [6.0])}

    jobs = [job(name, "@at 2026-06-01T12:00:10Z", timeout=8.0) for name in ("first", "third")]
    StageOfTwo(*jobs, play=lambda _: Play(6.0)).run(story)


def test_a_run_that_is_taken_over_keeps_the_start_that_its_worker_reported() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(25)
        stage.schedulers["a"].kill()
        await asyncio.sleep(60)
        (run,) = stage.kept
        assert run.id.startswith("a"), "b has recorded it"
        assert (run.lateness, run.duration, run.attempts[0].duration) == (0.0, 46.0, 46.0)
        assert run.attempts[0].started_at == run.started_at == run.scheduled_at

    StageOfTwo(job("j", "@at 2026-06-01T12:00:10Z"), play=lambda _: Play(46.0)).run(story)


def test_a_further_attempt_that_is_taken_over_keeps_the_first_start_of_its_run() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(25)
        stage.schedulers["a"].kill()
        await asyncio.sleep(60)
        (run,) = stage.kept
        assert [each.number for each in run.attempts] == [2]
        assert (run.lateness, run.duration) == (0.0, 38.0)

    play = lambda launch: Play(30.0 if launch.attempt == 2 else 3.0, code=int(launch.attempt == 1))  # noqa: E731
    StageOfTwo(job("j", "@at 2026-06-01T12:00:10Z", retry=Retry(1, delay=5.0)), play=play).run(story)


@pytest.mark.parametrize("skew", [-5.0, 5.0])
def test_lateness_is_not_negative_where_clocks_differ(skew: float) -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(25)
        stage.schedulers["a"].kill()
        await asyncio.sleep(60)
        (run,) = stage.kept
        assert run.started_at >= run.scheduled_at
        assert run.attempts[0].started_at >= run.scheduled_at

    StageOfTwo(job("j", "@at 2026-06-01T12:00:10Z"), play=lambda _: Play(46.0), skews={"a": skew}).run(story)


def test_a_restart_leaves_a_run_between_two_attempts_to_the_next_scheduler() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(65)
        await stage.schedulers["a"].stop()
        await asyncio.sleep(50)
        (run,) = stage.kept
        assert (run.outcome, run.attempts[-1].number) == (Outcome.SUCCEEDED, 2)

    play = lambda launch: Play(1.0, code=0 if launch.attempt == 2 else 1)  # noqa: E731
    again = job("j", "@every 60s", retry=Retry(1, delay=20.0), on_shutdown=OnShutdown.LEAVE)
    StageOfTwo(again, play=play).run(story)


def test_a_restart_leaves_a_run_that_no_worker_has_taken_to_the_next_scheduler() -> None:
    async def story(stage: StageOfTwo) -> None:
        stage.mailbox.delays = lambda _: (10.0,)
        await asyncio.sleep(65)
        await stage.schedulers["a"].stop()
        await asyncio.sleep(30)
        (run,) = stage.kept
        assert (run.outcome, run.lateness) == (Outcome.SUCCEEDED, 10.0)
        assert [event.run.id for event in stage.of(RunFinished)] == [run.id], "a has recorded none"

    StageOfTwo(job("j", "@every 60s", on_shutdown=OnShutdown.LEAVE)).run(story)


def test_an_outage_that_is_over_is_not_named_and_a_shutdown_warns_of_nothing() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(5)
        stage.schedulers["b"].kill()
        stage.store.broken = True
        await asyncio.sleep(30)
        stage.store.broken = False
        await asyncio.sleep(30)
        a = stage.schedulers["a"]
        assert (stage.active, a.standing.lease.problem) == (a, "")
        lines = list(a.lines)
        await a.stop()
        assert a.lines == [*lines, "standing by active=unknown cause=schedd shuts down"]

    StageOfTwo(job("j", "@hourly")).run(story)


def test_a_run_that_another_scheduler_recorded_has_that_record_only() -> None:
    """The first scheduler has followed it, too, becomes active again, and reads the record from the store."""

    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(12)
        a, b = stage.schedulers["a"], stage.schedulers["b"]
        a.connection.broken = True
        await asyncio.sleep(20)
        assert stage.active is b
        a.connection.broken = False
        await asyncio.sleep(40)
        assert not a.engine.history.of("j").runs, "b records it"
        b.kill()
        await asyncio.sleep(20)
        assert stage.active is a
        (run,) = a.engine.history.of("j").runs
        assert (run.outcome, run.duration) == (Outcome.SUCCEEDED, 46.0)
        assert [each.word for each in a.engine.history.of("j").decisions] == ["ran"]

    StageOfTwo(job("j", "@at 2026-06-01T12:00:10Z"), play=lambda _: Play(46.0)).run(story)


def test_a_run_in_back_off_is_forgotten_where_another_scheduler_has_recorded_its_end() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(12)
        a, b = stage.schedulers["a"], stage.schedulers["b"]
        a.connection.broken = True
        await asyncio.sleep(60)
        await b.engine.stop(b.engine.live())
        await asyncio.sleep(1)
        b.kill()
        a.connection.broken = False
        await asyncio.sleep(200)
        assert stage.active is a
        assert [run.outcome for run in a.engine.history.of("j").runs] == [run.outcome for run in stage.kept]
        assert (len(stage.kept), a.engine.live()) == (1, ())
        assert [each.word for each in a.engine.history.of("j").decisions] == ["ran"]

    again = job("j", "@at 2026-06-01T12:00:10Z", retry=Retry(1, delay=120.0))
    StageOfTwo(again, play=lambda _: Play(1.0, code=1)).run(story)


def test_a_time_that_could_not_be_claimed_is_decided_by_the_next_active_scheduler_only() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(5)
        a, b = stage.schedulers["a"], stage.schedulers["b"]
        stage.store.broken = True
        await asyncio.sleep(20)
        a.connection.broken, stage.store.broken = True, False
        await asyncio.sleep(15)
        a.connection.broken = False
        await asyncio.sleep(10)
        assert stage.active is b
        words = [(name[0], event.decision.word) for _, name, event in stage.events if isinstance(event, RunSkipped)]
        assert words == [("b", "no-store")]

    StageOfTwo(job("j", "@at 2026-06-01T12:00:10Z", start_deadline=5.0)).run(story)


def test_a_time_that_could_not_be_claimed_for_a_moment_runs_when_the_store_answers() -> None:
    """The lease outlasts the outage, so that nobody takes over."""

    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(9.5)
        stage.store.broken = True
        await asyncio.sleep(3)
        stage.store.broken = False
        await asyncio.sleep(10)
        assert stage.schedulers["a"].lines == [f"active scheduler={stage.schedulers['a'].name}"]
        assert [(run.job, run.outcome) for run in stage.kept] == [("patient", Outcome.SUCCEEDED)]
        skipped = [(event.decision.job, event.decision.word) for event in stage.of(RunSkipped)]
        assert skipped == [("hasty", "no-store")]

    jobs = [job("patient", "@at 2026-06-01T12:00:10Z"), job("hasty", "@at 2026-06-01T12:00:10Z", start_deadline=1.0)]
    StageOfTwo(*jobs).run(story)


def test_a_time_within_catch_up_runs_when_the_store_answers_again() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(5)
        stage.store.broken = True
        await asyncio.sleep(900)
        stage.store.broken = False
        await asyncio.sleep(60)
        assert [(run.job, run.outcome, run.lateness > 880) for run in stage.kept] == [("j", Outcome.SUCCEEDED, True)]
        assert [event.decision.job for event in stage.of(RunSkipped)] == ["without"]

    jobs = [job("j", "@at 2026-06-01T12:00:10Z", catch_up=3600.0), job("without", "@at 2026-06-01T12:00:10Z")]
    StageOfTwo(*jobs).run(story)


def test_a_time_within_catch_up_runs_at_a_take_over() -> None:
    """The active scheduler dies before this time, and the other one knows that only when start_deadline has passed."""

    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(9)
        stage.schedulers["a"].kill()
        await asyncio.sleep(30)
        assert [(run.job, run.outcome) for run in stage.kept] == [("j", Outcome.SUCCEEDED)]
        assert [(event.decision.job, event.decision.word) for event in stage.of(RunSkipped)] == [("without", "late")]

    due = {"schedule": "@at 2026-06-01T12:00:10Z", "start_deadline": 2.0}
    StageOfTwo(job("j", catch_up=3600.0, **due), job("without", **due)).run(story)


def test_a_claim_that_is_answered_after_start_deadline_is_one_decision() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(9.5)
        stage.schedulers["a"].connection.delay = 3.0
        await asyncio.sleep(20)
        skipped = [(name[0], event.decision.word) for _, name, event in stage.events if isinstance(event, RunSkipped)]
        assert (skipped, stage.kept) == ([("a", "no-store")], [])

    StageOfTwo(job("j", "@at 2026-06-01T12:00:10Z", start_deadline=1.0)).run(story)


def test_a_claim_that_fails_after_start_deadline_leaves_the_decision_to_the_next_active_scheduler() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(9.5)
        a, b = stage.schedulers["a"], stage.schedulers["b"]
        a.connection.delay = 3.0
        await asyncio.sleep(1)
        a.connection.broken = True
        await asyncio.sleep(20)
        assert stage.active is b
        a.connection.delay, a.connection.broken = 0.0, False
        await asyncio.sleep(10)
        skipped = [(name[0], event.decision.word) for _, name, event in stage.events if isinstance(event, RunSkipped)]
        assert (skipped, stage.kept) == ([("b", "late")], [])

    StageOfTwo(job("j", "@at 2026-06-01T12:00:10Z", start_deadline=1.0)).run(story)


def test_a_local_run_goes_on_without_the_lease_and_the_next_one_starts_beside_it() -> None:
    """Its further attempts run too, and its record reaches the store when that can be reached again."""

    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(32)
        a, b = stage.schedulers["a"], stage.schedulers["b"]
        a.connection.broken = True
        await asyncio.sleep(30)
        assert stage.active is b
        assert [len(each.engine.live()) for each in (a, b)] == [1, 1], "side by side"
        await asyncio.sleep(30)
        a.connection.broken = False
        await asyncio.sleep(20)
        (first, *_) = sorted(stage.kept, key=lambda run: run.scheduled_at)
        assert (first.outcome, [attempt.number for attempt in first.attempts]) == (Outcome.SUCCEEDED, [1, 2])
        assert first.id.startswith("a")

    play = lambda launch: Play(24.0, code=0 if launch.attempt == 2 else 1)  # noqa: E731
    stage = StageOfTwo(play=play)
    stage.jobs = {"j": job("j", "@every 30s", retry=Retry(1, delay=5.0))}
    stage.run(story)


@pytest.mark.parametrize("how", ["kill", "stop", "restart"])
@pytest.mark.parametrize(
    ("launcher", "lasts"), [(LauncherName.LOCAL, 1.0), (LauncherName.CELERY, 1.0), (LauncherName.CELERY, 60.0)]
)
def test_the_key_of_a_request_starts_nothing_more_after_a_take_over(
    launcher: LauncherName, lasts: float, how: str
) -> None:
    """Neither where the run had ended before, nor where it goes on."""

    async def story(stage: StageOfTwo) -> None:
        request = RunRequest(
            key="order-4711", by=Requester(user="ann"), args=("a.csv",), arguments=ArgumentsView(args=("a.csv",))
        )
        await asyncio.sleep(5)
        a = stage.schedulers["a"]
        first = a.engine.run_now(stage.jobs["j"], request).run_id
        await asyncio.sleep(5)
        if how == "stop":
            await a.stop()
        else:
            a.kill()
        if how == "restart":
            stage.schedulers["b"].kill()
            stage.start("b")
        await asyncio.sleep(20)
        b = stage.active
        assert b is stage.schedulers["b"]
        again = b.engine.run_now(stage.jobs["j"], request)
        assert (again.run_id, again.requested_before) == (first, True)
        await asyncio.sleep(60)
        (run,) = b.engine.history.of("j").runs
        assert (run.id, run.outcome) == (first, Outcome.SUCCEEDED)
        assert (run.by, run.arguments) == (request.by, request.arguments)
        assert stage.kept == [run]

    stage = StageOfTwo(job("j", None, on_shutdown=OnShutdown.LEAVE), play=lambda _: Play(lasts))
    stage.jobs["j"] = replace(stage.jobs["j"], launcher=launcher)
    stage.run(story)
