"""The effective keys of a job as JSON, derived from the fields of `Job`, without what may be secret."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from scheduler.api.secret_values import is_secret
from scheduler.clock import rfc3339
from scheduler.errors import MASK
from scheduler.model.job import Job, ProcessSettings, Retry, SlowAfter
from scheduler.model.target import DEFAULT_SHELL, Argv, Entrypoint, EnvLayer, FromEnv, FromFile, ShellCommand, Target
from scheduler.report.notify.sender import host_of, name_of
from scheduler.schedule import Restricted, Schedule, format_duration
from scheduler.text import size_as_written

NOT_KEYS = {"name", "origins"}
"""Fields of a job that are not keys of the file."""

NO_DURATIONS = {"factor"}
"""Numbers that are not seconds."""


def definition(job: Job) -> dict[str, Any]:
    """The keys of the file with their effective values, without secrets. Texts among `args` are masked: no name says
    what they are.

    Keys without a value are left out, and what is off by default and has not been switched on.
    """
    shown: dict[str, Any] = {}
    for field in ("description", "schedule", "timezone", "target", *Job.__struct_fields__):
        if field not in NOT_KEYS and field not in shown:
            shown |= _keys(field, getattr(job, field))
    if job.schedule is None:
        del shown["timezone"]
    if job.run_if is None:
        del shown["run_if_timeout"]
    if not job.on_failure:
        del shown["notify_after"]
    if (slots := shown.pop("lock_slots")) is not None:
        shown["lock"] = {"name": job.lock, "slots": slots}
    off = _off()
    return {key: value for key, value in shown.items() if value not in (None, "", [], {}) and (value or key not in off)}


@cache
def _off() -> set[str]:
    """Keys that are false unless they are set."""
    return {field.name for field in msgspec.structs.fields(Job) if field.default is False}


def _keys(field: str, value: Any) -> dict[str, Any]:
    """The keys of the file that make up a field of `Job`."""
    match value:
        case ShellCommand() | Argv() if field == "run_if":
            return {field: _target(value)["command"]}
        case ShellCommand() | Argv() | Entrypoint():
            return _target(value)
        case ProcessSettings():
            settings = msgspec.structs.asdict(value)
            return settings | {
                "umask": None if value.umask is None else f"{value.umask:03o}",
                "memory_limit": None if value.memory_limit is None else size_as_written(value.memory_limit),
            }
        case _ if field == "schedule":
            return _schedule(value)
        case _ if field == "environment":
            return {"env": [_layer(layer) for layer in value]}
        case _ if field == "ping":
            return {field: None if value is None else host_of(value)}
        case _ if field.startswith("on_") and isinstance(value, tuple):
            return {field: [name_of(recipient) for recipient in value]}
    return {field: _value(field, value)}


def _schedule(schedule: Schedule | None) -> dict[str, Any]:
    if schedule is None:
        return {}
    shown: dict[str, Any] = {"schedule": schedule.text}
    if isinstance(schedule, Restricted):
        limits = schedule.limits
        shown |= {
            "from": None if limits.first is None else rfc3339(limits.first),
            "until": None if limits.last is None else rfc3339(limits.last),
            "except": [] if limits.exclusions is None else list(limits.exclusions.texts),
            "splay": format_duration(limits.splay.total_seconds()) if limits.splay else None,
        }
    return shown


def _value(field: str, value: Any) -> Any:
    match value:
        case bool() | int() | str() | None if not isinstance(value, Enum):
            return value
        case float():
            return value if field in NO_DURATIONS else format_duration(value)
        case Enum():
            return value.value
        case frozenset():
            return sorted(value)
        case tuple():
            return [_value(field, each) for each in value]
        case ZoneInfo():
            return value.key
        case SlowAfter(seconds=seconds, times=times):
            return f"{times:g}x" if times else format_duration(seconds)
        case Retry(times=0):
            return None
        case msgspec.Struct():
            return {name: _value(name, each) for name, each in msgspec.structs.asdict(value).items()}
    return value


def _target(target: Target) -> dict[str, Any]:
    match target:
        case ShellCommand(text, shell=shell):
            return {"command": text, "shell": None if shell == DEFAULT_SHELL else list(shell)}
        case Argv(words):
            return {"command": list(words)}
        case Entrypoint(reference, args, kwargs, interpreter, setup):
            return {
                "python": reference,
                "args": [MASK if isinstance(value, str | list | dict) else value for value in args],
                "kwargs": _named_values(kwargs),
                "interpreter": interpreter,
                "setup": setup,
            }


def _layer(layer: EnvLayer) -> dict[str, Any]:
    shown: dict[str, Any] = {"from": layer.origin}
    if layer.file is not None:
        shown["file"] = layer.file
    if layer.values:
        shown["sets"] = _named_values(layer.values)
    return shown


def _named_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values without those that are secret by their name, by their origin (a variable or a file) or by their look."""
    return {name: _named_value(name, value) for name, value in values.items()}


def _named_value(name: str, value: Any) -> Any:
    match value:
        case dict():
            return MASK if is_secret(name, "") else _named_values(value)
        case list():
            return [_named_value(name, each) for each in value]
        case FromEnv() | FromFile():
            return MASK
        case None:
            return None
    return MASK if is_secret(name, str(value)) else value
