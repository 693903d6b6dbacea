"""The errors about unknown keys: what the key is meant to be, and the entry to write instead.

Imported only when a key is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.config.field_types import Form
from scheduler.config.file_form import IGNORED, FileForm, IncludedForm
from scheduler.config.fixes import key_fix, value_fixes
from scheduler.config.foreign_keys import FOREIGN, REFUSED, REFUSED_AT_THE_TOP, normalized
from scheduler.config.node_errors import AlreadyReportedError
from scheduler.config.other_shapes import as_variables, function_in, is_dotted, is_one_command, recipients
from scheduler.config.scalars import InvalidValueError
from scheduler.config.schedule_errors import schedule_reader, spec_of
from scheduler.config.spec import DefaultsForm, JobForm, RetryForm
from scheduler.config.unknown_key import UnknownKey
from scheduler.config.value_suggestions import suggestions
from scheduler.document.finding import Fix
from scheduler.document.flow import in_flow
from scheduler.document.nodes import Mapping, Node, Scalar
from scheduler.document.source import Source
from scheduler.document.value_spans import is_variable
from scheduler.errors import ScheduleError
from scheduler.schedule import parse_schedule
from scheduler.schedule.corrections import correct
from scheduler.schedule.dialects.reading import in_flow as schedule_in_flow
from scheduler.suggestion import Replacement
from scheduler.text import typo_of


class KeyProblem(NamedTuple):
    """The error about an unknown key: a message, and either an explanation or fixes."""

    message: str
    help: str | None = None
    fixes: tuple[Fix, ...] = ()


SHORT = 5
"""Letters of a name from another scheduler up to which a similar word is not taken for it."""

_UTC = ZoneInfo("UTC")
_NEGATIVE = {"disabled", "disable", "suspend", "suspended", "paused"}
_POLICIES = {
    "allowoverlap": {"true": "allow", "false": "skip"}, "allowparallel": {"true": "allow", "false": "skip"},
    "nooverlap": {"true": "skip", "false": "allow"}, "singleton": {"true": "skip", "false": "allow"},
    "maxinstances": {"1": "skip"}, "concurrency": {"1": "skip"},
}  # fmt: skip
_UNITS = {
    "milliseconds": "ms", "millis": "ms", "ms": "ms", "seconds": "s", "secs": "s", "sec": "s", "minutes": "m",
    "mins": "m", "min": "m", "hours": "h", "days": "d",
}  # fmt: skip
_OF_CRON = {"MAILTO", "SHELL", "TZ", "CRON_TZ"}
"""Variables of a crontab that are settings of its jobs."""

_COUNTING_THE_FIRST = {"attempts", "maxattempts", "tries", "maxtries"}


def unknown_key(unknown: UnknownKey) -> KeyProblem:
    """The error about a key that a form does not have."""
    return (
        _after_comma(unknown)
        or _misplaced(unknown)
        or _refused(unknown)
        or _special(unknown)
        or _foreign(unknown)
        or _misspelled(unknown)
        or not_known(unknown)
    )


def _after_comma(unknown: UnknownKey) -> KeyProblem | None:
    """What starts after a comma in braces: `{command:x}`, or the rest of a value as in `{schedule: 0 9 * * 1,3}`."""
    text, end = unknown.source.text, unknown.key.index + len(unknown.name)
    if unknown.key.plain and re.match(r"[\w-]+:\S", unknown.name):
        return KeyProblem(f'missing space after the colon of "{unknown.name.partition(":")[0]}"')
    if not unknown.key.plain or not re.compile(r"\s*[,}]").match(text, end):
        return None
    return KeyProblem(
        f'unknown key "{unknown.name}": a comma in braces starts a new key; put the whole value in quotes'
    )


def _misplaced(unknown: UnknownKey) -> KeyProblem | None:
    """A known key on the wrong level."""
    form, name, value = unknown.form, unknown.name, unknown.value
    if issubclass(form, IncludedForm):
        if name in _keys(FileForm):
            return KeyProblem(f'"{name}" is only valid in the main file')
        if name in _keys(DefaultsForm):
            return KeyProblem(f'"{name}" is a key of jobs: put it under "defaults" to set it for all of them')
        if name in _keys(JobForm):
            return KeyProblem(f'"{name}" is a key of a job: put it under the name of the job in "jobs"')
        job_keys = {"schedule", "command", "python", "cron"}
        if isinstance(value, Mapping) and job_keys & {key.value for key, _ in value.entries}:
            return KeyProblem(f'job "{name}" must be indented under "jobs"')
    elif issubclass(form, JobForm):
        if name in _keys(FileForm):
            return KeyProblem(f'"{name}" is a setting of the file: put it at the top level')
    elif issubclass(form, DefaultsForm) and name in _keys(JobForm):
        return KeyProblem(f'"{name}" has no default: put it in each job')
    return None


def _refused(unknown: UnknownKey) -> KeyProblem | None:
    is_of_jobs, is_of_file = issubclass(unknown.form, DefaultsForm), issubclass(unknown.form, IncludedForm)
    table = REFUSED if is_of_jobs else REFUSED_AT_THE_TOP if is_of_file else {}
    for words, (reason, help) in table.items():
        if normalized(unknown.name) in words.split():
            return KeyProblem(f'unknown key "{unknown.name}": {reason}', help)
    return None


def _special(unknown: UnknownKey) -> KeyProblem | None:
    form, name, word = unknown.form, unknown.name, normalized(unknown.name)
    if form is JobForm and word in {"name", "id", "jobname"}:
        return KeyProblem(f'unknown key "{name}": the name of a job is its key in "jobs"', "delete the line")
    if issubclass(form, DefaultsForm) and is_variable(name) and name not in _OF_CRON:
        text = in_flow(unknown.value)
        candidates = [Replacement(f"{{{name}: {text}}}")] if text and "env" not in unknown.present else []
        message = f'unknown key "{name}": put environment variables under "env"'
        return KeyProblem(message, None, _value_fixes(unknown, "env", candidates))
    if form is JobForm and word in {"every", "interval", "period"} and isinstance(unknown.value, Scalar):
        message = f'unknown key "{name}": an interval is a schedule'
        return KeyProblem(message, None, _schedule_fixes(unknown, f"every {unknown.value.value}", (name, "every")))
    if form is JobForm and word in {"at", "runat", "date", "datetime", "once", "time"}:
        message = f'unknown key "{name}": put the time under "schedule"'
        value = unknown.value.value if isinstance(unknown.value, Scalar) else ""
        return KeyProblem(message, None, _schedule_fixes(unknown, f"at {value}", (name, "at")))
    if form is JobForm and word == "task" and is_dotted(unknown.value):
        message = f'unknown key "{name}": a task of Celery is not known here'
        return KeyProblem(message, "use `python: MODULE:FUNCTION` to call its function, or `command` for a program")
    if issubclass(form, FileForm) and word in {"version", "apiversion", "kind", "metadata"}:
        return KeyProblem(f'unknown key "{name}": a schedule file has no such key', "delete the line")
    if "listen" in unknown.known and word in {"host", "port", "bind", "address", "addr"}:
        return KeyProblem(f'unknown key "{name}": host and port are one key', 'for example `listen: "127.0.0.1:8765"`')
    if form is RetryForm and word in _COUNTING_THE_FIRST:
        message = f'unknown key "{name}"; "times" counts the attempts after the first'
        return KeyProblem(message, None, _value_fixes(unknown, "times", _further_attempts(unknown.value)))
    if issubclass(form, DefaultsForm) and word in _COUNTING_THE_FIRST:
        message = f'unknown key "{name}"; "retry" counts the attempts after the first'
        return KeyProblem(message, None, _value_fixes(unknown, "retry", _further_attempts(unknown.value)))
    return None


def _further_attempts(value: Node) -> Iterator[Replacement]:
    if isinstance(value, Scalar) and re.fullmatch(r"(?a)[1-9]\d{0,3}", value.value):
        yield Replacement(str(int(value.value) - 1), converted=(value.value,))


def _foreign(unknown: UnknownKey) -> KeyProblem | None:
    word = normalized(unknown.name)
    stem = next((word.removesuffix(unit) for unit in _UNITS if word.endswith(unit) and word != unit), word)
    for ours in unknown.known:
        theirs = FOREIGN.get(ours, "").split()
        if {word, stem} & {normalized(ours), *theirs}:
            if ours == "command" and (match := function_in(unknown.value)):
                if match["module"]:
                    return _did_you_mean(unknown, "python", word)
                return KeyProblem(f'unknown key "{unknown.name}"; use "python" for a function, "command" for a program')
            return _did_you_mean(unknown, ours, word)
    return None


def _misspelled(unknown: UnknownKey) -> KeyProblem | None:
    if (near := typo_of(unknown.name, unknown.known)) is not None:
        return _did_you_mean(unknown, near, normalized(unknown.name))
    theirs = {word: ours for ours in unknown.known for word in FOREIGN.get(ours, "").split() if len(word) > SHORT}
    near = typo_of(normalized(unknown.name), theirs)
    return None if near is None else _did_you_mean(unknown, theirs[near], near)


def not_known(unknown: UnknownKey) -> KeyProblem:
    """The error about a key that resembles no other."""
    if unknown.name.strip() != unknown.name.strip(" "):
        return KeyProblem("a non-breaking space or another invisible character in the indentation", "use spaces only")
    known = ", ".join(sorted(unknown.known))
    noun = "valid keys are" if len(unknown.known) > 1 else "the only valid key is"
    if issubclass(unknown.form, IncludedForm):
        known += f'; keys that begin with "{IGNORED}" are ignored'
    return KeyProblem(f'unknown key "{unknown.name}"{_place(unknown.where)}; {noun} {known}')


def _place(where: str) -> str:
    """` in job "trim"`, ` in "retry"`, or nothing for the top level."""
    top, _, rest = where.partition(".")
    if top in {"jobs", "overrides"} and rest and where.count(".") == 1:
        return f' in job "{rest}"'
    name = where.rpartition(".")[2]
    return f' in "{name}"' if name else ""


def _did_you_mean(unknown: UnknownKey, ours: str, word: str) -> KeyProblem:
    message = f'unknown key "{unknown.name}"; did you mean "{ours}"?'
    is_retry_without_times = (
        ours == "retry"
        and isinstance(unknown.value, Mapping)
        and not any(key.value == "times" for key, _ in unknown.value.entries)
    )
    if ours in unknown.present or is_retry_without_times:
        return KeyProblem(message)
    if ours in {"command", "run_if"} and not is_one_command(word, unknown.value):
        help = f"a list under `{ours}` is one command and its arguments; write several commands as text, joined by `&&`"
        return KeyProblem(message, help)
    candidates = list(_converted(ours, word, unknown.value))
    if candidates:
        return KeyProblem(message, None, _value_fixes(unknown, ours, candidates))
    if ours == "schedule":
        fix = key_fix(unknown.key, ours, unknown.value, unknown.source, schedule_reader)
        return KeyProblem(message, None, (fix,) if fix else _schedule_fixes(unknown, None, ()))
    read = unknown.reader(ours)
    if fix := key_fix(unknown.key, ours, unknown.value, unknown.source, read):
        return KeyProblem(message, None, (fix,))
    try:
        read(unknown.value, Source("", unknown.source.directory, ""), unknown.where)
    except InvalidValueError as error:
        return KeyProblem(message, None, _value_fixes(unknown, ours, suggestions(error, unknown.value)))
    except AlreadyReportedError:
        pass
    return KeyProblem(message)


def _value_fixes(unknown: UnknownKey, ours: str, candidates: Iterable[Replacement]) -> tuple[Fix, ...]:
    if ours in unknown.present or ours not in unknown.known:
        return ()
    read = schedule_reader if ours == "schedule" else unknown.reader(ours)
    return value_fixes(candidates, unknown.value, unknown.source, read, unknown.key, name=ours)


def _schedule_fixes(unknown: UnknownKey, text: str | None, converted: tuple[str, ...]) -> tuple[Fix, ...]:
    """Fixes with the key `schedule`, for the value or for a text that says the same."""
    node = unknown.value if text is None else Scalar(text, 0, False)
    candidates = (one._replace(converted=(*one.converted, *converted)) for one in _schedule_candidates(node))
    return _value_fixes(unknown, "schedule", candidates)


def _schedule_candidates(node: Node) -> Iterator[Replacement]:
    """The schedule itself, or the corrections of an invalid one, as values in the file."""
    spec = spec_of(node)
    try:
        parse_schedule(spec, _UTC, job_name="job")
    except ScheduleError as error:
        for one in correct(spec, error, _UTC, "job").suggestions:
            if not one.timezone:
                yield Replacement(schedule_in_flow(one.spec), one.reading, one.converted)
        return
    if isinstance(spec, str):
        yield Replacement(schedule_in_flow(spec))


def _converted(ours: str, word: str, value: Node) -> Iterator[Replacement]:
    """Values for our key that need more than the value as it is."""
    text = value.value if isinstance(value, Scalar) and "\n" not in value.value else None
    if ours == "env" and not isinstance(value, Mapping):
        yield from as_variables(value)
    elif ours.startswith("on_") and ours not in {"on_shutdown", "on_slow"}:
        yield from recipients(_named(word, value))
    elif text is None:
        return
    elif ours == "overlap" and word in _POLICIES:
        policy = _POLICIES[word].get(text.lower())
        yield from [Replacement(policy, converted=(text,))] if policy else []
    elif (
        ours == "enabled"
        and word in _NEGATIVE
        and text.lower() in {"true", "false", "yes", "no", "on", "off", "1", "0"}
    ):
        is_true = text.lower() in {"true", "yes", "on", "1"}
        yield Replacement(str(not is_true).lower(), converted=(text,))
    elif ours == "timezone" and word == "utc" and text.lower() == "true":
        yield Replacement("UTC", converted=(text,))
    elif re.fullmatch(r"(?a)\d+(?:\.\d+)?", text):
        unit = next((unit for name, unit in _UNITS.items() if word.endswith(name)), None)
        if unit == "ms":
            yield Replacement(f"{float(text) / 1000:.6f}".rstrip("0").rstrip(".") + "s", converted=(text,))
        elif unit:
            yield Replacement(f"{text}{unit}")


def _named(word: str, value: Node) -> Node:
    """A value under a key such as `slack` or `webhook` as a mapping with that key."""
    if word in {"slack", "discord", "teams", "mattermost", "webhook", "email", "mail", "mailto"}:
        return Mapping(0, [(Scalar(word.removesuffix("to"), 0, True), value)])
    return value


def _keys(form: type[Form]) -> tuple[str, ...]:
    return form.__struct_encode_fields__
