"""Finds a program as a shell would, from the job's side, and says why one cannot be run."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from scheduler.launch.launcher import NOT_FOUND, NOT_RUNNABLE, LaunchError


class CommandNotFoundError(LaunchError):
    """No directory of `path` has the program."""

    def __init__(self, word: str, path: str) -> None:
        self.without_path = f"command not found: {word}"
        self.path = path
        super().__init__(f"{self.without_path}; PATH is {path}", NOT_FOUND)


def find_program(word: str, path: str, cwd: str) -> str:
    """Where a command's first word leads, absolute. LaunchError 127 when nowhere, 126 when it cannot be executed.

    A word with a slash is a path from `cwd`, and so are relative and empty entries of `path`.
    """
    if "/" in word:
        candidates = [Path(cwd, word)]
    elif word:
        candidates = [Path(cwd, folder, word) for folder in path.split(":")]
    else:
        raise LaunchError("the command is an empty word", NOT_FOUND)
    refused = None
    for candidate in candidates:
        try:
            mode = candidate.stat().st_mode
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(mode) and os.access(candidate, os.X_OK):
            return str(candidate)
        refused = refused or candidate
    if refused is not None:
        raise LaunchError(why_not_runnable(refused) or f"{refused} cannot be executed", NOT_RUNNABLE)
    if problem := directory_problem(cwd):
        raise LaunchError(problem)
    if "/" in word:
        raise _absence(candidates[0])
    raise CommandNotFoundError(word, path)


def _absence(program: Path) -> LaunchError:
    """Why a file is not visible: it does not exist, or schedd may not enter its directory."""
    try:
        program.stat()
    except PermissionError as error:
        return LaunchError(f"{program}: {error.strerror}", NOT_RUNNABLE)
    except (OSError, ValueError):
        pass
    return LaunchError(f"no such file: {program.absolute()}", NOT_FOUND)


def directory_problem(cwd: str) -> str | None:
    """Why a job cannot have this working directory, as far as schedd itself can see."""
    directory = Path(cwd)
    try:
        if directory.is_dir():
            return None
        missing = not directory.exists()
    except (OSError, ValueError) as error:
        return f"the working directory {cwd!r} cannot be used: {getattr(error, 'strerror', None) or error}"
    return f"the working directory {cwd} " + ("does not exist" if missing else "is not a directory")


def why_not_runnable(program: Path) -> str | None:
    """What keeps the kernel from executing a file that exists: its kind, mode or first line. None: nothing seen."""
    try:
        mode = program.stat().st_mode
        if stat.S_ISDIR(mode):
            return f"{program} is a directory"
        if not stat.S_ISREG(mode):
            return f"{program} is not a regular file"
        if not mode & 0o111:
            return f"{program} is not executable (mode {stat.S_IMODE(mode):03o}); try chmod +x"
        with program.open("rb") as file:
            beginning = file.read(256)
    except OSError as error:
        return f"{program}: {error.strerror}"
    if beginning.startswith(b"\x7fELF"):
        return _foreign_machine(program, beginning)
    first_line = beginning.split(b"\n")[0]
    if not first_line.startswith(b"#!"):
        return f"{program} is neither a program nor begins with a #! line"
    words = os.fsdecode(first_line[2:]).strip(" \t").split(" ", 1)
    if first_line.endswith(b"\r"):
        return f"{program} has Windows line ends (CRLF), so its interpreter is not found; save it with LF"
    try:
        Path(words[0]).stat()
    except PermissionError:
        return f"{program} names the interpreter {words[0]!r} in its first line, which schedd may not use"
    except (OSError, ValueError):
        return f"{program} names the interpreter {words[0]!r} in its first line, which does not exist"
    return None


_MACHINES = {
    3: "x86",
    8: "mips",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "x86-64",
    183: "aarch64",
    243: "riscv",
}
"""elf(5), e_machine."""

_ALSO_RUNS = {62: 3, 183: 40}
"""The older machine whose programs a kernel may run too."""


def _foreign_machine(program: Path, header: bytes) -> str | None:
    """Whether a program is for another machine architecture than this one."""
    with Path("/proc/self/exe").open("rb") as file:
        own = _machine(file.read(20))
    machine = _machine(header)
    if machine in (own, _ALSO_RUNS.get(own)) or not {machine, own} <= _MACHINES.keys():
        return None
    return f"{program} is a program for {_MACHINES[machine]}, and this machine is {_MACHINES[own]}"


def _machine(header: bytes) -> int:
    return int.from_bytes(header[18:20], "little" if header[5:6] == b"\x01" else "big")
