"""The YAML of a translation: a schedule file in the style of the example file, to be edited further by people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scheduler.document.quoting import block, flow_scalar, quoted, scalar
from scheduler.schedule.duration import LONGEST, format_duration, parse_duration
from scheduler.translate.translation import ImportedJob, Keys, Translation, Value, layered, mapping_at

_FIRST = ("description", "enabled", "schedule", "timezone", "user", "group", "cwd", "env_file", "env", "command")
"""Keys in the order in which they are written; others follow in the order of the source."""

_SHARED = ("timezone", "user", "group", "cwd", "shell", "overlap", "start_deadline")
"""Keys that are written in `defaults` when several jobs exist and all have the same value, as `env` is."""

_SHUTDOWN_TIMEOUT = 25.0
"""Seconds: the default of `shutdown_timeout`."""

_TIME_TO_FINISH = 15.0
"""Seconds that runs have to finish before they get SIGTERM, as with the default `stop_grace`."""


def schedule_file(translation: Translation, title: str) -> str:
    """The text of the schedule file, below the comment `title`. Loading it gives each job the keys it has here."""
    jobs = [layered(translation.defaults, job.keys) for job in translation.jobs]
    defaults = _shared(jobs, translation.defaults)
    lines = [f"# {line}" for line in map(_printable, (title, *translation.header))]
    lines += _shutdown(jobs)
    if defaults:
        lines += ["", "defaults:", *_indented(_lines(defaults, translation.reasons))]
    lines += ["", "jobs:" if jobs else "jobs: {}"]
    for job, keys in zip(translation.jobs, jobs, strict=True):
        lines += [*_indented(_job(job, _without(keys, defaults))), ""]
    lines += [f"# {line}" for line in map(_printable, translation.footer)]
    return "\n".join(lines).strip("\n") + "\n"


def _shutdown(jobs: list[Keys]) -> list[str]:
    """A longer `shutdown_timeout`, where a `stop_grace` would leave runs no time to finish when schedd stops."""
    longest = max((parse_duration(str(keys["stop_grace"])) for keys in jobs if "stop_grace" in keys), default=0.0)
    if longest < _SHUTDOWN_TIMEOUT:
        return []
    timeout = format_duration(min(longest + _TIME_TO_FINISH, LONGEST))
    return ["", f"shutdown_timeout: {timeout}  # longer than each stop_grace; keep it below the platform's limit"]


def _shared(jobs: list[Keys], given: Keys) -> Keys:
    """The defaults: those given that no job contradicts, and what several jobs have in common."""
    if not jobs:
        return given
    first, *others = jobs
    may_move = [*given, *_SHARED] if others else list(given)
    shared: Keys = {
        key: first[key]
        for key in dict.fromkeys(may_move)
        if key in first and key != "env" and all(key in other and other[key] == first[key] for other in others)
    }
    given_env = mapping_at(given, "env")
    env: Keys = {
        name: value
        for name, value in mapping_at(first, "env").items()
        if (others or name in given_env) and all(_has(mapping_at(other, "env"), name, value) for other in others)
    }
    return {**shared, "env": env} if env else shared


def _has(env: Keys, name: str, value: Value) -> bool:
    return name in env and env[name] == value


def _without(keys: Keys, defaults: Keys) -> Keys:
    """What a job says beyond the defaults."""
    env = {
        name: value
        for name, value in mapping_at(keys, "env").items()
        if not _has(mapping_at(defaults, "env"), name, value)
    }
    rest = {key: value for key, value in keys.items() if key != "env" and not _has(defaults, key, value)}
    return {**rest, "env": env} if env else rest


def _job(job: ImportedJob, keys: Keys) -> Iterator[str]:
    yield from (f"# {comment}" for comment in map(_printable, job.comments))
    yield f"{scalar(job.name)}:"
    yield from _indented(_lines(keys, {}))


def _lines(keys: Keys, reasons: dict[str, str]) -> Iterator[str]:
    for key in sorted(keys, key=lambda key: _FIRST.index(key) if key in _FIRST else len(_FIRST)):
        lines = list(_entry(key, keys[key]))
        if key in reasons:
            lines[0] += f"  # {reasons[key]}"
        yield from lines


def _entry(key: str, value: Value) -> Iterator[str]:
    if isinstance(value, dict) and key in ("env", "kwargs"):
        yield f"{key}:"
        yield from _indented(line for name, entry in value.items() for line in _entry(scalar(name), entry))
    elif key == "schedule" and isinstance(value, str):
        yield f"{key}: {quoted(value)}"
    elif isinstance(value, str):
        yield from block(f"{key}: ", value)
    elif isinstance(value, list) and any(isinstance(item, str) and "\n" in item for item in value):
        yield f"{key}:"
        yield from _indented(line for item in value for line in block("- ", str(item)))
    else:
        yield f"{key}: {_flow(value)}"


def _flow(value: Value) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{flow_scalar(key)}: {_flow(entry)}" for key, entry in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case str():
            return flow_scalar(value)
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case _:
            return f"{value:g}" if isinstance(value, float) else str(value)


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" if line else "" for line in lines)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text).rstrip()
