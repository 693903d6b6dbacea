"""What a waiting run waits for is named: in `why`, in the view of a job, in refusals, and in the log."""

from __future__ import annotations

from inspect import isawaitable
from typing import Any

import pytest

from scheduler.api.engine_service import EngineService
from scheduler.api.handlers import answer
from scheduler.api.run_result import in_words
from scheduler.engine.events import RunWaiting
from scheduler.launch.environment import Environment
from scheduler.launch.simulated import Play
from scheduler.model.run import Decision, Reason
from scheduler.report.records import record
from scheduler.wire.jobs import JobDetails, Show
from scheduler.wire.operations import SHOW, WHY
from scheduler.wire.times import Why, WhyView
from tests.unit.stage import NOON, Stage, job


async def ask(stage: Stage, operation: Any, question: object) -> Any:
    service: Any = EngineService(stage.engine, Environment({}, ()))
    reply = answer(service, operation, question)
    return await reply if isawaitable(reply) else reply


def holder(stage: Stage) -> str:
    (live,) = stage.engine.live("holder")
    return f"run {live.run_id} of holder"


@pytest.mark.parametrize(
    ("keys", "max_running", "gate", "on"),
    [
        ({"lock": "db"}, None, "lock", "lock db, held by {}"),
        ({}, 1, "capacity", "a free place (max_running), taken by {}"),
    ],
)
def test_a_waiting_run_says_what_it_waits_for_and_which_run_holds_that(
    keys: dict[str, Any], max_running: int | None, gate: str, on: str
) -> None:
    async def script(stage: Stage) -> None:
        await stage.until(70)
        on_what = on.format(holder(stage))
        (waiting,) = stage.engine.live("waits")
        why: WhyView = await ask(stage, WHY, Why(job="waits"))
        assert why.sentences[0] == (
            f"The run scheduled at Mon 2026-06-01 12:01:00 UTC is waiting for {on_what} (run {waiting.run_id})."
            " It is skipped if it has not started by Mon 2026-06-01 12:05:00 UTC."
        )
        about: WhyView = await ask(stage, WHY, Why(job="waits", at=waiting.scheduled_at))
        assert about.sentences == why.sentences[:1]
        details: JobDetails = await ask(stage, SHOW, Show("waits"))
        assert (details.view.status, details.view.waiting_for) == ("waiting", gate)
        assert details.view.waiting_on == on_what
        refused = in_words(stage.engine, Decision("waits", Reason.OVERLAP, first=NOON, last=NOON))
        assert refused == f"its run {waiting.run_id} is waiting for {on_what}; --force requests another run beside it"
        (event,) = [event for event in stage.events if isinstance(event, RunWaiting)]
        assert event.held_by == holder(stage)
        written = record(event)
        assert written is not None
        expected = {"lock": "db"} if gate == "lock" else {}
        assert {key: written[2].get(key) for key in ("for", "held_by", *expected)} == {
            "for": gate,
            "held_by": holder(stage),
            **expected,
        }

    jobs = [job("holder", None, **keys), job("waits", "@every 1m", start_deadline=240.0, **keys)]

    async def begin(stage: Stage) -> None:
        stage.engine.run_now(stage.jobs["holder"])
        await script(stage)

    Stage(*jobs, play=lambda _: Play(600.0), max_running=max_running).play(begin)


def test_of_many_runs_that_hold_a_gate_three_are_named() -> None:
    async def script(stage: Stage) -> None:
        for name in "abcde":
            stage.engine.run_now(stage.jobs[name])
        waiting = stage.engine.run_now(stage.jobs["waits"])
        await stage.until(1)
        (state,) = stage.engine.live("waits")
        assert state.held_by is not None
        assert state.run_id == waiting.run_id
        assert state.held_by.count(" of ") == 3
        assert state.held_by.endswith(" and 2 more")

    jobs = [job(name, None) for name in (*"abcde", "waits")]
    Stage(*jobs, play=lambda _: Play(60.0), max_running=5).play(script)
