"""Warnings about a command: syntax of crontabs and other shells, and secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from scheduler.config.lint_codes import LintCode, LintWarning
from scheduler.config.shell_syntax import PIPEFAIL, bash_syntax, without_quotes
from scheduler.model.job import Job, LauncherName
from scheduler.model.target import DEFAULT_SHELL, Argv, Entrypoint, ShellCommand

VARIABLE = re.compile(r"(?<![\\\w])\$(?:\{[A-Za-z_]\w*(?::?[-+=?][^}]*)?\}|[A-Z_][A-Z0-9_]*\b)|\{\{\s*[\w.]+\s*\}\}")
"""A variable that a shell or a template would expand."""

_SECRET = re.compile(
    r"(?i)(?:--?(?:password|passwd|token|secret|api-?key)[= ](?![$\"']*\$)[^\s$]|://[^/\s:$@]+:[^@\s$/]+@)"
)
_CRON_FIELD = r"(?:\*|\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)(?:/\d+)?"
_CRON_LINE = re.compile(rf"\s*(?:{_CRON_FIELD}\s+){{4}}(?:{_CRON_FIELD}|(?i:[a-z]{{3}}(?:[-,][a-z]{{3}})*))\s+\S")
_WRITES = re.compile(
    r"(?<![0-9&])>>?(?!\s*(?:/dev/(?:null|stderr|stdout)|&))|\b(?:rm|mv|cp|tee|touch|mkdir|rmdir|truncate|kill|chmod|chown)\s"
    r"|\bcurl\b.*\s-(?:X\s*|-request[ =])(?:POST|PUT|DELETE|PATCH)|\bsed\s+-i"
)
_SHELLS_OF_BASH = {"bash", "zsh", "ksh", "ksh93", "mksh"}


def command_warnings(job: Job) -> Iterator[LintWarning]:
    """The warnings about what a job runs."""
    variables = {*os.environ, *(name for layer in job.environment for name in layer.values)}
    if job.run_if is not None:
        yield from _of_condition(job.run_if, variables)
        if job.launcher is LauncherName.CELERY:
            message = "run_if runs on the machine of schedd, not on the worker that runs the job"
            yield LintWarning(LintCode.RUN_IF_HERE, "run_if", message, "test on the worker in the command itself")
    match job.target:
        case ShellCommand(text, shell=shell):
            yield from _of_text(text, shell[0], variables)
            yield from _of_any(text, "command")
        case Argv(words):
            yield from _of_words(words, "command")
            yield from _of_any(" ".join(words), "command")
        case Entrypoint(args=args, kwargs=kwargs):
            if _has_reference([*args, *kwargs.values()]):
                message = "from_env and from_file are not read here: the function gets the mapping itself"
                yield LintWarning(LintCode.UNEXPANDED, "kwargs", message, "read the value in the function")
            elif any(VARIABLE.search(text) for text in texts([*args, *kwargs.values()])):
                message = "variables are not expanded in the arguments of a function"
                yield LintWarning(LintCode.UNEXPANDED, "kwargs" if kwargs else "args", message)


def _of_condition(condition: ShellCommand | Argv, variables: set[str]) -> Iterator[LintWarning]:
    if isinstance(condition, ShellCommand):
        text = condition.text
        yield from _of_shell(text, condition.shell[0], "run_if", variables)
    else:
        text = " ".join(condition.words)
        yield from _of_words(condition.words, "run_if")
    yield from _of_any(text, "run_if")
    if _WRITES.search(without_quotes(text)):
        message = "run_if seems to change something: it runs at each scheduled time, also when the job then does not"
        yield LintWarning(
            LintCode.RUN_IF_WRITES, "run_if", message, "change things in the command, which runs after it"
        )


def _of_any(command: str, key: str) -> Iterator[LintWarning]:
    if "\\%" in command:
        message = "the backslash of `\\%` is passed to the shell: only a crontab needs it"
        yield LintWarning(LintCode.CRONTAB_PERCENT, key, message, "write % without the backslash")
    if _SECRET.search(command):
        message = "the command contains what looks like a secret, visible to everyone who can list processes"
        help = "pass it in a variable of `env` with from_file or from_env"
        yield LintWarning(LintCode.PLAIN_SECRET, key, message, help)


def _of_text(text: str, program: str, variables: set[str]) -> Iterator[LintWarning]:
    if _CRON_LINE.match(text):
        message = "the command starts with a cron expression, which the shell takes for a program"
        yield LintWarning(LintCode.CRONTAB_LINE, "command", message, "put the expression under `schedule`")
    yield from _of_shell(text, program, "command", variables)


def _of_shell(text: str, program: str, key: str, variables: set[str]) -> Iterator[LintWarning]:
    if program != DEFAULT_SHELL[0] or (shell := _sh()) in _SHELLS_OF_BASH:
        return
    for name in bash_syntax(text, shell, variables):
        if name == PIPEFAIL and _sh_has_pipefail():
            continue
        message = f"{name} is syntax of bash, and /bin/sh is {shell}"
        yield LintWarning(LintCode.BASH_SYNTAX, key, message, "set `shell: bash`")
        return


@cache
def _sh() -> str:
    """The name of the shell behind /bin/sh."""
    return Path("/bin/sh").resolve().name


@cache
def _sh_has_pipefail() -> bool:
    """Whether the shell behind /bin/sh has this option: then its program contains the name, and no child is needed."""
    try:
        return b"pipefail" in Path("/bin/sh").read_bytes()
    except OSError:
        return False


def _of_words(words: tuple[str, ...], key: str) -> Iterator[LintWarning]:
    is_shell = len(words) > 2 and Path(words[0]).name.endswith("sh") and words[1].startswith("-")
    if not is_shell and any(VARIABLE.search(word) for word in words):
        message = "variables are not expanded in an argument list, which runs without a shell"
        yield LintWarning(LintCode.UNEXPANDED, key, message, "write the command as text: text is run by a shell")


def texts(values: object) -> Iterator[str]:
    """The texts in a value of the file."""
    if isinstance(values, str):
        yield values
    elif isinstance(values, dict | list | tuple):
        for value in values.values() if isinstance(values, dict) else values:
            yield from texts(value)


def _has_reference(values: object) -> bool:
    if isinstance(values, dict):
        return (len(values) == 1 and bool(values.keys() & {"from_env", "from_file"})) or _has_reference(
            [*values.values()]
        )
    return isinstance(values, list | tuple) and any(map(_has_reference, values))
