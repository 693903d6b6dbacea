"""Starts attempts as processes of this machine."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import msgspec

from scheduler.launch.account import find_account
from scheduler.launch.environment import DEFAULT_PATH, Environment
from scheduler.launch.exit_causes import explain_exit, explain_memory, explain_memory_limit, last_of_traceback
from scheduler.launch.launcher import LaunchError, Output
from scheduler.launch.oom import OomKills
from scheduler.launch.process import Explain, Process
from scheduler.launch.process_spec import ProcessSpec
from scheduler.launch.program import find_program
from scheduler.launch.returned_value import WithoutReturnedValue, returned
from scheduler.launch.spawner import Spawner
from scheduler.model.job import Job
from scheduler.model.run import Launch
from scheduler.model.target import DEFAULT_SHELL, Argv, Entrypoint, ShellCommand, Target, with_arguments

_ENTRYPOINT = str(Path(__file__).with_name("entrypoint.py"))

_NOTHING = nullcontext()

_KILLED = 128 + signal.SIGKILL


class LocalLauncher:
    """Runs a job's target here, with what `environment` (this process's own) has for it. Implements `Launcher`."""

    def __init__(self, processes: Spawner, environment: Environment | None = None) -> None:
        self._processes = processes
        self._environment = environment or Environment(os.environ)
        self._oom_kills = OomKills()

    def launch(self, launch: Launch, output: Output) -> Process:
        job = launch.job
        env = self._environment.of_run(launch)
        path = env.get("PATH", DEFAULT_PATH)
        target = with_arguments(job.target, launch.args, launch.kwargs)
        argv, stdin = _command(target)
        content = stdin + launch.stdin
        with _in_memory(content) if content else _NOTHING as readable:
            spec = ProcessSpec(
                run_id=launch.run_id,
                program=argv[0] if argv[0] == DEFAULT_SHELL[0] else find_program(argv[0], path, job.cwd),
                argv=argv,
                env=env,
                cwd=job.cwd,
                account=find_account(job.process.user, job.process.group),
                settings=job.process,
                stdin=readable,
            )
            if isinstance(target, Entrypoint):
                output = WithoutReturnedValue(output)
            child = self._processes.spawn(spec, output)
        child.explain = self._explain(target, path, job)
        return child

    def _explain(self, target: Target, path: str, job: Job) -> Explain:
        """Made once the child has been started: to look at the kernel's counter takes a third as long as the start."""
        kills_before = self._oom_kills.lately(asyncio.get_running_loop().time())

        def explain(code: int, number: int | None, stderr: bytes) -> Iterator[str]:
            yield from explain_exit(code, number, target=target, path=path, cwd=job.cwd)
            limit = job.process.memory_limit
            if code != 0 and limit is not None and (memory := explain_memory_limit(limit, code, number, stderr)):
                yield memory
            if code == _KILLED and (memory := explain_memory((kills_before, self._oom_kills.count()))):
                yield memory
            if code != 0 and (exception := last_of_traceback(stderr)):
                yield exception
            if code == 0 and isinstance(target, Entrypoint) and (value := returned(stderr)):
                yield value

        return explain


def _command(target: Target) -> tuple[tuple[str, ...], bytes]:
    """The program with its arguments, and what it reads on stdin before anything else.

    The arguments of a Python function may be secret and of any length, and so belong neither on the command line nor in
    the environment.
    """
    match target:
        case ShellCommand(text, args, shell):
            return (*shell, text, *((shell[0], *args) if args else ())), b""
        case Argv(words):
            return words, b""
        case Entrypoint():
            words = (target.interpreter or sys.executable, _ENTRYPOINT, target.reference)
            setup = () if target.setup is None else (f"--setup={target.setup}",)
            if not target.args and not target.kwargs:
                return (*words, *setup), b""
            return (*words, "-", *setup), msgspec.json.encode((target.args, target.kwargs)) + b"\n"


def _file_without_name() -> int:
    """In memory where the system can do that, else a file that is removed already."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("stdin")
    import tempfile  # noqa: PLC0415 - costs 3 ms, and Linux has memfd_create

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


@contextmanager
def _in_memory(content: bytes) -> Iterator[int]:
    """A file without a name, open at its beginning."""
    try:
        descriptor = _file_without_name()
    except OSError as error:
        raise LaunchError(f"cannot create the file that the process reads on stdin: {error.strerror}") from error
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
