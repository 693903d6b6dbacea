"""Runs that an earlier schedd has started for the same file and that still live: found, watched, ended."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from scheduler.launch.account import find_account
from scheduler.launch.ending import Ending
from scheduler.launch.launcher import LaunchError, Output
from scheduler.launch.procfs import Seen, SharedScan, command_of, environment_of, scan, with_descendants
from scheduler.model.job import Job
from scheduler.model.run import CONDITION, PLAIN_REQUEST, Exit, Launch, RunRequest, Trigger
from scheduler.model.target import Argv, Entrypoint, ShellCommand

UNKNOWN = 255
_TICK = 1 / os.sysconf("SC_CLK_TCK")

_NEARBY = 64
"""How many other processes may have been started at the same moment as the first process of a run."""

_NOTE = "started by an earlier schedd: its exit code is unknown"


class EarlierRun(msgspec.Struct, frozen=True):
    """What the environment of its process says about a run. `started` is seconds since the machine booted."""

    job: str
    run_id: str
    pid: int
    trigger: Trigger
    attempt: int
    scheduled_at: datetime
    started: float
    previous_at: datetime | None = None
    request: RunRequest = PLAIN_REQUEST
    is_retried: bool = False
    run_started_at: datetime | None = None

    def age(self) -> timedelta:
        """How long ago it was started."""
        return timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME) - self.started)

    def launcher(self) -> EarlierLauncher:
        """Watches its processes."""
        return EarlierLauncher(self)


def find_earlier(file: str, jobs: Mapping[str, Job]) -> list[EarlierRun]:
    """The live runs of an earlier schedd with this file, under whichever path, oldest first.

    Only processes of our own user and of the users of jobs are believed.
    """
    users = {os.geteuid()}
    for job in jobs.values():
        if job.process.user is not None:
            try:
                account = find_account(job.process.user, None)
            except LaunchError:
                continue
            users |= set() if account is None else {account.uid}
    found: dict[str, EarlierRun] = {}
    for process in sorted(scan(), key=lambda process: process.started):
        # The first process of a run leads its session; descendants that have the same variables do not.
        if process.pid == process.session and not process.dead and _owner(process.pid) in users:
            run = _run_of(process, file, jobs)
            if run is not None:
                found.setdefault(run.run_id, run)
    return list(found.values())


def _owner(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}").st_uid  # noqa: PTH116 - no Path for each of a thousand processes
    except OSError:
        return -1


def _runs_target(pid: int, job: Job) -> bool:
    match job.target:
        case ShellCommand(text):
            words = {text}
        case Argv(argv):
            words = set(argv[1:])
        case Entrypoint(reference):
            words = {reference}
    return words <= set(command_of(pid))


def _run_of(process: Seen, file: str, jobs: Mapping[str, Job]) -> EarlierRun | None:
    """The run whose first process this is; not that of a process that it has left in the background."""
    environment = environment_of(process.pid, b"SCHED_FILE")
    recorded = os.fsdecode(environment.get(b"SCHED_FILE", b""))
    if not recorded or (recorded != file and os.path.realpath(recorded) != os.path.realpath(file)):
        return None
    try:
        # The first process has the next pid, unless others were started at that very moment.
        later, job = process.pid - int(environment[b"SCHED_LAUNCHED"]), environment[b"SCHED_JOB"].decode()
        if later != 1 and not (1 < later <= _NEARBY and job in jobs and _runs_target(process.pid, jobs[job])):
            return None
        if environment[b"SCHED_ATTEMPT"] == b"%d" % CONDITION:
            return None
        return EarlierRun(
            job=job,
            run_id=environment[b"SCHED_RUN_ID"].decode(),
            pid=process.pid,
            trigger=Trigger(environment[b"SCHED_TRIGGER"].decode()),
            attempt=int(environment[b"SCHED_ATTEMPT"]),
            scheduled_at=datetime.fromisoformat(environment[b"SCHED_SCHEDULED_AT"].decode()).astimezone(UTC),
            started=process.started * _TICK,
        )
    except (KeyError, ValueError):
        return None


class EarlierChild:
    """The processes of an earlier run. Implements `Child`; its exit code is never known."""

    worker: str | None = None

    def __init__(self, run: EarlierRun) -> None:
        loop = asyncio.get_running_loop()
        self.place = f"pid {run.pid}"
        self.exited: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[Exit] = loop.create_future()
        self._run = run
        self._ending = Ending(run.pid, self.exited, self._members, SharedScan())
        try:
            self._pidfd = os.pidfd_open(run.pid)
        except ProcessLookupError:  # it has exited since it was found
            self._end()
        else:
            loop.add_reader(self._pidfd, self._leader_exited)

    async def stop(self, grace: float) -> None:
        await self._ending.stop(grace)

    def kill(self) -> None:
        self._ending.kill()

    def _leader_exited(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._end()

    def _end(self) -> None:
        self.exited.set_result(None)
        self.ended.set_result(Exit(UNKNOWN, notes=(_NOTE,), lost=True))

    def _members(self, seen: Iterable[Seen]) -> list[Seen]:
        seen = list(seen)
        leader, run_id = self._run.pid, self._run.run_id.encode()
        roots = [
            process
            for process in seen
            if leader in (process.session, process.group)
            or (not process.dead and environment_of(process.pid).get(b"SCHED_RUN_ID") == run_id)
        ]
        return [process for process in with_descendants(roots, seen) if not process.dead]


class EarlierLauncher:
    """Implements `Launcher` for one run: its process is there already."""

    def __init__(self, run: EarlierRun) -> None:
        self._run = run

    def launch(self, launch: Launch, output: Output) -> EarlierChild:  # noqa: ARG002 - of a Launcher
        return EarlierChild(self._run)
