"""Which processes belong to which run, also those that left its process group, its session or their parents."""

from __future__ import annotations

import contextlib
import ctypes
import os
import time
from collections.abc import Iterable, Mapping

from scheduler.launch.procfs import Seen, SharedScan, environment_of, scan, with_descendants

_PR_SET_CHILD_SUBREAPER = 36

_SCAN_INTERVAL = 1.0
"""Seconds between two scans for what normal exits have left behind, and at least 200 times as long as a scan takes."""


class Family:
    """The children of this process: the leaders of runs, which it started, and orphans of theirs, which it adopted.

    An orphan is the child of a process that has exited. Its run is known by SCHED_RUN_ID in its environment; where that
    was cleared or overwritten, it belongs to the only run that is live when the orphan is first seen.
    """

    def __init__(self) -> None:
        self._leaders: dict[int, str] = {}
        self._orphans: dict[int, str] = {}
        self._next_scan_at = 0.0
        self.scans = SharedScan()

    def disown_children(self) -> None:
        """Children that we have already belong to no run, and are reaped where they have exited.

        A script may have started them before it became schedd; a worker has what its earlier attempts left behind.
        """
        if self.reap_orphans():
            self._orphans.update({process.pid: "" for process in scan() if process.parent == os.getpid()})

    def add(self, leader: int, run_id: str) -> None:
        """A process of ours that leads the session of a run."""
        self._leaders[leader] = run_id

    def remove(self, leader: int) -> None:
        """A leader has been reaped."""
        del self._leaders[leader]

    def members(self, leader: int, run_id: str, seen: Iterable[Seen]) -> list[Seen]:
        """The live processes of a run among those of a scan: its session, their descendants, its orphans and theirs."""
        own = os.getpid()
        processes = {process.pid: process for process in seen if process.pid != own}
        roots = [
            process
            for process in processes.values()
            if leader in (process.session, process.group)
            or (process.parent == own and self._run_of(process, processes) == run_id)
        ]
        return [process for process in with_descendants(roots, processes.values()) if not process.dead]

    def left_by(self, leader: int, run_id: str) -> list[Seen]:
        """What a run has left in the background at its exit, once its leader has been waited for.

        Costs one system call when nothing else of ours is running; otherwise processes outside of the leader's group
        are searched for at most once a second.
        """
        if len(self._leaders) == 1 and self._has_no_children():
            return []
        if not _group_exists(leader) and time.monotonic() < self._next_scan_at:
            return []
        begun = time.monotonic()
        members = self.members(leader, run_id, scan())
        self._next_scan_at = time.monotonic() + max(_SCAN_INTERVAL, 200 * (time.monotonic() - begun))
        return members

    def reap_orphans(self) -> bool:
        """Reap orphans that have exited, as the kernel expects of their parent. False when there is no child at all."""
        try:
            while (zombie := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                if zombie.si_pid in self._leaders:
                    return True  # its exit code is for its own Process, and it hides the zombies behind it until then
                os.waitpid(zombie.si_pid, 0)
                self._orphans.pop(zombie.si_pid, None)
        except ChildProcessError:
            return False
        return True

    def _has_no_children(self) -> bool:
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return True
        return False

    def _run_of(self, orphan: Seen, processes: Mapping[int, Seen]) -> str:
        """The id of the run that an orphan belongs to; empty when that is not known, and for leaders."""
        if orphan.dead or orphan.pid in self._leaders:
            return ""
        run_id = self._orphans.get(orphan.pid)
        if run_id is None:
            environment = environment_of(orphan.pid)
            run_id = environment.get(b"SCHED_RUN_ID", b"").decode(errors="replace")
            # PID 1 adopts orphans of others too, and theirs have an environment.
            if not run_id and not (environment and os.getpid() == 1):
                run_id = self._only_run_since(orphan.started, processes)
            self._orphans[orphan.pid] = run_id
        return run_id

    def _only_run_since(self, started: int, processes: Mapping[int, Seen]) -> str:
        run_ids = {
            run_id
            for leader, run_id in self._leaders.items()
            if leader not in processes or processes[leader].started <= started
        }
        return run_ids.pop() if len(run_ids) == 1 else ""


def become_subreaper() -> None:
    """Become the parent of what our descendants leave behind; see prctl(2). PID 1 is it anyway."""
    with contextlib.suppress(AttributeError):  # other systems than Linux
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _group_exists(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
