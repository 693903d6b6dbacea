"""Starts attempts as processes of this machine."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from scheduler.launch.account import find_account
from scheduler.launch.environment import DEFAULT_PATH, Environment
from scheduler.launch.exit_causes import explain_exit, explain_memory, last_of_traceback
from scheduler.launch.launcher import LaunchError, Output
from scheduler.launch.oom import OomKills
from scheduler.launch.process import Explain, Process
from scheduler.launch.process_spec import ProcessSpec
from scheduler.launch.program import find_program
from scheduler.launch.spawner import Spawner
from scheduler.model.run import Launch
from scheduler.model.target import Argv, Entrypoint, ShellCommand, Target

_ENTRYPOINT = str(Path(__file__).with_name("entrypoint.py"))

_KILLED = 128 + signal.SIGKILL


class LocalLauncher:
    """Runs a job's target right here, in the environment that this process has now. Implements `Launcher`."""

    def __init__(self, processes: Spawner) -> None:
        self._processes = processes
        self._environment = Environment(os.environ)
        self._oom_kills = OomKills()

    async def launch(self, launch: Launch, output: Output) -> Process:
        job = launch.job
        env = self._environment.of_run(launch)
        path = env.get("PATH", DEFAULT_PATH)
        opened: list[int] = []
        try:
            stdin = _in_memory(launch.stdin, opened)
            arguments = _in_memory(_arguments(job.target), opened)
            argv = _argv(job.target, arguments)
            command = ProcessSpec(
                program=argv[0] if isinstance(job.target, ShellCommand) else find_program(argv[0], path, job.cwd),
                argv=argv,
                env=env,
                cwd=job.cwd,
                account=find_account(job.user, job.group),
                umask=job.umask,
                nice=job.nice,
                memory_limit=job.memory_limit,
                inherited=() if arguments is None else (arguments,),
                stdin=stdin,
            )
            child = self._processes.spawn(command, output)
        finally:
            for descriptor in opened:
                os.close(descriptor)
        child.explain = self._explain(job.target, path, job.cwd)
        return child

    def _explain(self, target: Target, path: str, cwd: str) -> Explain:
        """Made once the child has been started: to look at the kernel's counter takes a third as long as the start."""
        kills_before = self._oom_kills.lately(asyncio.get_running_loop().time())

        def explain(code: int, number: int | None, stderr: bytes) -> Iterator[str]:
            yield from explain_exit(code, number, target=target, path=path, cwd=cwd)
            if code == _KILLED and (memory := explain_memory((kills_before, self._oom_kills.count()))):
                yield memory
            if code != 0 and (exception := last_of_traceback(stderr)):
                yield exception

        return explain


def _argv(target: Target, arguments: int | None) -> tuple[str, ...]:
    match target:
        case ShellCommand(text):
            return ("/bin/sh", "-c", text)
        case Argv(words):
            return words
        case Entrypoint():
            words = (target.interpreter or sys.executable, _ENTRYPOINT, target.reference)
            return words if arguments is None else (*words, str(arguments))


def _arguments(target: Target) -> bytes:
    """An entrypoint's, for a descriptor that the child inherits.

    They may be secret and of any length, and so belong neither on the command line nor in the environment.
    """
    if isinstance(target, Entrypoint) and (target.args or target.kwargs):
        return msgspec.json.encode((target.args, target.kwargs))
    return b""


def _in_memory(content: bytes, opened: list[int]) -> int | None:
    """A file that exists in memory only, open at its beginning; None when there is nothing to put into it.

    Its descriptor is added to `opened`, also when it cannot be filled: the caller closes it.
    """
    if not content:
        return None
    try:
        descriptor = os.memfd_create("input")
    except OSError as error:
        raise LaunchError(f"what the process is to read cannot be handed over: {error.strerror}") from error
    opened.append(descriptor)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
