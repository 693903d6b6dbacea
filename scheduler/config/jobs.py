"""One job: what its keys and the defaults of its file say together, as a `Job`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from scheduler.config.field_types import JOB_NAME
from scheduler.config.recipients import LISTS, notifiers_of, value_of
from scheduler.config.schedule_errors import explain, spec_of
from scheduler.config.suggest import names_target
from scheduler.config.values import is_null
from scheduler.document.nodes import Scalar
from scheduler.document.source import Source
from scheduler.errors import ScheduleError
from scheduler.model.job import Job, Retry
from scheduler.model.target import Argv, Entrypoint, EnvLayer, EnvValue, ShellCommand, Target
from scheduler.schedule import Schedule, parse_schedule

_NAME = re.compile(JOB_NAME)
_UTC = ZoneInfo("UTC")
_ASIS = LISTS | {
    "description", "timezone", "enabled", "timeout", "stop_grace", "overlap", "start_deadline", "catch_up", "lock",
    "on_shutdown", "output", "user", "group", "umask", "nice", "memory_limit",
    "remind", "expect_success_within", "ping", "sentry",
}  # fmt: skip
"""Keys whose value is the field of `Job` of the same name."""

_MERGED = ("env", "env_file", "retry")
"""Keys in which what a job says goes on top of what the defaults say."""

_OF_PYTHON = ("args", "kwargs", "interpreter")


class Scope(NamedTuple):
    """What holds for jobs that do not say otherwise: values by key, the layers of environment, retry's keys."""

    values: dict[str, Any]
    environment: tuple[EnvLayer, ...]
    retry: dict[str, Any]

    def narrowed(self, given: dict[str, Any], directory: Path, prefix: str) -> Scope:
        """The scope with `given` on top, from a file in `directory`; `prefix` begins the origins of its variables."""
        retry = given.get("retry", {})
        values = {**self.values, **given}
        if given.get("cwd") is not None:
            values["cwd"] = str(directory / given["cwd"])
        for key in LISTS & given.keys():
            values[key] = notifiers_of(given[key], directory)
        if given.get("ping") is not None:
            values["ping"] = value_of(given["ping"], directory)
        return Scope(
            values,
            _layers(self.environment, given, directory, prefix)
            if "env" in given or "env_file" in given
            else self.environment,
            {**self.retry, **(retry if isinstance(retry, dict) else {"times": retry})} if retry != {} else self.retry,
        )


NOTHING = Scope({}, (), {})


def _layers(below: tuple[EnvLayer, ...], given: dict[str, Any], directory: Path, prefix: str) -> tuple[EnvLayer, ...]:
    layers = list(below)
    if "env_file" in given:
        if given["env_file"] is None:
            layers = [layer for layer in layers if layer.file is None]
        else:
            layers.append(EnvLayer(f"{prefix}env_file", file=str(directory / given["env_file"])))
    if given.get("env"):
        layers.append(EnvLayer(f"{prefix}env", _variables(given["env"], directory)))
    return tuple(layers)


def _variables(given: dict[str, Any], directory: Path) -> dict[str, EnvValue]:
    return {name: None if value is None else value_of(value, directory) for name, value in given.items()}


class Entry(NamedTuple):
    """One entry below `jobs`: its name, where its keys stand in the source, and the values of those that are good."""

    name: Scalar
    places: dict[str, int]
    given: dict[str, Any]
    source: Source

    def note(self, key: str, message: str, help: str | None = None) -> None:
        """A finding at the name of a key of this job, when it has the key."""
        if key in self.places:
            where = f"jobs.{self.name.value}.{key}"
            self.source.note(self.places[key], message, help, width=len(key), key=where)


def build(entry: Entry, defaults: Scope, directory: str) -> Job | None:
    """The job, None when its mistakes leave too little of it; each of them is a finding of its source.

    `directory` is that of the main file, in which jobs run.
    """
    name = entry.name.value
    if not _NAME.fullmatch(name):
        message = "a job's name is 1 to 63 letters, digits, dots, dashes and underscores, the first a letter or digit"
        mended = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:63] or "job-1"
        entry.source.note(entry.name.index, message, f"{mended}:", width=max(1, len(name)), key=f"jobs.{name}")
    scope = defaults.narrowed(entry.given, entry.source.directory, "")
    values = scope.values
    target = _target(entry, values)
    schedule = _schedule(entry, values.get("timezone", _UTC))
    _check_retry(entry, scope.retry)
    _check_alarms(entry, values)
    if target is None:
        return None
    fields = {key: value for key, value in values.items() if key in _ASIS}
    if "success_codes" in values:
        fields["success_codes"] = frozenset(values["success_codes"])
    if scope.retry:
        fields["retry"] = _retry(scope.retry)
    cwd = values.get("cwd") or directory
    fields["origins"] = _origins(tuple(entry.given), tuple(defaults.values))
    return Job(name=name, target=target, cwd=cwd, schedule=schedule, environment=scope.environment, **fields)


@cache
def _origins(given: tuple[str, ...], inherited: tuple[str, ...]) -> dict[str, str]:
    """Where each key was set. Most jobs of a file set the same keys, and so share one answer."""
    origins = dict.fromkeys(inherited, "defaults") | dict.fromkeys(given, "job")
    return origins | {key: "job and defaults" for key in _MERGED if key in given and key in inherited}


def _target(entry: Entry, values: dict[str, Any]) -> Target | None:
    given = entry.given
    keys = entry.places
    if "command" in keys and "python" in keys:
        entry.note("python", "a job has either command or python, not both", "one of the two")
    elif "python" not in keys:
        for key in _OF_PYTHON:
            entry.note(key, f"{key} belongs to python, and this job has a command", "nothing, delete it")
        if "command" not in keys and not any(names_target(key) for key in keys):
            name = entry.name
            message = f"{name.value} has neither command nor python"
            entry.source.note(name.index, message, "command: …", width=len(name.value), key=f"jobs.{name.value}")
    if "command" in given:
        command = given["command"]
        return ShellCommand(command) if isinstance(command, str) else Argv(tuple(command))
    if "python" in given:
        interpreter = values.get("interpreter")
        return Entrypoint(given["python"], tuple(given.get("args", ())), given.get("kwargs", {}), interpreter)
    return None


def _check_retry(entry: Entry, retry: dict[str, Any]) -> None:
    if retry and "times" not in retry:
        entry.note("retry", "retry: times is missing, so nothing would be retried", "retry: {times: 2, …}")
    if retry.get("max_delay", 1e9) < retry.get("delay", 10.0):
        entry.note("retry", "retry: max_delay is shorter than delay", "retry: {max_delay: …}, of at least delay")


def _check_alarms(entry: Entry, values: dict[str, Any]) -> None:
    for key in ("remind", "expect_success_within"):
        if values.get(key) is not None and not values.get("on_failure"):
            message = f"{key} tells those of on_failure, of whom this job has none"
            entry.note(key, message, "on_failure: [{mail: ops@example.com}] beside it")


def _retry(keys: dict[str, Any]) -> Retry:
    # Whoever waits longer than the default limit from the first attempt on means it.
    longest = max(Retry().max_delay, keys.get("delay", 0.0))
    return Retry(**{"max_delay": longest, **keys})


def _schedule(entry: Entry, zone: ZoneInfo) -> Schedule | None:
    node = entry.given.get("schedule")
    if node is None or (isinstance(node, Scalar) and node.plain and is_null(node.value)):
        return None
    try:
        return parse_schedule(spec_of(node), zone, job_name=entry.name.value)
    except ScheduleError as error:
        flaw = explain(node, error, entry.source.text)
        where = f"jobs.{entry.name.value}.schedule"
        entry.source.note(flaw.at, f"schedule: {flaw.message}", flaw.help, width=flaw.width, key=where)
    return None
