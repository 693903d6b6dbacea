"""The words that people bring along from other schedulers, answered with ours."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable
from typing import NamedTuple

from scheduler.config.field_types import VARIABLE, Form
from scheduler.config.foreign_keys import FOREIGN, plain
from scheduler.config.spec import DefaultsForm, FileForm, IncludedForm, JobForm
from scheduler.document.line_context import quote
from scheduler.document.nodes import Mapping, Node, Scalar, Sequence
from scheduler.document.value_spans import is_variable
from scheduler.errors import MASK
from scheduler.schedule import DurationError, parse_duration
from scheduler.text import nearest


class Answer(NamedTuple):
    """What to say about a key that is not known; in `write`, MASK stands for `fill`."""

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
    """Whether a key, though it may be misspelled or another scheduler's, is meant to say what a job runs."""
    word = plain(name)
    foreign = FOREIGN["command"].split() + FOREIGN["python"].split()
    return word in foreign or nearest(word, ("command", "python"), 0.75) is not None


def unknown_key(form: type, name: str, value: Node, known: Iterable[str]) -> Answer:
    """What to say about a key that a form does not have."""
    known = list(known)
    word = plain(name)
    return (
        _misplaced(form, name, value)
        or _special(form, word, name, value)
        or _foreign(word, name, value, known)
        or _nearest(name, value, known)
    )


def _misplaced(form: type, name: str, value: Node) -> Answer | None:
    """One of our keys, one level too high or too low."""
    if issubclass(form, IncludedForm):
        if name in _keys(FileForm):
            return Answer(f"{name} is a setting of the main file, not of an included one", None)
        if name in _keys(DefaultsForm):
            return Answer(
                f"{name} is a key of jobs: for all of them it stands under `defaults`", f"defaults: {{{name}: …}}"
            )
        if name in _keys(JobForm):
            return Answer(
                f"{name} is a key of a job, which stands under its name below `jobs`", f"jobs: {{NAME: {{{name}: …}}}}"
            )
        if isinstance(value, Mapping) and {key.value for key, _ in value.entries} & {
            "schedule",
            "command",
            "python",
            "cron",
        }:
            return Answer(f"{name} is a job: jobs stand below `jobs`, indented", f"jobs: {{{name}: {{…}}}}")
    elif issubclass(form, JobForm):
        if name in _keys(FileForm):
            return Answer(f"{name} is no key of a job: it stands at the left margin of the file", f"{name}: …")
    elif issubclass(form, DefaultsForm) and name in _keys(JobForm):
        return Answer(f"{name} belongs to each job: there is no default for it", f"jobs: {{NAME: {{{name}: …}}}}")
    return None


def _special(form: type, word: str, name: str, value: Node) -> Answer | None:
    if form is JobForm and word in {"name", "id", "jobname"}:
        return Answer(f"{name} is unknown: a job's name is the key that it stands under", "nothing, delete the line")
    if form is JobForm and is_variable(name):
        return Answer(
            f"{name} is unknown; a variable stands below `env`, indented further than it", f"env: {{{name}: …}}"
        )
    if form is JobForm and word in {"every", "interval", "period"}:
        return Answer(f"{name} is unknown: an interval is a schedule", f'schedule: "@every {MASK}"', _interval(value))
    if form is JobForm and word in {"at", "runat", "date", "datetime", "once"}:
        return Answer(f"{name} is unknown: a single date is a schedule", 'schedule: "@at 2027-01-01T09:00"')
    if issubclass(form, FileForm) and word in {"version", "apiversion", "kind", "metadata"}:
        return Answer(f"{name} is unknown: the file needs no such key", "nothing, delete the line")
    return None


def _foreign(word: str, name: str, value: Node, known: list[str]) -> Answer | None:
    for ours in known:
        if word == plain(ours) or word in FOREIGN.get(ours, "").split():
            help, fill = _translated(ours, word, value)
            return Answer(f"{name} is unknown; here it is {ours}", help, fill)
    return None


def _nearest(name: str, value: Node, known: list[str]) -> Answer:
    near = nearest(name.lower(), known)
    if near is not None:
        help, fill = _translated(near, near, value)
        return Answer(f"{name} is unknown; the nearest key is {near}", help, fill)
    return Answer(f"{name} is unknown; the keys here are {', '.join(sorted(known))}", "one of these")


def _translated(ours: str, word: str, value: Node) -> tuple[str, str | None]:
    """Our key with the value that stands there, as far as it means the same."""
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
        stands = text.lower() in {"true", "yes", "on", "1"}
        return f"enabled: {str(stands != (word in _NEGATIVE)).lower()}", None
    if ours == "retry":
        return f"retry: {text if text.isdecimal() else 2}", None
    if ours in _DURATIONS and text.isdecimal():
        return f"{ours}: {text}s", None
    return f"{ours}: {MASK}", text if _is_simple(text) else quote(text)


def variables(value: Node) -> str:
    """The mapping that means the same as other schedulers' ways to give variables, without the values."""
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
    """Whether YAML reads the text as it stands, without quotes."""
    return re.fullmatch(r"[\w./][\w./ =+-]*", text) is not None


def _keys(form: type[Form]) -> tuple[str, ...]:
    return form.__struct_fields__


FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"


CLOCK = r"([0-9]{1,3}):([0-5]?[0-9])(?::([0-5]?[0-9]))?"
"""A number that YAML 1.1 reads in sixties, like 1:30."""


_OFFSET = r"(?ai)(?:UTC|GMT)?([+-])(\d{1,2})(?::?00)?"


_LONG_NAME = r"[a-z_-]{5,}"


_UNIT_WORDS = {"s": "s", "sec": "s", "m": "m", "min": "m", "h": "h", "hour": "h", "hr": "h", "d": "d", "day": "d"}


_SPELLED = r"(?i)([0-9]+(?:\.[0-9]+)?)\s*(s|sec|m|min|h|hr|hour|d|day)(?:ond|ute)?s?"


def duration_meant(text: str) -> str:
    """Always a duration; or two of them."""
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
        return error.nearest or "10m"
    return meant


def offset_meant(text: str) -> str | None:
    """The zone of an offset in whole hours, which POSIX counts to the west: `UTC+2` is Etc/GMT-2."""
    match = re.fullmatch(_OFFSET, text.strip())
    zone = match and f"Etc/GMT{'-' if match[1] == '+' else '+'}{int(match[2])}"
    return zone if zone in zoneinfo.available_timezones() else None


def zone_meant(text: str) -> str | None:
    """The zone of this city, or of one whose name is much alike: in the area that is named, where there is such."""
    by_lower = {name.lower(): name for name in sorted(zoneinfo.available_timezones())}
    lower = text.strip().lower().replace(" ", "_")
    if lower in by_lower:
        return by_lower[lower]
    area, _, city = lower.rpartition("/")
    cities = {name.rpartition("/")[2]: name for name in by_lower if re.match(r"(?!etc/).+/", name)}
    if city in cities:
        return by_lower[cities[city]]
    if not re.fullmatch(_LONG_NAME, city):
        return None  # an abbreviation is like many others that mean something else
    near = {name.rpartition("/")[2]: name for name in by_lower if name.startswith(f"{area}/")} or cities
    return by_lower.get(near.get(nearest(city, near, 0.75) or "", ""))
