"""Requests for runs: which arguments a job accepts, and what of them is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from scheduler.api.run_request import MOST_STDIN, run_request
from scheduler.errors import RefusedError, SchedError, UsageError
from scheduler.model.job import Accepts, Job
from scheduler.model.target import ShellCommand
from scheduler.wire.runs import RunNow
from tests.unit.stage import NOON

ALL = (Accepts.ARGS, Accepts.KWARGS, Accepts.STDIN)


def job(**keys: Any) -> Job:
    return Job(name="j", target=ShellCommand("true"), cwd="/", **keys)


@pytest.mark.parametrize(
    ("given", "kind"), [({"args": ("a",)}, "args"), ({"kwargs": {"a": 1}}, "kwargs"), ({"stdin": b""}, "stdin")]
)
def test_a_job_accepts_only_what_it_says(given: dict[str, Any], kind: str) -> None:
    ask = RunNow(job="j", **given)
    with pytest.raises(RefusedError, match=f"j does not accept {kind}; add {kind} to its key `accepts`"):
        run_request(job(accepts=tuple(each for each in ALL if each.value != kind)), ask, None, NOON)
    assert run_request(job(accepts=(Accepts(kind),)), ask, None, NOON).arguments is not None
    assert run_request(job(), RunNow(job="j"), None, NOON).arguments is None


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"args": ("a\0b",)}, "must not contain a NUL byte"),
        ({"stdin": b"x" * (MOST_STDIN + 1)}, "stdin must not be longer than 1 MiB; this has 1048577 bytes"),
        ({"env": {"A=B": ""}}, "'A=B' is not a valid name"),
    ],
)
def test_a_variable_that_no_job_can_get_is_a_usage_error(given: dict[str, Any], error: str) -> None:
    with pytest.raises(UsageError, match=error):
        run_request(job(accepts=ALL), RunNow(job="j", **given), None, NOON)


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00Z", "0001-01-01T23:59Z", "9999-12-31T00:00Z", "9999-12-31T23:59Z", "9999-12-31T23:59-14:00"],
)
@pytest.mark.parametrize("field", ["as_of", "at"])
def test_a_time_that_not_every_time_zone_can_show_is_a_usage_error(field: str, moment: str) -> None:
    given: dict[str, Any] = {field: datetime.fromisoformat(moment)}
    with pytest.raises(UsageError, match="is outside the calendar"):
        run_request(job(), RunNow(job="j", **given), None, NOON)


def shown(keys: dict[str, Any] | None = None, **given: Any) -> str:
    view = run_request(job(accepts=ALL, **(keys or {})), RunNow(job="j", **given), None, NOON).arguments
    assert view is not None
    return view.text


def test_arguments_are_shown_as_typed_and_secrets_are_not() -> None:
    assert shown(args=("/uploads/a b.csv", "--dry-run")) == "'/uploads/a b.csv' --dry-run"
    assert shown(kwargs={"count": 2, "name": "x y"}) == "count=2 name='x y'"
    assert shown(stdin=b"canary") == "(6 bytes on stdin)"
    text = shown(args=("--token=canary", "--password", "canary", "-v", "postgres://u:canary@db/x"))
    assert "canary" not in text
    assert text.startswith("'--token=•••' --password '•••' -v")
    assert "canary" not in shown(kwargs={"api_key": "canary", "dsn": "x"})
    assert "canary" not in shown({"secret_arguments": True}, args=("canary",), kwargs={"a": "canary"})


def test_a_refusal_never_repeats_what_was_given() -> None:
    with pytest.raises(SchedError) as caught:
        run_request(job(), RunNow(job="j", args=("canary",), kwargs={"a": "canary"}), None, NOON)
    assert "canary" not in str(caught.value)
