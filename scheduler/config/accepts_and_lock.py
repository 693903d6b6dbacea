"""The keys of a job that concern requests and shared locks: `accepts` and `lock`."""

from __future__ import annotations

from typing import Any

from scheduler.model.job import Accepts
from scheduler.model.target import Entrypoint, Target


def request_fields(values: dict[str, Any]) -> dict[str, Any]:
    """The fields of `Job` that these keys give."""
    fields: dict[str, Any] = {}
    lock = values.get("lock")
    if isinstance(lock, dict):
        fields |= {"lock": lock.get("name"), "lock_slots": lock.get("slots")}
    elif lock is not None:
        fields["lock"] = lock
    if "accepts" in values:
        fields["accepts"] = tuple(dict.fromkeys(_accepts(values)))
    return fields


def request_problems(given: dict[str, Any], target: Target | None) -> dict[str, str]:
    """What is wrong with the values of these keys, by key."""
    problems = {}
    if Accepts.KWARGS in _accepts(given) and target is not None and not isinstance(target, Entrypoint):
        problems["accepts"] = 'accepts: "kwargs" is only valid together with "python"'
    return problems


def _accepts(values: dict[str, Any]) -> list[Accepts]:
    accepts: Accepts | list[Accepts] = values.get("accepts", [])
    return [accepts] if isinstance(accepts, Accepts) else accepts
