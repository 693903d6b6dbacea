"""One started child: its processes, its pipes, its exit."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Callable, Iterable
from functools import partial

from scheduler.launch.ending import Ending
from scheduler.launch.exit_watch import HAS_PIDFD
from scheduler.launch.family import Family
from scheduler.launch.launcher import Output
from scheduler.launch.pipe import Pipe
from scheduler.launch.poller import Poller
from scheduler.launch.procfs import Seen, holder_of, scan
from scheduler.model.run import Exit

DRAIN = 0.2
"""Seconds of output after a child's exit; then its pipes are closed, also if another process holds them."""

_MOST_NAMED = 5

Explain = Callable[[int, int | None, bytes], Iterable[str]]
"""Sentences about an exit, from its code, its signal and the latest bytes of stderr."""


class Process:
    """A started child. Implements `Child`.

    The leader stays unreaped until its processes have been dealt with: while it is a zombie the kernel gives its id to
    no other process, and a signal to its group cannot hit a stranger.
    """

    worker: str | None = None

    def __init__(
        self,
        pid: int,
        exit_watch: int,
        pipes: tuple[Pipe, Pipe],
        *,
        run_id: str,
        output: Output,
        family: Family,
        poller: Poller,
    ) -> None:
        self.place = f"pid {pid}"
        self.pid = pid
        self.exited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self.explain: Explain = _no_explanation
        self._run_id = run_id
        self._exit_watch = exit_watch
        self._pipes = pipes
        self._output = output
        self._family = family
        self._poller = poller
        self._stops = 0
        self._calm = asyncio.Event()  # no stop is under way
        self._calm.set()
        self._ending: Ending | None = None
        self._holder: Seen | None = None
        self._notes: list[str] = []
        self._task: asyncio.Task[None] | None = None
        poller.add(exit_watch, self._leader_exited)
        family.add(pid, run_id)

    async def stop(self, grace: float) -> None:
        if self.ended.done():
            return
        self._stops += 1
        self._calm.clear()
        try:
            if not await self._end().stop(grace):
                self._notes.append(f"did not end within {grace:g}s of SIGTERM and was killed")
        finally:
            self._stops -= 1
            if not self._stops:
                self._calm.set()
        await asyncio.shield(self.ended)

    def kill(self) -> None:
        if not self.ended.done():
            self._end().kill()

    def _end(self) -> Ending:
        if self._ending is None:
            members = partial(self._family.members, self.pid, self._run_id)
            self._ending = Ending(self.pid, self.exited, members, self._family.scans)
        return self._ending

    def _leader_exited(self) -> None:
        self._poller.remove(self._exit_watch)
        self.exited.set_result(None)
        self._read_now()
        if self._calm.is_set() and not self._held():
            self._reap()  # as nearly always: nothing to wait for
        else:
            self._task = asyncio.create_task(self._wind_down())

    async def _wind_down(self) -> None:
        await self._calm.wait()
        await self._drain()
        await self._calm.wait()
        self._reap()

    def _reap(self) -> None:
        self._output.close()
        _, status, usage = os.wait4(self.pid, 0)  # does not block: its exit was announced, so the leader is a zombie
        os.close(self._exit_watch)
        self._note_background()
        self._family.remove(self.pid)
        result = os.waitstatus_to_exitcode(status)
        number = -result if result < 0 else None
        code = result if number is None else 128 + number
        if self._ending is None:
            self._explain(code, number)
        self.ended.set_result(
            Exit(
                code=code,
                signal=number,
                max_rss=_peak_memory(usage.ru_maxrss),
                cpu_seconds=usage.ru_utime + usage.ru_stime,
                notes=tuple(self._notes),
            )
        )

    def _explain(self, code: int, number: int | None) -> None:
        try:
            self._notes.extend(self.explain(code, number, self._pipes[1].end))
        except Exception as bug:  # must not keep the run from ending
            context = {"message": "explaining an exit failed", "exception": bug}
            asyncio.get_running_loop().call_exception_handler(context)

    async def _drain(self) -> None:
        """Read what the child has left in its pipes, and what comes shortly after; then close those still held.

        A full log is waited for with a pipe that holds something, and only until that has been read.
        """
        await self._empty()
        if held := self._held():
            await asyncio.wait([pipe.closed for pipe in held], timeout=DRAIN)
            await self._empty()
        if held := self._held():
            self._note_holder(held[0])
            self._read_now()
        for pipe in self._pipes:
            pipe.close()

    async def _empty(self) -> None:
        for pipe in self._pipes:
            await pipe.empty()

    def _read_now(self) -> None:
        for pipe in self._pipes:
            pipe.read_now()

    def _held(self) -> list[Pipe]:
        """The pipes that a process can still write to."""
        return [pipe for pipe in self._pipes if not pipe.closed.done()]

    def _note_holder(self, pipe: Pipe) -> None:
        """Most likely it is of the same group, so that is searched first."""
        holder = holder_of(pipe.descriptor, sorted(scan(), key=lambda process: process.group != self.pid))
        who = "another process" if holder is None else str(holder)
        self._holder = holder
        self._notes.append(f"{who} still holds the output; what it writes from now on is lost")

    def _note_background(self) -> None:
        if left := [process for process in self._family.left_by(self.pid, self._run_id) if process != self._holder]:
            more = ", …" if len(left) > _MOST_NAMED else ""
            self._notes.append(f"left in the background: {', '.join(map(str, left[:_MOST_NAMED]))}{more}")


def _no_explanation(_code: int, _signal: int | None, _stderr: bytes) -> Iterable[str]:
    return ()


def _peak_memory(kibibytes: int) -> int | None:
    """The peak of a reaped child in bytes; None when it was below our own, and where the unit is not that of Linux.

    A child is started in our memory (vfork) and the kernel counts that as its own first peak, 26 MB for `true`:
    wait4 returns the greater of the two.
    """
    return kibibytes * 1024 if HAS_PIDFD and kibibytes > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss else None
