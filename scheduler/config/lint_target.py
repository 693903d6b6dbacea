"""Looks for the program or the Python function of a job, without running it."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterator, Mapping

from scheduler.config.python_source import argument_problem, function_problem, spec_of, syntax_problem
from scheduler.config.recipients import LISTS
from scheduler.launch.environment import DEFAULT_PATH, Environment
from scheduler.launch.interpreter_path import ask_search_path, guess_search_path
from scheduler.launch.launcher import LaunchError
from scheduler.launch.program import CommandNotFoundError, find_program
from scheduler.model.job import Accepts, Job, LauncherName
from scheduler.model.recipient import CommandRecipient
from scheduler.model.target import Argv, Entrypoint, ShellCommand

_SHELL_SYNTAX = set("$`(){}[]<>|&;=*?!#~\\")
_SHELL_WORDS = frozenset(
    """
    if then else elif fi for while until do done case esac in function select time { } ! [ [[ : . alias bg break cd
    command continue echo eval exec exit export false fg getopts hash jobs kill local printf pwd read readonly return
    set shift source test times trap true type ulimit umask unalias unset wait
    declare let mapfile popd pushd readarray shopt typeset
    """.split()  # noqa: SIM905 - a table of words
)


class TargetCheck:
    """Looks for what jobs run.

    `environment` is that of schedd. With `run_interpreters`, the interpreters of jobs are asked where they look for
    modules; without, only what is in the job's directory, on PYTHONPATH and in a virtual environment is known, and the
    jobs about which nothing can be said are in `not_checked`.
    """

    def __init__(self, environment: Environment, *, run_interpreters: bool = False) -> None:
        self._environment = environment
        self._run_interpreters = run_interpreters
        self._paths: dict[tuple[str, str, str], list[str]] = {}
        self._shown_paths: set[str] = set()
        self.not_checked: list[str] = []

    def problem(self, job: Job) -> str | None:
        """Why a run would not find its program or function; None when no reason is visible."""
        try:
            variables = self._environment.of_job(job).values
        except LaunchError:
            return None  # another warning names what is missing
        match job.target:
            case Argv() | ShellCommand() as command:
                return next(self._command_problems(command, job.cwd, variables), None)
            case Entrypoint(reference, interpreter=interpreter, setup=setup):
                functions = [reference] if setup is None else [setup, reference]
                problems = (self._function(each, job, interpreter, variables) for each in functions)
        return next(filter(None, problems), None)

    def argument_problem(self, job: Job) -> tuple[str, str] | None:
        """The key of the arguments that its function does not accept or lacks, and why; None when none is visible."""
        if not isinstance(job.target, Entrypoint):
            return None
        with contextlib.suppress(LaunchError):
            target, variables = job.target, self._environment.of_job(job).values
            path = [job.cwd, *_python_path(variables)]
            if target.setup is not None and (problem := argument_problem(target.setup, (), {}, path)):
                return "setup", f"setup is called without arguments: {problem[1].partition(';')[0]}"
            may_get_more = bool({Accepts.ARGS, Accepts.KWARGS} & {*job.accepts})
            return argument_problem(target.reference, target.args, target.kwargs, path, may_get_more=may_get_more)
        return None

    def further_problems(self, job: Job) -> Iterator[tuple[str, str]]:
        """The keys of other commands that would not be found, `run_if` and recipients, each with the reason."""
        with contextlib.suppress(LaunchError):
            variables = self._environment.of_job(job).values
            if job.run_if is not None and (
                missing := next(self._command_problems(job.run_if, job.cwd, variables), None)
            ):
                yield "run_if", missing
            for key in sorted(LISTS):
                for recipient in getattr(job, key):
                    if isinstance(recipient, CommandRecipient) and (
                        problem := next(self._command_problems(recipient.target, job.cwd, variables), None)
                    ):
                        yield key, problem

    def _command_problems(self, command: Argv | ShellCommand, cwd: str, variables: Mapping[str, str]) -> Iterator[str]:
        if isinstance(command, ShellCommand) and (problem := self._program_problem(command.shell[0], cwd, variables)):
            yield f"shell: {problem}"
        word = command.words[0] if isinstance(command, Argv) else _first_word(command.text)
        if word is not None and (problem := self._program_problem(word, cwd, variables)):
            yield problem

    def _program_problem(self, word: str, cwd: str, variables: Mapping[str, str]) -> str | None:
        try:
            find_program(word, variables.get("PATH", DEFAULT_PATH), cwd)
        except CommandNotFoundError as error:
            is_new = error.path not in self._shown_paths
            self._shown_paths.add(error.path)
            return str(error) if is_new else error.without_path
        except LaunchError as error:
            return str(error)
        return None

    def _function(self, reference: str, job: Job, interpreter: str | None, variables: Mapping[str, str]) -> str | None:
        if interpreter is not None:
            return self._with_interpreter(job, reference, interpreter, variables)
        path = [job.cwd, *_python_path(variables), *sys.path]
        # A worker may have another version of Python.
        is_here = job.launcher is not LauncherName.CELERY
        broken = syntax_problem(reference.partition(":")[0], path) if is_here else None
        return broken or function_problem(reference, path) or _missing_module(reference, path, "schedd's Python")

    def _with_interpreter(self, job: Job, reference: str, interpreter: str, variables: Mapping[str, str]) -> str | None:
        try:
            program = find_program(interpreter, variables.get("PATH", DEFAULT_PATH), job.cwd)
        except LaunchError as error:
            return str(error)
        path = [job.cwd, *_python_path(variables)]
        if self._run_interpreters:
            key = (program, job.cwd, variables.get("PYTHONPATH", ""))
            try:
                if key not in self._paths:
                    self._paths[key] = ask_search_path(program, job.cwd, variables)
            except LaunchError as error:
                return str(error)
            path += self._paths[key]
            return function_problem(reference, path) or _missing_module(reference, path, interpreter)
        path += guess_search_path(program)
        if reference.partition(":")[0].partition(".")[0] in sys.stdlib_module_names:
            return None
        if missing := _missing_module(reference, path, interpreter):
            package = spec_of(reference.partition(":")[0].partition(".")[0], [job.cwd])
            if package is not None and package.origin is not None:
                return missing  # the job's directory comes first, so no other path has the rest of this package
            self.not_checked.append(job.name)
            return None
        return function_problem(reference, path)


def _first_word(text: str) -> str | None:
    """The program that a shell would start first; None when that is not obvious."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        return None
    word = words[0] if words else ""
    return None if not word or word in _SHELL_WORDS or _SHELL_SYNTAX & {*word} else word


def _python_path(variables: Mapping[str, str]) -> list[str]:
    return variables["PYTHONPATH"].split(":") if "PYTHONPATH" in variables else []


def _missing_module(reference: str, path: list[str], python: str) -> str | None:
    """The first part of the module that is not on the path."""
    names = reference.partition(":")[0].split(".")
    for depth in range(1, len(names) + 1):
        name = ".".join(names[:depth])
        if name in sys.modules and names[0] in sys.stdlib_module_names:
            continue  # os.path is not a file
        if spec_of(name, path) is None:
            return f"no module {name} in {path[0]} or on the path of {python}"
    return None
