"""Clients that wait for a run which goes on without the schedd that they asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from scheduler.api.engine_service import EngineService
from scheduler.api.run_result import result_of, wait_for
from scheduler.cli.left_runs import PATIENCE, ends_of
from scheduler.client.calls import event_of
from scheduler.client.errors import UnreachableError as ClientUnreachableError
from scheduler.errors import RefusedError, UnansweredError, UnreachableError
from scheduler.launch.environment import Environment
from scheduler.launch.simulated import Play
from scheduler.model.job import OnShutdown
from scheduler.model.run import PLAIN_REQUEST
from scheduler.wire.runs import Event, Finished, Left, RunView, Skipped
from tests.unit.stage import NOON, job
from tests.unit.stage_of_two import StageOfTwo

SAYS = "run {0} goes on without this schedd; to wait for its end at the active one: schedctl wait {0}"


@pytest.mark.parametrize("arrives", [0.0, 20.0])
def test_a_client_of_a_schedd_that_shuts_down_learns_that_its_run_goes_on(arrives: float) -> None:
    """Whether a worker has taken it or not."""

    async def story(stage: StageOfTwo) -> None:
        stage.mailbox.delays = lambda _: (arrives,)
        await asyncio.sleep(5)
        a = stage.schedulers["a"]
        service: Any = EngineService(a.engine, Environment({}, ()))
        requesting = asyncio.ensure_future(_all(service.run_now("j", PLAIN_REQUEST, detach=False)))
        await asyncio.sleep(5)
        (live,) = a.engine.live("j")
        waiting = asyncio.ensure_future(_all(wait_for(a.engine, [live.run_id])))
        following = asyncio.ensure_future(_all(wait_for(a.engine, [live.run_id], output=True)))
        await asyncio.sleep(1)
        await a.engine.shut_down(10.0)
        left = Left(live.run_id, "j", SAYS.format(live.run_id))
        assert await waiting == [left]
        assert (await following)[-1] == (await requesting)[-1] == left
        if live.run is not None:
            found = result_of(a.engine, live.run_id)
            assert found is not None and found.run is not None
            assert (found.state, found.run.outcome, found.run.started_at) == ("running", None, live.run.started_at)
        await asyncio.sleep(60)
        b = stage.active
        assert b is stage.schedulers["b"]
        (end,) = await _all(wait_for(b.engine, [live.run_id]))
        assert isinstance(end, Finished)
        assert (end.run.outcome, end.run.exit_code) == ("failed", 3)

    StageOfTwo(job("j", None, on_shutdown=OnShutdown.LEAVE), play=lambda _: Play(30.0, code=3)).run(story)


async def _all(events: Any) -> list[Event]:
    return [event async for event in events]


def test_the_client_for_programs_says_that_the_run_goes_on() -> None:
    with pytest.raises(ClientUnreachableError, match=r"^run r1 goes on$"):
        event_of({"event": "left", "run_id": "r1", "job": "j", "message": "run r1 goes on"})


class Answers:
    """What schedctl's requests lead to, one after the other; time passes with each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Exception | list[Event]) -> None:
        self._answers = list(answers)
        self.now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def stream(self, _operation: object, _request: object) -> Iterator[Event]:
        """As `Target.stream`."""
        self._sleep(1.0)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(found, Exception):
            raise found
        yield from found


FINISHED = Finished(RunView(id="r1", job="j", trigger="manual", scheduled_at=NOON, started_at=NOON, lateness=None))
LEFT = Left("r1", "j", SAYS.format("r1"))
SKIPPED = Skipped("r2", "j", "stopped", "it was stopped")


def test_schedctl_waits_for_the_next_schedd_that_knows_the_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Left("r2", "j", SAYS.format("r2"))
    target: Any = Answers(
        monkeypatch, UnreachableError("no schedd"), [SKIPPED, LEFT], RefusedError("a standby"), [FINISHED]
    )
    assert list(ends_of(target, [LEFT, other])) == [SKIPPED, FINISHED]
    noted = capsys.readouterr().err
    assert noted == "schedctl: runs r1 and r2 go on without this schedd; waiting for the active one\n"
    assert list(ends_of(target, [])) == []


@pytest.mark.parametrize("answer", [UnreachableError("no schedd is running"), [LEFT]])
def test_schedctl_gives_up_after_a_while_and_says_how_to_ask_again(
    answer: Exception | list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    target: Any = Answers(monkeypatch, answer)
    with pytest.raises(UnansweredError) as gone:
        list(ends_of(target, [LEFT]))
    cause = " (no schedd is running)" if isinstance(answer, Exception) else ""
    assert str(gone.value) == f"{SAYS.format('r1')}{cause}"
    assert PATIENCE <= target.now <= PATIENCE + 5
