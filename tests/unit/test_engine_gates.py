"""Locks and capacity: waited for in order, until the start deadline."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from scheduler.engine.events import Stopping
from scheduler.engine.live_run import LiveRun
from scheduler.engine.semaphore import Semaphore
from scheduler.errors import RefusedError
from scheduler.launch.launcher import LaunchError
from scheduler.launch.simulated import Play
from scheduler.model.job import Job, Overlap, Retry
from scheduler.model.run import Decision, Outcome, Reason, RunRequest, Trigger
from tests.unit.stage import NOON, Stage, job, lines


def test_jobs_under_one_lock_run_one_after_the_other_first_come_first_served() -> None:
    jobs = [job(name, "@every 10s", lock="db") for name in ("a", "b", "c")]
    stage = Stage(*jobs, play=lambda _: Play(2.0))
    assert stage.play(17.0) == lines("""
        12:00:10 started a 12:00:10
        12:00:12 succeeded a 12:00:10
        12:00:12 started b 12:00:10
        12:00:14 succeeded b 12:00:10
        12:00:14 started c 12:00:10
        12:00:16 succeeded c 12:00:10
        12:00:17 stopping
    """)


def test_a_run_that_waits_for_a_lock_beyond_its_deadline_is_skipped_for_that_reason() -> None:
    jobs = [job("a", "@every 10s", lock="db"), job("b", "@every 10s", lock="db", start_deadline=3.0)]
    stage = Stage(*jobs, play=lambda _: Play(5.0))
    assert stage.play(16.0) == lines("""
        12:00:10 started a 12:00:10
        12:00:13 skipped b 12:00:10 lock
        12:00:15 succeeded a 12:00:10
        12:00:16 stopping
    """)


def test_capacity_is_waited_for_in_order_and_skipped_at_the_deadline() -> None:
    jobs = [job(name, "@every 1m", start_deadline=5.0 + (name == "d")) for name in "abcd"]
    stage = Stage(*jobs, play=lambda _: Play(4.0), max_running=1)
    assert stage.play(70.0) == lines("""
        12:01:00 started a 12:01:00
        12:01:04 succeeded a 12:01:00
        12:01:04 started b 12:01:00
        12:01:05 skipped c 12:01:00 capacity
        12:01:06 skipped d 12:01:00 capacity
        12:01:08 succeeded b 12:01:00
        12:01:10 stopping
    """)


def test_a_manual_run_waits_for_a_lock_without_a_deadline() -> None:
    async def script(stage: Stage) -> None:
        stage.engine.run_now(stage.jobs["a"])
        waiting = stage.engine.run_now(stage.jobs["b"])
        await stage.until(1)
        assert stage.gate_of(waiting) is Reason.LOCK
        await stage.until(700)

    jobs = [job("a", None, lock="db"), job("b", None, lock="db")]
    stage = Stage(*jobs, play=lambda _: Play(300.0))
    assert [line.split()[:3] for line in stage.play(script)][2:4] == [
        ["12:05:00", "started", "b"],
        ["12:10:00", "succeeded", "b"],
    ]


def test_a_run_in_back_off_holds_its_lock_but_no_place_within_the_capacity() -> None:
    jobs = [
        job("fails", "@every 1m", lock="db", retry=Retry(1, delay=10.0)),
        job("other", "@every 1m", lock="db"),
        job("free", "@every 1m"),
    ]
    stage = Stage(*jobs, play=lambda launch: Play(1.0, code=int(launch.job.name == "fails")), max_running=1)
    assert stage.play(80.0) == lines("""
        12:01:00 started fails 12:01:00
        12:01:01 attempt 1 failed fails, again in 10s
        12:01:01 started free 12:01:00
        12:01:02 succeeded free 12:01:00
        12:01:12 failed fails 12:01:00
        12:01:12 started other 12:01:00
        12:01:13 succeeded other 12:01:00
        12:01:20 stopping
    """)


def test_a_waiting_run_occupies_its_job_for_the_overlap_gate() -> None:
    jobs = [job("a", "@every 10s", lock="db"), job("b", "@every 10s", lock="db", overlap=Overlap.SKIP)]
    stage = Stage(*jobs, play=lambda launch: Play(15.0 if launch.job.name == "a" else 1.0))
    stage.play(30.0)
    assert "12:00:20 skipped b 12:00:20 overlap" in stage.lines
    assert "12:00:25 started b 12:00:10" in stage.lines


def test_raising_max_running_starts_waiting_runs() -> None:
    async def script(stage: Stage) -> None:
        for name in "abc":
            stage.engine.run_now(stage.jobs[name])
        await stage.until(1)
        stage.engine.load(stage.jobs, max_running=3)
        await stage.until(2)

    stage = Stage(*[job(name, None) for name in "abc"], play=lambda _: Play(10.0), max_running=1)
    started = [line for line in stage.play(script) if "started" in line]
    assert started == lines("""
        12:00:00 started a 12:00:00 by manual
        12:00:01 started b 12:00:00 by manual
        12:00:01 started c 12:00:00 by manual
    """)


def test_a_run_that_stops_waiting_leaves_the_semaphore_as_it_was() -> None:
    async def main() -> None:
        semaphore = Semaphore(1)
        inside, first, second = (LiveRun(job(), name, Trigger.MANUAL, NOON) for name in ("inside", "first", "second"))
        assert semaphore.enter(inside) is None
        semaphore.enter(first)
        place = semaphore.enter(second)
        semaphore.leave(first)
        semaphore.leave(inside)
        assert place is not None and place.done()
        semaphore.leave(second)  # inside, but no longer interested
        semaphore.leave(second)
        assert semaphore.idle

    asyncio.run(main())


def test_a_launch_that_fails_is_a_run_that_was_not_started() -> None:
    def play(launch: object) -> Play:
        raise LaunchError("no such file: /nowhere", 127)

    stage = Stage(job(schedule="@every 10s", retry=Retry(1, delay=1.0)), play=play)
    assert stage.play(12.0) == lines("""
        12:00:10 started j 12:00:10
        12:00:10 attempt 1 not-started j, again in 1s
        12:00:11 not-started j 12:00:10
        12:00:12 stopping
    """)
    run = stage.engine.history.of("j").last
    assert run is not None and run.outcome is Outcome.NOT_STARTED
    assert (run.exit_code, run.attempts[0].cause) == (127, "no such file: /nowhere")


def test_a_bug_in_the_launcher_is_reported_and_costs_one_run() -> None:
    """M3"""

    def play(launch: object) -> Play:
        raise ZeroDivisionError

    stage = Stage(job(schedule="@every 10s"), play=play)
    stage.play(25.0)
    assert sum("BUG" in line for line in stage.lines) == 2
    assert sum("not-started" in line for line in stage.lines) == 2


LOCKED = [job("a", None, lock="db"), job("b", None, lock="db"), job("c", None, lock="db")]
WAITS_FOR_ITSELF = {
    "the lock of its caller": (LOCKED, None, ["a", "b"]),
    "the lock of its caller's caller": ([job("a", None, lock="db"), job("b", None), LOCKED[2]], None, ["a", "b", "c"]),
    "the only place": ([job("a", None), job("b", None)], 1, ["a", "b"]),
    "two places, both of callers": ([job(name, None) for name in "abc"], 2, ["a", "b", "c"]),
    "itself": ([job("a", None, overlap=Overlap.QUEUE)], None, ["a", "a"]),
    "itself in a circle": ([job("a", None, overlap=Overlap.QUEUE), job("b", None)], None, ["a", "b", "a"]),
}


@pytest.mark.parametrize(("jobs", "max_running", "chain"), WAITS_FOR_ITSELF.values(), ids=WAITS_FOR_ITSELF)
def test_a_request_that_would_wait_for_its_own_caller_is_refused(
    jobs: list[Job], max_running: int | None, chain: list[str]
) -> None:
    """B14"""

    async def script(stage: Stage) -> None:
        caller = None
        for name in chain:
            run = stage.engine.run_now(stage.jobs[name], RunRequest(caller=caller))
            caller = run.run_id
            await asyncio.sleep(1)
        assert isinstance(run.ended, Decision)
        assert "which waits for it" in str(run.ended.note)

    Stage(*jobs, play=lambda _: Play(10.0), max_running=max_running).play(script)


BLOCKED_LATER = {
    "the lock of its caller": ("a", "b"),
    "itself": ("queue", "queue"),
}


@pytest.mark.parametrize(("outer", "inner"), BLOCKED_LATER.values(), ids=BLOCKED_LATER)
def test_a_run_whose_caller_waits_for_it_by_any_way_is_refused(outer: str, inner: str) -> None:
    """B14"""

    async def script(stage: Stage) -> None:
        engine = stage.engine
        caller = engine.run_now(stage.jobs[outer]).run_id
        await stage.until(1)
        soon = stage.engine.clock.now() + timedelta(seconds=1)
        later = engine.run_now(stage.jobs[inner], RunRequest(caller=caller, at=soon))
        apart = engine.run_now(stage.jobs[inner], RunRequest(at=soon))
        followed = engine.following.of(apart.run_id, caller=caller)
        left = engine.run_now(stage.jobs[inner], RunRequest(at=soon))
        reader = engine.following.of(left.run_id, caller=caller)
        assert reader is not None
        reader.close()
        await stage.until(3)
        assert followed is not None
        for stream in (later, followed):
            assert isinstance(stream.ended, Decision)
            assert "which waits for it" in str(stream.ended.note)
        assert stage.gate_of(left) is not None, "the caller no longer waits for it"

        waiting = engine.run_now(stage.jobs[inner], RunRequest(key="k"))
        await stage.until(4)
        with pytest.raises(RefusedError, match="which would wait for it"):
            engine.run_now(stage.jobs[inner], RunRequest(key="k", caller=caller))
        with pytest.raises(RefusedError, match="which would wait for it"):
            engine.following.of(waiting.run_id, caller=caller)
        with pytest.raises(RefusedError, match="cannot wait for its own end"):
            engine.following.of(caller, caller=caller)
        inside = engine.run_now(stage.jobs["free"], RunRequest(caller=caller))
        await stage.until(5)
        with pytest.raises(RefusedError, match="which would wait for it"):
            engine.following.of(caller, caller=inside.run_id)
        await stage.until(400)
        assert stage.gate_of(waiting) is None, "it runs when the caller has ended"

    beside = job("b", None, lock="db", overlap=Overlap.ALLOW)
    jobs = [LOCKED[0], beside, job("queue", None, overlap=Overlap.QUEUE), job("free", None)]
    Stage(*jobs, play=lambda _: Play(100.0)).play(script)


def test_two_callers_that_block_each_others_requests_are_not_left_waiting() -> None:
    """B14"""

    async def script(stage: Stage) -> None:
        first, second = (stage.engine.run_now(stage.jobs[name]) for name in "ab")
        await stage.until(1)
        waiting = stage.engine.run_now(stage.jobs["c"], RunRequest(caller=first.run_id))
        await stage.until(2)
        assert stage.gate_of(waiting) is Reason.CAPACITY
        refused = stage.engine.run_now(stage.jobs["d"], RunRequest(caller=second.run_id))
        await stage.until(3)
        assert isinstance(refused.ended, Decision)
        assert (refused.ended.reason, stage.gate_of(waiting)) == (Reason.CAPACITY, Reason.CAPACITY)

    Stage(*[job(name, None) for name in "abcd"], play=lambda _: Play(100.0), max_running=2).play(script)


@pytest.mark.parametrize("caller", [None, "of another job"])
def test_a_request_that_waits_for_others_alone_is_not_refused(caller: str | None) -> None:
    """B14"""

    async def script(stage: Stage) -> None:
        stage.engine.run_now(stage.jobs["a"])
        other = stage.engine.run_now(stage.jobs["other"])
        await stage.until(1)
        waiting = stage.engine.run_now(stage.jobs["b"], RunRequest(caller=None if caller is None else other.run_id))
        await stage.until(11)
        live = stage.engine.find_live(waiting.run_id)
        assert live is not None
        assert live.run is not None

    Stage(LOCKED[0], LOCKED[1], job("other", None), play=lambda _: Play(10.0)).play(script)


def test_more_manual_runs_than_max_waiting_are_refused() -> None:
    """B15"""

    async def script(stage: Stage) -> None:
        stage.engine.run_now(stage.jobs["a"])
        await stage.until(1)
        runs = [stage.engine.run_now(stage.jobs["a"]) for _ in range(5)]
        assert [stage.gate_of(each) for each in runs] == [Reason.OVERLAP] * 3 + [None] * 2
        assert isinstance(runs[-1].ended, Decision)
        assert runs[-1].ended.note == "max_waiting (3) is reached"
        await stage.until(3.5)
        assert stage.engine.run_now(stage.jobs["a"]).ended is None

    stage = Stage(job("a", None, overlap=Overlap.QUEUE, max_waiting=3), play=lambda _: Play(3.0))
    stage.play(script)
    assert not [line for line in stage.lines if "skipped a 12:00:01 overlap" in line]


def test_manual_runs_that_wait_at_the_shutdown_are_recorded_as_skipped() -> None:
    """B12"""

    async def script(stage: Stage) -> None:
        for _ in range(5):
            stage.engine.run_now(stage.jobs["b"], RunRequest(force=True))
        await stage.until(1)

    stage = Stage(job("b", None, lock="db"), play=lambda _: Play(5.0))
    stage.play(script)
    stopping = next(event for event in stage.events if isinstance(event, Stopping))
    assert (stopping.running, stopping.waiting) == (1, 4)
    assert [line for line in stage.lines if "skipped" in line] == ["12:00:01 skipped b 12:00:00 shutdown"] * 4
    assert [each.run_id for each in stage.engine.history.of("b").decisions if each.reason is Reason.SHUTDOWN] == [
        "run00002",
        "run00003",
        "run00004",
        "run00005",
    ]
