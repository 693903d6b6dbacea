"""The only owner of spawning, signalling and reaping: children of this process, each leading its own session."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
from collections.abc import Callable, Iterable

import msgspec

from scheduler.launch.launcher import Output, Stream
from scheduler.launch.pipe import Pipe
from scheduler.launch.procfs import Looks, Seen, holder_of, look
from scheduler.model import Exit

DRAIN = 0.2
"""Seconds that output may still come after a child's exit before its pipes are closed on whoever holds them."""

_POLL = 0.02
_ORPHAN_SWEEP = 1.0


class Account(msgspec.Struct, frozen=True):
    """Whom a child runs as; `groups` are the supplementary ones."""

    uid: int
    gid: int
    groups: tuple[int, ...]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What the kernel is asked to run. `program` is a path, from `cwd` when relative; `nice` is absolute.

    `inherited` are descriptors that the child keeps under the same numbers.
    """

    program: str
    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    account: Account | None = None
    umask: int | None = None
    nice: int | None = None
    memory_limit: int | None = None
    inherited: tuple[int, ...] = ()


class Process:
    """A started child. Implements `Child`.

    The leader stays unreaped until its group has been dealt with: as long as it is a zombie the kernel gives its id
    to nobody, and a signal to the group can meet no stranger.
    """

    def __init__(
        self, pid: int, pidfd: int, pipes: tuple[int, int], output: Output, looks: Looks, on_end: Callable[[int], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        self.pid = pid
        self.ended: asyncio.Future[Exit] = loop.create_future()
        self._pidfd = pidfd
        self._output = output
        self._looks = looks
        self._on_end = on_end
        self._exited = asyncio.Event()
        self._silent = asyncio.Event()
        self._calm = asyncio.Event()
        self._calm.set()
        self._stops = 0
        self._notes: list[str] = []
        self._winding_down: asyncio.Task[None] | None = None
        self._pipes = [
            Pipe(descriptor, stream, output, self._pipe_ended)
            for descriptor, stream in zip(pipes, (Stream.STDOUT, Stream.STDERR), strict=True)
        ]
        loop.add_reader(pidfd, self._leader_exited)

    async def stop(self, grace: float) -> None:
        if self.ended.done():
            return
        self._stops += 1
        self._calm.clear()
        try:
            self._signal(signal.SIGTERM)
            # A stopped (SIGSTOP) process sees the TERM only when it goes on.
            self._signal(signal.SIGCONT)
            if not await self._group_gone(grace):
                self.kill()
                await self._group_gone(None)
        finally:
            self._stops -= 1
            if not self._stops:
                self._calm.set()
        await asyncio.shield(self.ended)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    async def _group_gone(self, seconds: float | None) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._exited.wait()
                while any(not process.dead for process in self._group(await self._looks.next())):
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            return False
        return True

    def _group(self, seen: Iterable[Seen]) -> list[Seen]:
        return [process for process in seen if process.group == self.pid]

    def _leader_exited(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._exited.set()
        self._winding_down = asyncio.create_task(self._wind_down())

    def _pipe_ended(self) -> None:
        if not any(pipe.open for pipe in self._pipes):
            self._silent.set()

    async def _wind_down(self) -> None:
        await self._calm.wait()
        await self._drain()
        await self._calm.wait()
        self._output.close()
        _, status, usage = os.wait4(self.pid, 0)
        os.close(self._pidfd)
        self._note_background()
        self._on_end(self.pid)
        code = os.waitstatus_to_exitcode(status)
        self.ended.set_result(
            Exit(
                code=code if code >= 0 else 128 - code,
                signal=-code if code < 0 else None,
                max_rss=usage.ru_maxrss * 1024,
                cpu_seconds=usage.ru_utime + usage.ru_stime,
                notes=tuple(self._notes),
            )
        )

    async def _drain(self) -> None:
        """Read what the child has left behind; then let go of a pipe that something else still holds."""
        for pipe in self._pipes:
            pipe.read_now()
        while not self._silent.is_set():
            if full := self._output.full():
                await asyncio.wait([full])
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRAIN):
                    await self._silent.wait()
            if self._output.full() is None:
                break
        held = [pipe for pipe in self._pipes if pipe.open]
        if held:
            self._note_holder(held[0])
        for pipe in held:
            pipe.read_now()
            pipe.close()

    def _note_holder(self, pipe: Pipe) -> None:
        seen = look()
        seen.sort(key=lambda process: process.group != self.pid)
        holder = holder_of(pipe.descriptor, seen)
        who = f"pid {holder.pid} ({holder.name})" if holder else "another process"
        self._notes.append(f"{who} still holds the output")

    def _note_background(self) -> None:
        """Call after reaping: then the group exists only if something else is in it."""
        try:
            os.killpg(self.pid, 0)
        except OSError:
            return
        left = [f"{process.pid} ({process.name})" for process in self._group(look()) if not process.dead]
        if left:
            self._notes.append(f"left running in the background: {', '.join(left[:5])}")


class Processes:
    """All children of this process. One object in a program."""

    def __init__(self) -> None:
        self._children: dict[int, Process] = {}
        self._looks = Looks()
        self._original_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._spares: list[int] = []

    def spawn(self, command: Command, output: Output) -> Process:
        """Start a child. OSError or ValueError when that is not possible; nothing is left open then."""
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        os.set_blocking(out, False)
        os.set_blocking(err, False)
        process = subprocess.Popen(
            command.argv,
            executable=command.program,
            stdin=subprocess.DEVNULL,
            stdout=out_end,
            stderr=err_end,
            cwd=command.cwd,
            env=command.env,
            start_new_session=True,
            pass_fds=command.inherited,
        )
        pid = process.pid
        process.returncode = 0
        os.close(out_end)
        os.close(err_end)
        child = Process(pid, os.pidfd_open(pid), (out, err), output, self._looks, self._forget)
        self._children[pid] = child
        return child

    def _forget(self, pid: int) -> None:
        del self._children[pid]
