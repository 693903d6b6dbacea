"""Suggests what to write instead of an unknown key or an invalid value."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable
from typing import NamedTuple

from scheduler.config.field_types import VARIABLE, Form
from scheduler.config.foreign_keys import FOREIGN, normalized
from scheduler.config.spec import DefaultsForm, FileForm, IncludedForm, JobForm
from scheduler.config.values import CLOCK, FLOAT
from scheduler.document.line_context import quote
from scheduler.document.nodes import Mapping, Node, Scalar, Sequence
from scheduler.document.value_spans import is_variable
from scheduler.errors import MASK
from scheduler.schedule import DurationError, parse_duration
from scheduler.text import nearest


class KeyProblem(NamedTuple):
    """The error about an unknown key; in `help`, MASK stands for `fill`."""

    message: str
    help: str | None
    fill: str | None = None


_EXAMPLES = {
    "schedule": '"*/5 * * * *"',
    "command": "echo hello",
    "python": "package.module:function",
    "overlap": "skip",
    "retry": "2",
    "enabled": "false",
    "args": "[…]",
    "memory_limit": "512M",
    "output": "discard",
    "timezone": "Europe/Berlin",
    "defaults": "{…}",
    "jobs": "{NAME: {…}}",
}
_DURATIONS = {"timeout", "start_deadline", "stop_grace", "shutdown_timeout", "delay", "max_delay", "catch_up", "remind"}
_DURATIONS |= {"expect_success_within"}
_NEGATIVE = {"disabled", "disable", "suspend", "suspended", "paused"}
_POLICIES = {"forbid": "skip", "allow": "allow", "replace": "replace", "queue": "queue", "skip": "skip"}

_NAMING = {"name", "key", "variable"}


def names_target(name: str) -> bool:
    """Whether a key, possibly misspelled or from another scheduler, says what a job runs."""
    word = normalized(name)
    foreign = FOREIGN["command"].split() + FOREIGN["python"].split()
    return word in foreign or nearest(word, ("command", "python"), 0.75) is not None


def unknown_key(form: type, name: str, value: Node, known: Iterable[str]) -> KeyProblem:
    """The error about a key that a form does not have."""
    known = list(known)
    word = normalized(name)
    return (
        _misplaced(form, name, value)
        or _special(form, word, name, value)
        or _foreign(word, name, value, known)
        or _nearest(name, value, known)
    )


def _misplaced(form: type, name: str, value: Node) -> KeyProblem | None:
    """A known key on the wrong level."""
    if issubclass(form, IncludedForm):
        if name in _keys(FileForm):
            return KeyProblem(f'"{name}" is only valid in the main file', None)
        if name in _keys(DefaultsForm):
            return KeyProblem(f'"{name}" is a key of jobs: put it under "defaults" to set it for all of them', None)
        if name in _keys(JobForm):
            return KeyProblem(f'"{name}" is a key of a job: put it under the name of the job in "jobs"', None)
        if isinstance(value, Mapping) and {key.value for key, _ in value.entries} & {
            "schedule",
            "command",
            "python",
            "cron",
        }:
            return KeyProblem(f'job "{name}" must be indented under "jobs"', None)
    elif issubclass(form, JobForm):
        if name in _keys(FileForm):
            return KeyProblem(f'"{name}" is a setting of the file: put it at the top level', None)
    elif issubclass(form, DefaultsForm) and name in _keys(JobForm):
        return KeyProblem(f'"{name}" has no default: put it in each job', None)
    return None


def _special(form: type, word: str, name: str, value: Node) -> KeyProblem | None:
    if form is JobForm and word in {"name", "id", "jobname"}:
        return KeyProblem(f'unknown key "{name}": the name of a job is its key in "jobs"', "delete the line")
    if form is JobForm and is_variable(name):
        return KeyProblem(f'unknown key "{name}": put environment variables under "env"', None)
    if form is JobForm and word in {"every", "interval", "period"}:
        return KeyProblem(
            f'unknown key "{name}": an interval is a schedule', f'schedule: "@every {MASK}"', _interval(value)
        )
    if form is JobForm and word in {"at", "runat", "date", "datetime", "once"}:
        return KeyProblem(f'unknown key "{name}": a single date is a schedule: "@at 2027-01-01T09:00"', None)
    if issubclass(form, FileForm) and word in {"version", "apiversion", "kind", "metadata"}:
        return KeyProblem(f'unknown key "{name}": a schedule file has no such key', "delete the line")
    return None


def _foreign(word: str, name: str, value: Node, known: list[str]) -> KeyProblem | None:
    for ours in known:
        if word == normalized(ours) or word in FOREIGN.get(ours, "").split():
            help, fill = _translated(ours, word, value)
            return KeyProblem(f'unknown key "{name}"; did you mean "{ours}"?', help, fill)
    return None


def _nearest(name: str, value: Node, known: list[str]) -> KeyProblem:
    near = nearest(name.lower(), known)
    if near is not None:
        help, fill = _translated(near, near, value)
        return KeyProblem(f'unknown key "{name}"; did you mean "{near}"?', help, fill)
    return KeyProblem(f'unknown key "{name}"; valid keys are {", ".join(sorted(known))}', None)


def _translated(ours: str, word: str, value: Node) -> tuple[str, str | None]:
    """The known key with the given value, as far as it means the same."""
    text = value.value if isinstance(value, Scalar) and "\n" not in value.value else None
    if ours == "env":
        return f"env: {variables(value)}", None
    if ours.startswith("on_"):
        return f"{ours}: [{{{'mail' if 'mail' in word else 'webhook'}: …}}]", None
    if ours in {"kwargs", "args", "jobs", "defaults", "python"} or not text:
        return f"{ours}: {_EXAMPLES.get(ours, '…')}", None
    if ours == "overlap":
        return f"overlap: {_POLICIES.get(text.lower(), 'skip')}", None
    if ours == "enabled":
        is_true = text.lower() in {"true", "yes", "on", "1"}
        return f"enabled: {str(is_true != (word in _NEGATIVE)).lower()}", None
    if ours == "retry":
        return f"retry: {text if text.isdecimal() else 2}", None
    if ours in _DURATIONS and text.isdecimal():
        return f"{ours}: {text}s", None
    return f"{ours}: {MASK}", text if _is_simple(text) else quote(text)


def variables(value: Node) -> str:
    """The mapping for other schedulers' forms of variables, without the values."""
    names: list[str] = []
    if isinstance(value, Mapping):
        names = [key.value for key, _ in value.entries]
    elif isinstance(value, Sequence):
        for item in value.items:
            if isinstance(item, Scalar):
                names.append(item.value.partition("=")[0])
            elif isinstance(item, Mapping):
                names += [text.value for key, text in item.entries if key.value in _NAMING and isinstance(text, Scalar)]
    good = [f"{name}: …" for name in names if re.fullmatch(VARIABLE, name)]
    return "{" + (", ".join(good[:8]) or "NAME: …") + "}"


def _interval(value: Node) -> str:
    text = value.value if isinstance(value, Scalar) else ""
    return f"{text}s" if text.isdecimal() else text if re.fullmatch(r"[0-9dhms.]+", text) else "10m"


def _is_simple(text: str) -> bool:
    """Whether YAML reads the text unchanged without quotes."""
    return re.fullmatch(r"[\w./][\w./ =+-]*", text) is not None


def _keys(form: type[Form]) -> tuple[str, ...]:
    return form.__struct_fields__


_OFFSET = r"(?ai)(?:UTC|GMT)?([+-])(\d{1,2})(?::?00)?"


_LONG_NAME = r"[a-z_-]{5,}"


_UNIT_WORDS = {"s": "s", "sec": "s", "m": "m", "min": "m", "h": "h", "hour": "h", "hr": "h", "d": "d", "day": "d"}


_SPELLED = r"(?i)([0-9]+(?:\.[0-9]+)?)\s*(s|sec|m|min|h|hr|hour|d|day)(?:ond|ute)?s?"


def duration_suggestion(text: str) -> str | None:
    """The duration that the text most likely means, or two of them."""
    if match := re.fullmatch(CLOCK, text):
        first, second, third = (int(part or 0) for part in match.groups())
        if match[3]:
            return f"{first}h{second}m{third}s"
        return f"{first}h{second}m, or {first}m{second}s"
    meant = f"{text}s" if re.fullmatch(FLOAT, text) else text
    if match := re.fullmatch(_SPELLED, text.strip()):
        meant = match[1] + _UNIT_WORDS[match[2].lower()]
    try:
        parse_duration(meant)
    except DurationError as error:
        return error.nearest
    return meant


def offset_suggestion(text: str) -> str | None:
    """The zone of an offset in whole hours. The sign is that of POSIX: `UTC+2` is Etc/GMT-2."""
    match = re.fullmatch(_OFFSET, text.strip())
    zone = match and f"Etc/GMT{'-' if match[1] == '+' else '+'}{int(match[2])}"
    return zone if zone in zoneinfo.available_timezones() else None


def zone_suggestion(text: str) -> str | None:
    """The zone of this city, or of a city with a similar name, in the given area if it is one."""
    by_lower = {name.lower(): name for name in sorted(zoneinfo.available_timezones())}
    lower = text.strip().lower().replace(" ", "_")
    if lower in by_lower:
        return by_lower[lower]
    area, _, city = lower.rpartition("/")
    cities = {name.rpartition("/")[2]: name for name in by_lower if re.match(r"(?!etc/).+/", name)}
    if city in cities:
        return by_lower[cities[city]]
    if not re.fullmatch(_LONG_NAME, city):
        return None  # an abbreviation resembles many others with other meanings
    near = {name.rpartition("/")[2]: name for name in by_lower if name.startswith(f"{area}/")} or cities
    return by_lower.get(near.get(nearest(city, near, 0.75) or "", ""))
