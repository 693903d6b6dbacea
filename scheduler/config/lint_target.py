"""Looks for the program or the Python function of a job, without running anything."""

from __future__ import annotations

import ast
import shlex
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from scheduler.launch.environment import DEFAULT_PATH, Environment
from scheduler.launch.launcher import LaunchError
from scheduler.launch.program import directory_problem, find_program
from scheduler.model.job import Job
from scheduler.model.target import Argv, Entrypoint, ShellCommand

_SHELL_SYNTAX = set("$`(){}[]<>|&;=*?!#~\\")
_SHELL_WORDS = frozenset(
    """
    if then else elif fi for while until do done case esac in function select time { } ! [ [[ : . alias bg break cd
    command continue echo eval exec exit export false fg getopts hash jobs kill local printf pwd read readonly return
    set shift source test times trap true type ulimit umask unalias unset wait
    """.split()  # noqa: SIM905 - a table of words
)


def unresolved(job: Job, environment: Environment) -> str | None:
    """Why a run would not find its program or function; None when no reason is visible without running anything.

    `environment` is that of schedd.
    """
    if problem := directory_problem(job.cwd):
        return problem
    try:
        variables = environment.of_job(job).values
    except LaunchError:
        return None  # another warning names what is missing
    match job.target:
        case Argv(words):
            return _program(words[0], job.cwd, variables)
        case ShellCommand(text):
            word = _first_word(text)
            return _program(word, job.cwd, variables) if word else None
        case Entrypoint(reference=reference, interpreter=None):
            return _function(reference, [job.cwd, *_python_path(variables)])
        case Entrypoint(interpreter=interpreter):
            return _program(str(interpreter), job.cwd, variables)


def _program(word: str, cwd: str, variables: Mapping[str, str]) -> str | None:
    try:
        find_program(word, variables.get("PATH", DEFAULT_PATH), cwd)
    except LaunchError as error:
        return str(error)
    return None


def _first_word(text: str) -> str | None:
    """The program that a shell would start first; None when that is not obvious."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        return None
    word = words[0] if words else ""
    return None if not word or word in _SHELL_WORDS or _SHELL_SYNTAX & {*word} else word


def _python_path(variables: Mapping[str, str]) -> list[str]:
    extra = variables["PYTHONPATH"].split(":") if "PYTHONPATH" in variables else []
    return [*extra, *sys.path]


def _function(reference: str, path: list[str]) -> str | None:
    """Looks for the module without importing anything, and for the name in its source."""
    module, _, attribute = reference.partition(":")
    spec: ModuleSpec | None = None
    names = module.split(".")
    for depth in range(1, len(names) + 1):
        places = path if spec is None else [*(spec.submodule_search_locations or ())]
        spec = PathFinder.find_spec(".".join(names[:depth]), places)
        if spec is None:
            found = ".".join(names[:depth])
            return f"no module {found} in {path[0]} or on the path of schedd's Python"
    if spec is None or not spec.has_location or not str(spec.origin).endswith(".py"):
        return None
    name = attribute.partition(".")[0]
    if not _may_define(Path(str(spec.origin)), name):
        return f"{module} has no {name}"
    return None


def _may_define(file: Path, name: str) -> bool:
    """Whether the module's source may define the name."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return True
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=defined) | ast.AsyncFunctionDef(name=defined) | ast.ClassDef(name=defined):
                if defined in {name, "__getattr__"}:
                    return True
            case ast.alias(name=imported, asname=alias):
                if imported == "*" or name in {alias, imported.partition(".")[0]}:
                    return True
            case ast.Name(id=assigned, ctx=ast.Store()):
                if assigned == name:
                    return True
    return False
