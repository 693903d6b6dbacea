"""What is said of a run that no worker has: that it waits, for its first attempt and for a further one."""

from __future__ import annotations

import asyncio
from typing import Any

from scheduler.api.engine_service import EngineService
from scheduler.api.handlers import answer
from scheduler.api.run_result import result_of
from scheduler.api.views import job_view
from scheduler.cli.job_table import status
from scheduler.cli.wait_result import state_in_words
from scheduler.launch.environment import Environment
from scheduler.launch.simulated import Play
from scheduler.model.job import Retry
from scheduler.model.run import Launch, RunRequest
from scheduler.wire.arguments import ArgumentsView
from scheduler.wire.jobs import JobView
from scheduler.wire.operations import WHY
from scheduler.wire.runs import RunResult
from scheduler.wire.times import Why
from tests.unit.stage import job
from tests.unit.stage_of_two import StageOfTwo


class Asked:
    """What the active scheduler says about the job."""

    def __init__(self, stage: StageOfTwo) -> None:
        assert stage.active is not None
        self.stage, self.engine = stage, stage.active.engine
        self.service: Any = EngineService(self.engine, Environment({}, ()))

    @property
    def view(self) -> JobView:
        return job_view(self.service.state("j"))

    @property
    def status(self) -> str:
        """As in the table of `schedctl list`."""
        return status(self.view, self.stage.clock.now()).text

    def result(self, run_id: str) -> RunResult:
        found = result_of(self.engine, run_id)
        assert found is not None
        return found


def test_a_retry_that_waits_for_a_worker_is_not_shown_as_running_on_the_lost_one() -> None:
    async def story(stage: StageOfTwo) -> None:
        await asyncio.sleep(20)
        asked = Asked(stage)
        (run,) = asked.view.running
        first = run.worker
        assert asked.status == f"running 10s on {first}"
        for worker in stage.workers.values():
            worker.kill()
        await asyncio.sleep(40)
        assert asked.status == "retrying, waiting for worker"
        result = asked.result(run.id)
        assert (result.state, result.waiting_for) == ("retrying", "worker")
        assert state_in_words(result) == "retrying, waiting for a worker"
        stage.start_worker("w1")
        stage.start_worker("w2")
        await asyncio.sleep(40)
        view = asked.view
        assert (view.status, view.waiting_for, view.retry_at) == ("running", None, None)
        assert view.running[0].worker not in {None, first}
        result = asked.result(run.id)
        assert (result.state, result.waiting_for, result.run) == ("running", None, view.running[0])
        assert state_in_words(result) == "running"
        await asyncio.sleep(100)
        assert [each.worker for each in stage.kept] == [view.running[0].worker], "in history it is the last one"

    def play(launch: Launch) -> Play:
        return Play(None if launch.attempt == 1 else 100.0)

    StageOfTwo(job("j", "@at 2026-06-01T12:00:10Z", retry=Retry(1, delay=1.0, lost=True)), play=play).run(story)


def test_a_request_that_waits_for_a_worker_is_among_the_waiting_ones_with_its_arguments() -> None:
    async def story(stage: StageOfTwo) -> None:
        stage.mailbox.delays = lambda _: ()
        await asyncio.sleep(5)
        asked = Asked(stage)
        request = RunRequest(args=("a.csv",), arguments=ArgumentsView(args=("a.csv",)))
        run_id = asked.engine.run_now(stage.jobs["j"], request).run_id
        await asyncio.sleep(5)
        assert asked.status == "waiting for worker"
        assert state_in_words(asked.result(run_id)) == "waiting for a worker"
        (queued,) = asked.view.queued
        assert (queued.run_id, queued.waiting_for, queued.arguments) == (run_id, "worker", request.arguments)
        why: Any = answer(asked.service, WHY, Why(job="j"))
        assert why.sentences[0].endswith(f"is waiting for worker (run {run_id}).")

    StageOfTwo(job("j", None)).run(story)
