"""Which launcher runs which job."""

from __future__ import annotations

from scheduler.launch.launcher import Launcher
from scheduler.model.job import Job


class Launchers:
    """`local` runs processes of this machine; notifications always use it."""

    def __init__(self, local: Launcher) -> None:
        self.local = local

    def launcher_for(self, job: Job) -> Launcher:  # noqa: ARG002 - there is one kind so far
        """The launcher of a job's attempts."""
        return self.local
