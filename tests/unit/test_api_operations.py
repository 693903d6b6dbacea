"""The table of operations: complete, and light enough for a client."""

from __future__ import annotations

import msgspec
import pytest

from scheduler.api.handlers import ANSWERS
from scheduler.wire.operations import OPERATIONS


def test_every_operation_has_an_answer_and_nothing_else_has_one() -> None:
    assert list(ANSWERS) == list(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_description_of_a_request_is_true(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation.local_only <= {field.encode_name for field in msgspec.structs.fields(operation.ask)}
    assert not operation.streams or operation.reply is type(None)
