"""Starts attempts as processes of this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from scheduler.launch.launcher import LaunchError, Output
from scheduler.launch.process import Command, Process, Processes
from scheduler.model import Argv, Launch, ShellCommand


_ENTRYPOINT = str(Path(__file__).with_name("entrypoint.py"))


class LocalLauncher:
    """Runs a job's target right here. Implements `Launcher`."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes

    async def launch(self, launch: Launch, output: Output) -> Process:
        job = launch.job
        match job.target:
            case ShellCommand(text):
                argv: tuple[str, ...] = ("/bin/sh", "-c", text)
            case Argv(words):
                argv = words
            case entry:
                argv = (entry.interpreter or sys.executable, _ENTRYPOINT, entry.reference)
        command = Command(program=argv[0], argv=argv, env=dict(os.environ), cwd=job.cwd)
        try:
            return self._processes.spawn(command, output)
        except OSError as error:
            raise LaunchError(str(error)) from error
