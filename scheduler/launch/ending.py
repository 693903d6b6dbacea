"""How the processes of a run are ended: SIGTERM, a grace, SIGKILL, until none of them is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterable

from scheduler.launch.procfs import Seen, SharedScan

UNKILLABLE = 5.0
"""Seconds after SIGKILL before a process that does not go, hanging in the kernel, is left behind."""

_POLL = 0.05

Members = Callable[[Iterable[Seen]], list[Seen]]
"""Picks the live processes of a run from a scan of /proc."""


class Ending:
    """Ends the processes of one run. `leader` is the first of them, and `exited` is done when it has exited."""

    def __init__(self, leader: int, exited: asyncio.Future[None], members: Members, scans: SharedScan) -> None:
        self._leader = leader
        self._exited = exited
        self._members = members
        self._scans = scans
        self._known: dict[int, int] = {}
        """Members seen so far, pid to start: they remain members when their parents have been killed."""
        self._killed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_blind = False
        """Whether /proc shows no processes."""
        self._stops = 0
        self._task: asyncio.Task[None] | None = None

    async def stop(self, grace: float) -> bool:
        """SIGTERM, and SIGKILL after `grace` seconds. False when SIGKILL was needed, other than by `kill`."""
        self._stops += 1
        try:
            members = await self._scan()
            self._send(signal.SIGTERM, members)
            self._send(signal.SIGCONT, members)  # a process halted by SIGSTOP sees the SIGTERM only when it goes on
            if await self._gone(grace):
                if self._is_blind:  # the rest of the group is not visible, and nothing may wait for it
                    self._send(signal.SIGKILL, ())
                return True
            in_time = self._killed.done()
            await self._kill()
            return in_time
        finally:
            self._stops -= 1

    def kill(self) -> None:
        """SIGKILL now; cuts a `stop` under way short."""
        self._send(signal.SIGKILL, ())
        if not self._killed.done():
            self._killed.set_result(None)
        if not self._stops and self._task is None:
            self._task = asyncio.create_task(self._kill())

    async def _gone(self, seconds: float) -> bool:
        """Wait until no member lives; False when that takes longer, or `kill` is called."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.wait((self._exited, self._killed), return_when=asyncio.FIRST_COMPLETED)
                # Nothing announces the end of a process that is not our own child.
                while not self._killed.done() and await self._scan():  # noqa: ASYNC110
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            return False
        return not self._killed.done()

    async def _kill(self) -> None:
        if not self._killed.done():
            self._killed.set_result(None)
        self._send(signal.SIGKILL, ())
        loop = asyncio.get_running_loop()
        end = loop.time() + UNKILLABLE
        while (members := await self._scan()) and loop.time() < end:
            self._send(signal.SIGKILL, members)
            await asyncio.sleep(_POLL)
        await asyncio.shield(self._exited)
        # /proc may hide processes, or a fork may have escaped the last scan: this signal reaches the whole group.
        self._send(signal.SIGKILL, ())

    async def _scan(self) -> list[Seen]:
        seen = await self._scans.next()
        self._is_blind = not seen
        members = {process.pid: process for process in self._members(seen)}
        members |= {
            process.pid: process
            for process in seen
            if self._known.get(process.pid) == process.started and not process.dead
        }
        self._known = {process.pid: process.started for process in members.values()}
        return list(members.values())

    def _send(self, number: signal.Signals, members: Iterable[Seen]) -> None:
        """To the leader's group, which needs no scan, and to those members that are not in it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._leader, number)
        for process in members:
            if process.group != self._leader:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process.pid, number)
