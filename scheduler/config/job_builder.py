"""Builds a `Job` from the keys of one job and the defaults of its file."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from scheduler.config.accepts_and_lock import request_fields, request_problems
from scheduler.config.entry import Entry
from scheduler.config.field_types import JOB_NAME
from scheduler.config.foreign_keys import names_target
from scheduler.config.key_pattern import OF_PROCESS, RARE, pattern_of
from scheduler.config.recipients import LISTS, recipients_of, value_of
from scheduler.config.scalars import is_null
from scheduler.config.schedule_errors import explain, spec_of
from scheduler.document.finding import Fix
from scheduler.document.nodes import Scalar
from scheduler.errors import ScheduleError
from scheduler.model.job import Job, LauncherName, OnShutdown, ProcessSettings, Retry
from scheduler.model.target import DEFAULT_SHELL, Argv, Entrypoint, EnvLayer, EnvValue, ShellCommand, Target
from scheduler.schedule import (
    Limits,
    Schedule,
    delay_of,
    exclusions_of,
    parse_from,
    parse_schedule,
    parse_until,
    restrict,
)

_NAME = re.compile(JOB_NAME)
_UTC = ZoneInfo("UTC")
_OF_PYTHON = ("args", "kwargs", "interpreter", "setup")
_RELATIVE = LISTS | {"cwd", "path", "ping"}
"""Keys whose value depends on the directory of the file."""


class Scope(msgspec.Struct, frozen=True):
    """The defaults of jobs: values by key, the layers of environment, and the keys of `retry`."""

    values: dict[str, Any]
    environment: tuple[EnvLayer, ...]
    retry: dict[str, Any]

    def narrowed(self, given: dict[str, Any], directory: Path, prefix: str) -> Scope:
        """The scope with the values `given` in a file in `directory`; `prefix` starts the origins of its variables."""
        retry = given.get("retry", {})
        values = {**self.values, **given}
        if not _RELATIVE.isdisjoint(given):
            values |= _relative(given, directory)
        environment, merged = self.environment, self.retry
        if "env" in given or "env_file" in given:
            environment = _layers(environment, given, directory, prefix)
        if retry != {}:
            merged = {**merged, **(retry if isinstance(retry, dict) else {"times": retry})}
        return Scope(values, environment, merged)


NOTHING = Scope({}, (), {})


def _relative(given: dict[str, Any], directory: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if given.get("cwd") is not None:
        values["cwd"] = str(directory / given["cwd"])
    if "path" in given:
        path = given["path"] or ()
        values["path"] = tuple(str(directory / one) for one in ([path] if isinstance(path, str) else path))
    for key in LISTS & given.keys():
        values[key] = recipients_of(given[key], directory)
    if given.get("ping") is not None:
        values["ping"] = value_of(given["ping"], directory)
    return values


def _layers(below: tuple[EnvLayer, ...], given: dict[str, Any], directory: Path, prefix: str) -> tuple[EnvLayer, ...]:
    layers = list(below)
    if "env_file" in given:
        if given["env_file"] is None:
            layers = [layer for layer in layers if layer.file is None]
        else:
            layers.append(EnvLayer(f"{prefix}env_file", file=str(directory / given["env_file"])))
    if given.get("env"):
        variables = (
            (name, None if value is None else value_of(value, directory)) for name, value in given["env"].items()
        )
        layers.append(_layer(f"{prefix}env", *variables))
    return tuple(layers)


@lru_cache(maxsize=1024)
def _layer(origin: str, *variables: tuple[str, EnvValue]) -> EnvLayer:
    """The layer of an `env` map. Jobs with equal maps share one."""
    return EnvLayer(origin, dict(variables))


def build(entry: Entry, defaults: Scope, directory: str) -> Job | None:
    """The job; None when its errors leave too little of it. Errors become findings of its source.

    `directory` is that of the main file, the default working directory.
    """
    name = entry.name.value
    _check_name(entry)
    scope = defaults.narrowed(entry.given, entry.source.directory, "")
    if (override := entry.override) is not None:
        scope = scope.narrowed(override.given, override.source.directory, "overrides.")
    values = scope.values
    target = _target(entry, values)
    schedule = _schedule(entry, values.get("timezone", _UTC))
    pattern = pattern_of(tuple(defaults.values), tuple(entry.given), () if override is None else tuple(override.given))
    if schedule is not None and pattern.is_limited:
        schedule = restrict(schedule, _limits(entry, values))
    if scope.retry:
        _check_retry(entry, scope.retry)
    if pattern.has_alarms:
        _check_alarms(entry, values)
    if "accepts" in values:
        for key, problem in request_problems(entry.effective, target).items():
            entry.error(key, problem)
    if target is None:
        return None
    fields = {key: values[key] for key in pattern.unchanged}
    if scope.retry:
        fields["retry"] = _retry(*scope.retry.items())
    if pattern.is_rare or not RARE.isdisjoint(entry.keys):
        fields |= _rare_fields(entry, values)
    return Job(
        name=name,
        target=target,
        cwd=values.get("cwd") or directory,
        schedule=schedule,
        environment=scope.environment,
        origins=pattern.origins,
        **fields,
    )


def _check_name(entry: Entry) -> None:
    name = entry.name.value
    if _NAME.fullmatch(name):
        return
    message = (
        "not a valid job name: it must be 1 to 63 letters, digits, dots, dashes and underscores, and start with a "
        "letter or digit"
    )
    corrected = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")
    start, end = entry.name.index, entry.name.index + len(name)
    is_shown = _NAME.fullmatch(corrected) and entry.name.plain and name.isascii()
    fixes = (Fix(start, end, (corrected,)),) if is_shown else ()
    entry.source.error(start, message, fixes=fixes, width=max(1, len(name)), key=f"jobs.{name}")


def _rare_fields(entry: Entry, values: dict[str, Any]) -> dict[str, Any]:
    """The fields of `Job` from the keys in `RARE`."""
    fields = request_fields(values)
    if "success_codes" in values:
        fields["success_codes"] = frozenset(values["success_codes"])
    if not OF_PROCESS.isdisjoint(values):
        fields["process"] = ProcessSettings(**{key: value for key, value in values.items() if key in OF_PROCESS})
    if condition := _condition(values):
        fields["run_if"] = condition
    if values.get("launcher") is LauncherName.CELERY:
        fields["on_shutdown"] = values.get("on_shutdown", OnShutdown.LEAVE)
    elif values.get("on_shutdown") is OnShutdown.LEAVE:
        entry.error("on_shutdown", '"on_shutdown: leave" is only valid for jobs that run on workers')
    if values.get("run_if") is None:
        entry.error("run_if_timeout", '"run_if_timeout" is only valid together with "run_if"')
    return fields


def _target(entry: Entry, values: dict[str, Any]) -> Target | None:
    given = entry.effective
    keys = entry.keys
    if "command" in keys and "python" in keys:
        entry.error("python", 'a job must not have both "command" and "python"')
    elif "python" not in keys:
        for key in () if keys.isdisjoint(_OF_PYTHON) else _OF_PYTHON:
            entry.error(key, f'"{key}" is only valid together with "python"')
        if "command" not in keys and not any(names_target(key) for key in keys):
            name = entry.name
            message = f'job "{name.value}" must have "command" or "python"'
            entry.source.error(name.index, message, width=len(name.value), key=f"jobs.{name.value}")
    if "command" in given:
        command = given["command"]
        if not isinstance(command, str):
            if not isinstance(values.get("run_if"), str):
                entry.error("shell", '"shell" is only valid for a command that is text')
            return Argv(tuple(command))
        return ShellCommand(command, shell=_shell(values.get("shell")))
    if "python" in given:
        interpreter = values.get("interpreter")
        return Entrypoint(
            given["python"], tuple(given.get("args", ())), given.get("kwargs", {}), interpreter, values.get("setup")
        )
    return None


def _condition(values: dict[str, Any]) -> ShellCommand | Argv | None:
    command = values.get("run_if")
    if isinstance(command, str):
        return ShellCommand(command, shell=_shell(values.get("shell")))
    return None if command is None else Argv(tuple(command))


def _shell(given: str | list[str] | None) -> tuple[str, ...]:
    """The words before the text of a command; a name or path alone means a shell that knows `-c`."""
    if given is None:
        return DEFAULT_SHELL
    return (given, "-c") if isinstance(given, str) else tuple(given)


def _check_retry(entry: Entry, retry: dict[str, Any]) -> None:
    if retry and "times" not in retry:
        entry.error("retry", 'retry: missing key "times": nothing would be retried')
    if retry.get("max_delay", 1e9) < retry.get("delay", 10.0):
        entry.error("retry", "retry: max_delay must not be shorter than delay")


def _check_alarms(entry: Entry, values: dict[str, Any]) -> None:
    for key in ("remind", "notify_after"):
        if values.get(key) is not None and _is_without("on_failure", entry, values):
            entry.error(key, f'"{key}" notifies the recipients of "on_failure", and this job has none')
    if values.get("slow_after") is not None and _is_without("on_slow", entry, values):
        entry.error("slow_after", '"slow_after" notifies the recipients of "on_slow", and this job has none')
    if values.get("on_slow") and _is_without("slow_after", entry, values):
        entry.error("on_slow", '"on_slow" needs "slow_after", the time after which a run is slow')


def _is_without(key: str, entry: Entry, values: dict[str, Any]) -> bool:
    """Whether the job has no value for the key; one that is not valid has an error of its own."""
    return not values.get(key) and (key in entry.effective or key not in entry.keys)


@lru_cache(maxsize=1024)
def _retry(*items: tuple[str, Any]) -> Retry:
    """The value of the keys of `retry`. Jobs with equal ones share it."""
    keys = dict(items)
    # A first delay longer than the default limit raises the limit.
    longest = max(Retry().max_delay, keys.get("delay", 0.0))
    return Retry(**{"max_delay": longest, **keys})


def _limits(entry: Entry, values: dict[str, Any]) -> Limits:
    zone, splay = values.get("timezone", _UTC), timedelta(seconds=values.get("splay") or 0)
    first, last, exclusions = values.get("from"), values.get("until"), values.get("except")
    limits = Limits(
        first=None if first is None else parse_from(first, zone),
        last=None if last is None else parse_until(last, zone),
        exclusions=exclusions_of(exclusions, zone) if exclusions else None,
        splay=splay,
        delay=delay_of(entry.name.value, splay) if splay else splay,
        zone=None if first is None and last is None else zone,
    )
    if limits.first is not None and limits.last is not None and limits.first > limits.last:
        entry.error("until" if "until" in entry.keys else "from", "until must not be before from")
    return limits


def _schedule(entry: Entry, zone: ZoneInfo) -> Schedule | None:
    node = entry.effective.get("schedule")
    if node is None or (isinstance(node, Scalar) and node.plain and is_null(node.value)):
        return None
    try:
        return parse_schedule(spec_of(node), zone, job_name=entry.name.value)
    except ScheduleError as error:
        owner = entry.owner("schedule")
        found = explain(
            node, error, owner.source, zone=zone, job_name=entry.name.value, key=owner.places.get("schedule")
        )
        fixes = found.fixes
        if "timezone" in entry.keys:
            fixes = tuple(fix for fix in fixes if len(fix.entries) == 1)
        message, where = f"schedule: {found.message}", f"{owner.path}.schedule"
        owner.source.error(found.at, message, fixes=fixes, width=found.width, key=where)
    return None
