"""Which launcher runs which job."""

from __future__ import annotations

from scheduler.launch.launcher import Launcher
from scheduler.model.job import Job, LauncherName


class Launchers:
    """`local` runs processes of this machine; notifications always use it. `remote` hands attempts to workers.

    `conditions` runs the commands of `run_if`; None: they are not run and count as true, as in a simulation.
    """

    def __init__(self, local: Launcher, remote: Launcher | None = None, *, simulated: bool = False) -> None:
        self.local = local
        self.conditions = None if simulated else local
        self._remote = remote

    def launcher_for(self, job: Job) -> Launcher:
        """The launcher of a job's attempts."""
        return self.local if self._remote is None or job.launcher is LauncherName.LOCAL else self._remote
