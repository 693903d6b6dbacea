"""Explains an exit in one line, where that helps."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

from scheduler.launch.account import may_enter
from scheduler.launch.launcher import NOT_FOUND, NOT_RUNNABLE, LaunchError
from scheduler.launch.process_spec import ProcessSpec
from scheduler.launch.program import directory_problem, find_program, why_not_runnable
from scheduler.model.target import Argv, Entrypoint, ShellCommand, Target
from scheduler.text import printable_bytes, size_as_written

SYNTAX_ERROR = 2
"""The exit code of a shell that cannot read its script."""

_OF_MEMORY = frozenset({signal.SIGABRT, signal.SIGTRAP, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGKILL})
"""How programs end that cannot allocate memory."""

_NO_MEMORY = rb"(?i)out of memory|outofmemory|memoryerror|cannot allocate|allocation failed|enough (space|memory)"

_TRACEBACK = b"Traceback (most recent call last):\n"
_UNINDENTED = rb"(?m)^\S.*$"
_LONGEST = 200
_PLAIN_WORD = r"\s*([\w./+-]+)(?!\S)"


def explain_exit(code: int, number: int | None, *, target: Target, path: str, cwd: str) -> Iterator[str]:
    """Sentences on an exit code, or on the signal `number`. `path` and `cwd` are where the job's programs are found."""
    if number is not None:
        yield f"killed by {_name(number)}"
    elif isinstance(target, Entrypoint):
        return  # it has said on stderr what was wrong
    elif code > 128 and isinstance(target, ShellCommand) and code - 128 in signal.valid_signals():
        yield f"{code} is how a shell reports that its command was killed by {_name(code - 128)}"
    elif code in (NOT_FOUND, NOT_RUNNABLE):
        cause = _of_program(target, path, cwd)
        if cause is None and code == NOT_FOUND:
            cause = f"a command was not found; PATH is {path}"
        yield cause or "a command exists but cannot be run: not executable, or without the interpreter it names"
    elif code == SYNTAX_ERROR and isinstance(target, ShellCommand) and (cause := _of_program(target, path, cwd)):
        yield cause  # some shells read a program that they cannot execute as a script


def explain_memory_limit(limit: int, code: int, number: int | None, stderr: bytes) -> str | None:
    """A sentence on an end that looks like too little address space, under a `memory_limit` of `limit` bytes."""
    ended_by = number if number is not None else code - 128
    if ended_by not in _OF_MEMORY and not re.search(_NO_MEMORY, stderr):
        return None
    size = size_as_written(limit)
    return f"memory_limit ({size} of address space) may be too low; node, java and go reserve far more than they use"


def explain_memory(kills: tuple[int | None, int | None]) -> str | None:
    """A sentence on a death by SIGKILL, from the cgroup's count of such deaths before the run and after it."""
    before, after = kills
    if before is None or after is None:
        return None
    if after > before:
        return "the out-of-memory killer killed a process in schedd's cgroup during this run"
    return "it was not the out-of-memory killer of schedd's cgroup"


def last_of_traceback(stderr: bytes) -> str | None:
    """The line of a Python traceback that names the exception, when `stderr` ends in one."""
    begin = stderr.rfind(_TRACEBACK)
    match = re.compile(_UNINDENTED).search(stderr, begin + len(_TRACEBACK)) if begin >= 0 else None
    return printable_bytes(match[0].rstrip()).decode()[:_LONGEST] if match else None


def _of_program(target: ShellCommand | Argv, path: str, cwd: str) -> str | None:
    """Why the program that a command begins with cannot be run, if that is so. Shells do not say it."""
    if isinstance(target, Argv):
        word = target.words[0]
    else:
        match = re.match(_PLAIN_WORD, target.text)
        if match is None:
            return None
        word = match[1]
    try:
        return why_not_runnable(Path(find_program(word, path, cwd)))
    except LaunchError as error:
        return str(error) if error.code == NOT_RUNNABLE else None


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


_LONGEST_STRING = 32 * os.sysconf("SC_PAGE_SIZE")
"""Bytes of one argument or variable with its final NUL: MAX_ARG_STRLEN of execve(2)."""


def refusal(error: Exception, command: ProcessSpec) -> LaunchError:
    """The same as a LaunchError. No value of a variable and no argument is ever part of the text."""
    if not isinstance(error, OSError):
        return LaunchError(_unusable(command) or _by_kind(error, command))
    match error.errno:
        case errno.EMFILE:
            limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            return LaunchError(f"schedd has no file descriptor left; its limit is {limit} (ulimit -n)")
        case errno.ENFILE:
            return LaunchError("the system has no file descriptor left (fs.file-max)")
        case errno.EAGAIN:
            return LaunchError("no more processes are allowed (ulimit -u, or the pids limit of the container)")
        case errno.ENOMEM:
            return LaunchError("there is not enough memory to start a process")
        case errno.E2BIG:
            return LaunchError(_too_big(command))
    if error.filename != command.program:
        return LaunchError(_before_exec(error, command))
    return of_program(error, Path(command.program))


def _by_kind(error: Exception, command: ProcessSpec) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory to start a process"
    if command.account is not None and not may_enter(command.account, command.cwd):
        return f"uid {command.account.uid} may not enter the working directory {command.cwd}"
    if command.settings.memory_limit is not None:
        return (
            f"memory_limit of {command.settings.memory_limit} bytes: above the hard limit of schedd itself (ulimit -Hv)"
        )
    return type(error).__name__


def _before_exec(error: OSError, command: ProcessSpec) -> str:
    """The child failed before it became the program: in its directory, or in becoming its user."""
    if problem := directory_problem(command.cwd):
        return problem
    if command.account is not None and error.errno == errno.EPERM:
        return f"schedd may not start a job as uid {command.account.uid}, gid {command.account.gid}"
    user = "schedd" if command.account is None else f"uid {command.account.uid}"
    return f"{user} may not enter the working directory {command.cwd}: {error.strerror}"


def of_program(error: OSError, program: Path) -> LaunchError:
    """Why the kernel refused to execute this file."""
    if error.errno == errno.ENOENT and not os.access(program, os.F_OK):
        return LaunchError(f"no such file: {program}", NOT_FOUND)
    cause = why_not_runnable(program)
    if cause is None and error.errno == errno.ENOENT:
        cause = f"{program} is there, but the loader that it asks for is not"
    return LaunchError(cause or f"{program}: {error.strerror}", NOT_RUNNABLE)


def _unusable(command: ProcessSpec) -> str | None:
    """The arguments or variables that the kernel would reject."""
    for what, text in _strings(command):
        if "\0" in text:
            return f"{what} contains a NUL byte"
        try:
            os.fsencode(text)
        except UnicodeEncodeError:
            return f"{what} contains half of a surrogate pair"
    return next((f"{name!r} cannot name a variable" for name in command.env if not name or "=" in name), None)


def _too_big(command: ProcessSpec) -> str:
    total = 0
    for what, text in _strings(command):
        size = len(os.fsencode(text)) + 1
        if size > _LONGEST_STRING:
            return f"{what} is longer than the {_LONGEST_STRING // 1024} KiB that the kernel allows"
        total += size
    return f"arguments and environment have {total // 1024} KiB together, more than the kernel allows (ulimit -s)"


def _strings(command: ProcessSpec) -> Iterator[tuple[str, str]]:
    yield "cwd", command.cwd
    for number, word in enumerate(command.argv):
        yield ("the program's name" if number == 0 else f"argument {number}"), word
    for name, value in command.env.items():
        yield f"the variable {name!r}", f"{name}={value}"
