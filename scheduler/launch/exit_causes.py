"""What an exit means, in one line where that helps."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

from scheduler.launch.launcher import NOT_FOUND, NOT_RUNNABLE, LaunchError
from scheduler.launch.lines import printable
from scheduler.launch.program import find_program, why_not_runnable
from scheduler.model.job import Entrypoint, ShellCommand, Target

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
        yield f"{code} is how a shell tells that its command was killed by {_name(code - 128)}"
    elif code in (NOT_FOUND, NOT_RUNNABLE):
        cause = _of_first_word(target.text, path, cwd) if isinstance(target, ShellCommand) else None
        if cause is None and code == NOT_FOUND:
            cause = f"a command was not found; PATH is {path}"
        yield cause or "a command is there but cannot be run: not executable, or without the interpreter it names"


def explain_memory(kills: tuple[int | None, int | None]) -> str | None:
    """A sentence on a death by SIGKILL, from the cgroup's count of such deaths before the run and after it."""
    before, after = kills
    if before is None or after is None:
        return None
    if after > before:
        return "the kernel killed for want of memory in schedd's cgroup during this run"
    return "it was not the out-of-memory killer of schedd's cgroup"


def last_of_traceback(stderr: bytes) -> str | None:
    """The line of a Python traceback that names the exception, when `stderr` ends in one."""
    begin = stderr.rfind(_TRACEBACK)
    match = re.compile(_UNINDENTED).search(stderr, begin + len(_TRACEBACK)) if begin >= 0 else None
    return printable(match[0].rstrip()).decode()[:_LONGEST] if match else None


def _of_first_word(text: str, path: str, cwd: str) -> str | None:
    """Why the program that a command begins with cannot be run, should that be so. Shells keep it to themselves."""
    word = re.match(_PLAIN_WORD, text)
    if word is None:
        return None
    try:
        return why_not_runnable(Path(find_program(word[1], path, cwd)))
    except LaunchError as error:
        return str(error) if error.code == NOT_RUNNABLE else None


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
