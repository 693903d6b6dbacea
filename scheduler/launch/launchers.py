"""Which launcher runs which job."""

from __future__ import annotations

from scheduler.launch.launcher import Launcher
from scheduler.model.job import Job, LauncherName


class Launchers:
    """`local` runs processes of this machine; notifications always use it. `remote` hands attempts to workers."""

    def __init__(self, local: Launcher, remote: Launcher | None = None) -> None:
        self.local = local
        self._remote = remote

    def launcher_for(self, job: Job) -> Launcher:
        """The launcher of a job's attempts."""
        return self.local if self._remote is None or job.launcher is LauncherName.LOCAL else self._remote
