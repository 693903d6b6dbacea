"""The table of operations: complete, and light enough for a client."""

from __future__ import annotations

import msgspec
import pytest

from scheduler.api.handlers import ANSWERS, reject_local
from scheduler.errors import RefusedError
from scheduler.wire.jobs import AskEnvironment
from scheduler.wire.operations import ENVIRONMENT, OPERATIONS, RUN_NOW
from scheduler.wire.runs import RunNow


def test_every_operation_has_an_answer_and_nothing_else_has_one() -> None:
    assert list(ANSWERS) == list(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_description_of_a_request_is_true(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation.local_only <= {field.encode_name for field in msgspec.structs.fields(operation.ask)}
    assert not operation.streams or operation.reply is type(None)


def test_fields_that_reveal_secrets_or_set_variables_are_refused_from_the_network() -> None:
    reject_local(ENVIRONMENT, AskEnvironment(job="a"))
    reject_local(RUN_NOW, RunNow(job="a", force=True))
    with pytest.raises(RefusedError, match="'reveal' is accepted over the Unix socket only"):
        reject_local(ENVIRONMENT, AskEnvironment(job="a", reveal=True))
    with pytest.raises(RefusedError, match="'shell' is accepted"):
        reject_local(ENVIRONMENT, AskEnvironment(job="a", shell={"A": "1"}))  # noqa: S604 - no process
    with pytest.raises(RefusedError, match="'env' is accepted"):
        reject_local(RUN_NOW, RunNow(job="a", env={"A": "1"}))
