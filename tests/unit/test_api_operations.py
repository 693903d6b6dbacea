"""The table of operations: complete, and light enough for a client."""

from __future__ import annotations

from inspect import isawaitable
from typing import Any

import msgspec
import pytest

from scheduler.api.engine_service import EngineService
from scheduler.api.handlers import ANSWERS, answer
from scheduler.engine.history import History as KeptHistory
from scheduler.launch.environment import Environment
from scheduler.wire.jobs import Show
from scheduler.wire.operations import HISTORY, OPERATIONS, SHOW, WHY, Operation
from scheduler.wire.runs import History
from scheduler.wire.times import Why
from tests.unit.stage import Stage, job


def test_every_operation_has_an_answer_and_nothing_else_has_one() -> None:
    assert list(ANSWERS) == list(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_description_of_a_request_is_true(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation.local_only <= {field.encode_name for field in msgspec.structs.fields(operation.ask)}
    assert not operation.streams or operation.reply is type(None)


@pytest.mark.parametrize(
    ("operation", "ask"), [(SHOW, Show("b")), (WHY, Why(job="b")), (HISTORY, History(jobs=("b",)))]
)
def test_a_question_about_one_job_reads_the_history_of_that_job_alone(
    operation: Operation[Any, Any], ask: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: set[str] = set()
    of = KeptHistory.of

    def spied(history: KeptHistory, name: str) -> Any:
        read.add(name)
        return of(history, name)

    async def script(stage: Stage) -> None:
        await stage.until(5)
        monkeypatch.setattr(KeptHistory, "of", spied)
        service: Any = EngineService(stage.engine, Environment({}, ()))
        reply = answer(service, operation, ask)
        assert await reply if isawaitable(reply) else reply
        monkeypatch.undo()
        assert read == {"b"}

    Stage(*(job(name, "@every 1s") for name in "abc")).play(script)
