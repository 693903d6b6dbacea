"""Schedulers that share a store: who decides a scheduled time, and what happens when the active one goes."""

from __future__ import annotations

import asyncio
import gc
from datetime import datetime, timedelta
from typing import Any

from scheduler.engine.claims import ClaimGate
from scheduler.engine.gates import SkipError
from scheduler.launch.simulated import Play
from scheduler.model.job import Overlap
from scheduler.model.run import Launch, Reason
from tests.unit.stage import NOON, Stage, job, lines


def test_while_standing_by_nothing_starts_and_taking_over_runs_the_latest_time() -> None:
    async def script(stage: Stage) -> None:
        stage.engine.stand_by()
        await stage.until(10.5)
        stage.engine.take_up()
        await stage.until(14.5)

    stage = Stage(job("j", "@every 3s"))
    assert stage.play(script) == lines("""
        12:00:10.5 skipped j 2 of 12:00:03..12:00:06 coalesced
        12:00:10.5 started j 12:00:09
        12:00:10.5 succeeded j 12:00:09
        12:00:12 started j 12:00:12
        12:00:12 succeeded j 12:00:12
        12:00:14.5 stopping
    """)


def test_a_time_that_is_too_late_when_taking_over_is_not_run() -> None:
    async def script(stage: Stage) -> None:
        stage.engine.stand_by()
        await stage.until(3700)
        stage.engine.take_up()
        await stage.until(3710)

    stage = Stage(job("j", "0 * * * *", start_deadline=60.0))
    assert stage.play(script) == lines("""
        13:01:40 skipped j 13:00:00 late
        13:01:50 stopping
    """)


def test_of_two_schedulers_that_are_both_active_one_runs_a_scheduled_time() -> None:
    claimed: dict[str, str] = {}

    def claims(name: str) -> Any:
        async def claim(key: str) -> bool:
            await asyncio.sleep(0.01)
            return claimed.setdefault(key, name) == name

        return claim

    async def script(stage: Stage) -> None:
        stage.engine.runner.add_gate(ClaimGate(claims("a")))
        claimed["at:j:2026-06-01T12:00:02Z"] = "b"
        await stage.until(3.5)

    stage = Stage(job("j", "@every 1s"))
    assert stage.play(script) == lines("""
        12:00:01.01 started j 12:00:01
        12:00:01.01 succeeded j 12:00:01
        12:00:02.01 skipped j 12:00:02 elsewhere
        12:00:03.01 started j 12:00:03
        12:00:03.01 succeeded j 12:00:03
        12:00:03.5 stopping
    """)


def test_without_the_store_a_scheduled_time_is_skipped_and_a_manual_run_starts() -> None:
    async def claim(_key: str) -> bool:
        raise SkipError(Reason.NO_STORE)

    async def script(stage: Stage) -> None:
        stage.engine.runner.add_gate(ClaimGate(claim))
        await stage.until(1.5)
        stage.engine.run_now(stage.jobs["j"])
        await stage.until(1.8)

    stage = Stage(job("j", "@every 1s"))
    assert stage.play(script) == lines("""
        12:00:01 skipped j 12:00:01 no-store
        12:00:01.5 started j 12:00:01 by manual
        12:00:01.5 succeeded j 12:00:01
        12:00:01.8 stopping
    """)


def test_a_time_is_skipped_for_the_store_when_its_claim_fails_after_the_deadline_and_not_before() -> None:
    bugs: list[dict[str, Any]] = []

    async def claim(_key: str) -> bool:
        await asyncio.sleep(8)
        raise SkipError(Reason.NO_STORE)

    async def script(stage: Stage) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: bugs.append(context))
        stage.engine.runner.add_gate(ClaimGate(claim))
        await stage.until(20)
        gc.collect()

    stage = Stage(job("j", "@every 10s", start_deadline=5.0))
    assert stage.play(script) == lines("""
        12:00:18 skipped j 12:00:10 no-store
        12:00:20 stopping
    """)
    assert bugs == []


def test_the_start_deadline_of_a_queued_run_counts_from_the_end_of_the_previous_run() -> None:
    deadlines: list[datetime | None] = []

    async def claim(_key: str) -> bool:
        return True

    async def script(stage: Stage) -> None:
        stage.engine.claim_times(claim)
        await stage.until(60.5)

    def play(launch: Launch) -> Play:
        deadlines.append(launch.deadline)
        return Play(25.0)

    stage = Stage(job("j", "@every 20s", overlap=Overlap.QUEUE, start_deadline=1.0), play=play)
    assert stage.play(script)[:3] == lines("""
        12:00:20 started j 12:00:20
        12:00:45 succeeded j 12:00:20
        12:00:45 started j 12:00:40
    """)
    assert deadlines[:2] == [NOON + timedelta(seconds=21), NOON + timedelta(seconds=46)]
