"""Two schedulers, their workers and their store, over random faults: who decides, who follows, and what is recorded."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scheduler.engine.events import RunFinished, RunSkipped, RunStarted
from scheduler.launch.simulated import Play
from scheduler.model.job import OnShutdown, Overlap, Retry
from scheduler.model.run import Launch, Outcome, Reason
from tests.unit.stage import job
from tests.unit.stage_of_two import StageOfTwo


def test_one_is_active_and_the_other_says_who() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(20)
        a, b = stage.schedulers["a"], stage.schedulers["b"]
        assert (a.active, b.active) == (True, False)
        assert a.lines == [f"active scheduler={a.name}"]
        assert b.lines == [f"standing by active={a.name}"]
        assert {event.run.id[0] for event in stage.of(RunStarted)} == {"a"}
        assert [each.standing.problem for each in (a, b)] == [None, None]
        b.connection.broken = True
        await asyncio.sleep(15)
        assert (a.standing.problem, a.standing.lease.answered) == (None, True)
        assert (b.standing.problem, b.standing.lease.answered) == (f"standby: {b.standing.lease.problem}", False)
        assert "the store cannot be reached" in b.standing.lease.problem
        b.connection.broken = False
        await asyncio.sleep(5)
        assert (b.standing.problem, b.standing.lease.answered) == (None, True)

    StageOfTwo(job("j", "@every 3s")).run(story)


def test_a_standby_takes_over_within_15_seconds_and_decides_what_is_undecided() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(31)
        stage.schedulers["a"].kill()
        await asyncio.sleep(15)
        assert stage.active is stage.schedulers["b"]
        await asyncio.sleep(30)
        ran = {event.run.scheduled_at for event in stage.of(RunStarted)}
        skipped = sum(event.decision.count for event in stage.of(RunSkipped))
        assert (len(ran) + skipped, max(stage.started.values())) == (76 // 3, 1)

    StageOfTwo(job("j", "@every 3s")).run(story)


def test_a_live_run_is_followed_by_the_standby_and_blocks_the_next() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(62)
        stage.schedulers["a"].kill()
        await asyncio.sleep(120)
        (first, *_) = stage.kept
        assert (first.outcome, first.exit_code, first.worker is not None) == (Outcome.FAILED, 3, True)
        skipped = [event.decision.reason for event in stage.of(RunSkipped)]
        assert skipped == [Reason.OVERLAP]

    StageOfTwo(job("j", "@every 60s"), play=lambda _: Play(90.0, code=3)).run(story)


def test_a_run_in_back_off_goes_on_with_the_next_scheduler() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(65)
        stage.schedulers["a"].kill()
        await asyncio.sleep(100)
        run = stage.kept[0]
        assert run.outcome is Outcome.SUCCEEDED
        assert [attempt.number for attempt in run.attempts] == [1, 2]

    play = lambda launch: Play(1.0, code=0 if launch.attempt == 2 else 1)  # noqa: E731
    StageOfTwo(job("j", "@every 60s", retry=Retry(1, delay=20.0)), play=play).run(story)


def test_a_lost_attempt_is_retried_only_where_the_file_says_so() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(11)
        for worker in stage.workers.values():
            worker.kill()
        stage.start_worker("w1")
        stage.start_worker("w2")
        await asyncio.sleep(60)
        ended = {run.job: (run.outcome, len(run.attempts)) for run in stage.kept}
        assert ended == {"careful": (Outcome.LOST, 1), "again": (Outcome.SUCCEEDED, 2)}

    def play(launch: Launch) -> Play:
        return Play(30.0 if launch.attempt == 1 else 1.0)

    StageOfTwo(
        job("careful", "@at 2026-06-01T12:00:10Z", retry=Retry(2, delay=1.0)),
        job("again", "@at 2026-06-01T12:00:10Z", retry=Retry(2, delay=1.0, lost=True)),
        play=play,
    ).run(story)


def test_a_shutdown_leaves_runs_on_workers_and_the_lease_to_the_other_at_once() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(62)
        await stage.schedulers["a"].stop()
        await asyncio.sleep(4)
        assert stage.active is stage.schedulers["b"]
        await asyncio.sleep(60)
        assert [(run.outcome, run.exit_code) for run in stage.kept] == [(Outcome.SUCCEEDED, 0)]

    StageOfTwo(job("j", "@every 60s", on_shutdown=OnShutdown.LEAVE), play=lambda _: Play(30.0)).run(story)


def test_jobs_at_reboot_run_where_a_scheduler_becomes_active_for_the_first_time() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(20)
        assert [event.run.id[0] for event in stage.of(RunStarted)] == ["a"]
        stage.schedulers["a"].kill()
        await asyncio.sleep(30)
        assert [event.run.id[0] for event in stage.of(RunStarted)] == ["a", "b"]
        stage.store.broken = True
        await asyncio.sleep(30)
        stage.store.broken = False
        await asyncio.sleep(30)
        assert stage.active is stage.schedulers["b"], "it has the lease again"
        assert len(stage.of(RunStarted)) == 2

    StageOfTwo(job("j", "@reboot")).run(story)


def test_a_time_missed_before_the_start_is_caught_up_once() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(20)
        stage.schedulers["a"].kill()
        await asyncio.sleep(60)
        assert len(stage.of(RunStarted)) == 1

    StageOfTwo(job("j", "0 * * * *", catch_up=3600.0)).run(story)


@pytest.mark.parametrize("minutes", [5, 600])
def test_while_the_store_is_away_nothing_is_scheduled_and_then_the_latest_time_is_decided(minutes: int) -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(5)
        stage.store.broken = True
        await asyncio.sleep(60 * minutes)
        assert stage.active is None
        stage.store.broken = False
        await asyncio.sleep(15)
        words = [event.decision.word for event in stage.of(RunSkipped)]
        assert words == ["coalesced", "no-store"]
        ran, skipped = len(stage.of(RunStarted)), sum(event.decision.count for event in stage.of(RunSkipped))
        assert ran + skipped == minutes
        assert all("the store cannot be reached" in each.lines[-2] for each in stage.schedulers.values())

    StageOfTwo(job("j", "* * * * *", start_deadline=5.0)).run(story)


def test_a_run_that_ends_while_the_store_comes_back_has_one_record() -> None:
    """It is with the store only after that has been read for what other schedulers left."""

    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(5)
        stage.schedulers["b"].kill()
        space = stage.schedulers["a"].space
        keep, kept = space.keep, space.kept

        async def late(*what: Any, **words: Any) -> None:
            await asyncio.sleep(1)
            await keep(*what, **words)

        async def slow() -> list[bytes]:
            found: list[bytes] = await kept()
            await asyncio.sleep(0.1)
            return found

        space.keep, space.kept = late, slow
        await asyncio.sleep(57)
        stage.store.broken = True
        await asyncio.sleep(31)
        stage.store.broken = False
        await asyncio.sleep(25)
        ids = [event.run.id for event in stage.of(RunFinished)]
        assert (len(ids), len(set(ids))) == (1, 1)
        assert [run.id for run in stage.schedulers["a"].engine.history.of("j").runs] == ids

    StageOfTwo(job("j", "@every 60s"), play=lambda _: Play(20.0)).run(story)


def test_a_claim_whose_answer_was_lost_makes_no_second_active_scheduler() -> None:
    """The store still holds it when answers arrive again: it ends there at the time of the first claim."""

    async def story(stage: StageOfTwo) -> None:
        await faulty(stage, [("deaf a", 10.0, 25.0)], [])
        await asyncio.sleep(15)
        check(stage)

    stage_with(0.0, 0.0).run(story)


FAULTS = st.lists(
    st.tuples(
        st.sampled_from(["store", "broken a", "broken b", "deaf a", "deaf b", "broken w1", "deaf w2"])
        | st.sampled_from(["kill a", "kill b", "stop a", "stop b", "kill w1", "kill w2"]),
        st.floats(0, 120),
        st.floats(0.1, 40),
    ),
    max_size=5,
)
ARRIVALS = st.lists(st.lists(st.floats(0, 50), max_size=3).map(tuple), max_size=6)
SKEW = st.floats(-30, 30)


async def happen(stage: StageOfTwo, what: str, after: float, long: float) -> None:
    """One fault, and its end."""
    await asyncio.sleep(after)
    kind, _, name = what.partition(" ")
    if kind == "store":
        stage.store.broken = True
        await asyncio.sleep(long)
        stage.store.broken = False
        return
    member = {**stage.schedulers, **stage.workers}[name]
    if kind in {"broken", "deaf"}:
        part = member.connection if kind == "broken" else member
        setattr(part, "broken" if kind == "broken" else "deaf", True)
        await asyncio.sleep(long)
        if member not in _killed(stage):
            setattr(part, "broken" if kind == "broken" else "deaf", False)
    elif name[0] == "w":
        member.kill()
        await asyncio.sleep(long)
        stage.start_worker(name)
    else:
        if kind == "kill":
            member.kill()
        else:
            await stage.schedulers[name].stop()
        await asyncio.sleep(long)
        stage.start(name)


def _killed(stage: StageOfTwo) -> list[object]:
    return [each for each in stage.schedulers.values() if each.dead]


def lasts(launch: Launch) -> Play:
    """Various durations and ends, the same for the same scheduled time."""
    number = launch.scheduled_at.minute * 60 + launch.scheduled_at.second + launch.attempt
    return Play((number * 7) % 23, code=number % 3 % 2, says=b"x" * (number % 5))


def stage_with(a: float, b: float) -> StageOfTwo:
    """Jobs of several kinds, on schedulers whose clocks are so many seconds ahead."""
    return StageOfTwo(
        job("often", "@every 7s", on_shutdown=OnShutdown.LEAVE),
        job("queued", "@every 11s", overlap=Overlap.QUEUE, on_shutdown=OnShutdown.LEAVE),
        job("again", "@every 31s", retry=Retry(2, delay=3.0), timeout=15.0, on_shutdown=OnShutdown.LEAVE),
        play=lasts,
        skews={"a": a, "b": b},
    )


@settings(max_examples=25)
@given(FAULTS, ARRIVALS, SKEW, SKEW)
@example([("store", 30.0, 32.0), ("store", 64.0, 9.0), ("store", 74.0, 10.0)], [], 0.0, 0.0)
def test_after_any_failure_no_time_runs_twice_and_every_run_ends_in_one_record(
    faults: list[tuple[str, float, float]], arrivals: list[tuple[float, ...]], a: float, b: float
) -> None:
    async def story(stage: StageOfTwo) -> None:
        await faulty(stage, faults, arrivals)
        await asyncio.sleep(15)
        assert stage.active is not None, "nobody has taken over"
        await asyncio.sleep(200)
        check(stage)

    stage_with(a, b).run(story)


async def faulty(stage: StageOfTwo, faults: list[tuple[str, float, float]], arrivals: list[tuple[float, ...]]) -> None:
    """Let it all happen, and then be over."""
    left = iter(arrivals)
    stage.mailbox.delays = lambda _: next(left, (0.0,))
    tasks = [asyncio.create_task(happen(stage, *each)) for each in faults]
    for _ in range(40):
        await asyncio.sleep(5)
        assert sum(each.active for each in stage.schedulers.values()) <= 1, "two are active"
    await asyncio.gather(*tasks)
    stage.store.broken = False
    for each in (*stage.schedulers.values(), *stage.workers.values()):
        each.connection.broken = each.deaf = False


def check(stage: StageOfTwo) -> None:
    """What must hold once nothing fails any more."""
    assert stage.active is not None
    assert max(stage.started.values(), default=0) <= 1, "ran twice"
    records = Counter(run.id for run in stage.kept)
    assert set(records.values()) <= {1}, "recorded twice"
    live = {state.run_id for state in stage.active.engine.live()}
    ran = {key.rpartition(".")[0] for key in stage.started if " " not in key}
    assert ran - live <= set(records), "ran, and nobody recorded its end"
    unstarted = {
        run.id
        for run in stage.kept
        if run.attempts[0].number == 1 and all(one.cause is not None for one in run.attempts)
    }
    assert not unstarted & ran, "recorded as not started, and ran"
    outcomes = {run.id: run.outcome for run in stage.kept}
    for scheduler in stage.schedulers.values():
        runs = [run for name in stage.jobs for run in scheduler.engine.history.of(name).runs]
        assert max(Counter(run.id for run in runs).values(), default=0) <= 1, "two records in one history"
        assert {run.id: run.outcome for run in runs}.items() <= outcomes.items(), "another record than the store's"
        assert all(run.lateness >= 0 for run in runs), "started before its time"
    skipped = [event for event in stage.of(RunSkipped) if event.decision.reason is not Reason.ELSEWHERE]
    given_up = {event.run_id for event in skipped if event.run_id is not None}
    assert not given_up & ran, "given up, and ran"
