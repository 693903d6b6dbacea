"""Warnings about the values of a job's or the defaults' keys, as they are written in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from scheduler.config.lint_codes import LintCode, LintWarning
from scheduler.config.lint_command import VARIABLE, texts
from scheduler.config.masking import CONFIDENTIAL
from scheduler.config.recipients import LISTS
from scheduler.config.spec import DefaultsForm
from scheduler.schedule import timezone_pitfall

_WRITE = dict.fromkeys(("cwd", "env_file", "interpreter", "path", "shell"), "path") | dict.fromkeys(
    ("user", "group", "lock"), "name"
)
"""What to write instead of a variable, by key."""

_SHELL = re.compile(r"(?<!\\)(?:\$\([^)]|`[^`]+`)|^~/|%[A-Z][A-Z0-9_]+%")
"""What a shell would replace in a value, besides variables."""


def value_warnings(given: dict[str, object]) -> Iterator[LintWarning]:
    """The warnings about the values under the keys that are given."""
    yield from _of_environment(given)
    zone = given.get("timezone")
    if isinstance(zone, ZoneInfo) and (message := timezone_pitfall(zone.key)):
        yield LintWarning(LintCode.ODD_TIMEZONE, "timezone", message)
    for key, what in _WRITE.items():
        if any(VARIABLE.search(text) for text in texts(given.get(key))):
            message = f"{key}: variables are not expanded in the file; write the {what}"
            yield LintWarning(LintCode.UNEXPANDED, key, message)
    for key in sorted(LISTS | {"ping"}):
        if key in given and any(VARIABLE.search(text) for text in _sent(given[key])):
            message = f"{key}: variables are not expanded in the file; write the value itself, or use from_env"
            yield LintWarning(LintCode.UNEXPANDED, key, message)


def _sent(given: object) -> Iterator[str]:
    """The texts of a ping or of recipients that nothing expands: all but commands, which a shell may read."""
    if isinstance(given, list):
        for recipient in given:
            yield from texts({key: value for key, value in recipient.items() if key != "command"})
    elif isinstance(given, str):
        yield given


def _of_environment(given: dict[str, object]) -> Iterator[LintWarning]:
    variables = given.get("env")
    for name, value in variables.items() if isinstance(variables, dict) else ():
        if not isinstance(value, str) or not value:
            continue
        if alone := re.fullmatch(r"\$\{?([A-Za-z_]\w*)\}?", value):
            message = f"env: {name}: variables are not expanded in the file"
            help = f"read it from schedd's environment: {name}: {{from_env: {alone[1]}}}"
            yield LintWarning(LintCode.UNEXPANDED, "env", message, help)
        elif VARIABLE.search(value):
            message = f"env: {name}: variables are not expanded in the file; write the value itself"
            is_path = "PATH" in value and "path" in DefaultsForm.__struct_fields__
            advice = "the key `path` puts directories in front of PATH" if is_path else None
            yield LintWarning(LintCode.UNEXPANDED, "env", message, advice)
        elif _SHELL.search(value):
            message = f"env: {name}: no shell reads the file, so this value is passed on as it is"
            yield LintWarning(LintCode.UNEXPANDED, "env", message, "write the value itself")
        elif re.search(CONFIDENTIAL, name):
            message = f"{name} looks like a secret, readable by everyone who can read this file"
            help = "read it from a file with {from_file: …} or from a variable with {from_env: …}"
            yield LintWarning(LintCode.PLAIN_SECRET, "env", message, help)
