"""Spawns children, owns the limits they start under, and reaps, as PID 1, what others have left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
from collections.abc import Iterable, Iterator
from functools import partial

from scheduler.launch.child import Explain, Process
from scheduler.launch.command import Command
from scheduler.launch.launcher import LaunchError, Output, Stream
from scheduler.launch.pipe import Pipe
from scheduler.launch.procfs import Looks
from scheduler.launch.refusal import refusal

_PER_CHILD = 3
"""Descriptors of a live child: two pipes and its pidfd."""

_RESERVE = 64
"""Descriptors that are left to everything else."""

_SPARES = 3
"""Descriptors that Popen opens and closes: /dev/null, and the pipe by which it learns whether exec has worked."""

_ORPHAN_DELAY = 0.2


class Processes:
    """All children of this process; there is one such object in a program."""

    def __init__(self) -> None:
        self._children: set[int] = set()
        self._looks = Looks()
        self._limit, self._hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._original_limit = self._limit
        self._spares: list[int] = []
        self._orphans_due: asyncio.TimerHandle | None = None

    @property
    def most_children(self) -> int:
        """How many may live at once before descriptors run out."""
        return max(1, (self._limit - _RESERVE) // _PER_CHILD)

    @contextlib.contextmanager
    def in_charge(self) -> Iterator[None]:
        """For a daemon's life, in the main thread's running loop: all descriptors that the system grants.

        Children still start with the limit that we were given. As PID 1 it also reaps those whose parents have died.
        """
        self._limit = self._hard_limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._limit, self._hard_limit))
        self._reserve()
        loop = asyncio.get_running_loop()
        if os.getpid() == 1:
            loop.add_signal_handler(signal.SIGCHLD, self._reap_orphans)
            self._reap_orphans()
        try:
            yield
        finally:
            if os.getpid() == 1:
                loop.remove_signal_handler(signal.SIGCHLD)
            if self._orphans_due is not None:
                self._orphans_due.cancel()
            _close(self._spares)
            self._limit = self._original_limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._limit, self._hard_limit))

    def spawn(self, command: Command, output: Output, explain: Explain) -> Process:
        """Start a child on the running loop. LaunchError, and nothing left open, when that is not possible."""
        ends: list[int] = []
        try:
            _check_nice(command.nice)
            ends += os.pipe()
            ends += os.pipe()
            pid = self._popen(command, ends[1], ends[3])
        except (OSError, ValueError, MemoryError, subprocess.SubprocessError) as error:
            _close(ends)
            raise refusal(error, command) from error
        out, out_end, err, err_end = ends
        # First this, so that there are descriptors for what follows.
        _close((out_end, err_end))
        try:
            if command.nice is not None:
                # The whole group, should the child have forked already: what it forks later inherits it.
                os.setpriority(os.PRIO_PGRP, pid, command.nice)
            pidfd = os.pidfd_open(pid)
        except OSError as error:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            _close((out, err))
            raise LaunchError(f"the new process cannot be watched: {error.strerror}") from error
        self._children.add(pid)
        pipes = (Pipe(out, Stream.STDOUT, output), Pipe(err, Stream.STDERR, output))
        child = Process(pid, pidfd, pipes, output=output, looks=self._looks, explain=explain)
        child.ended.add_done_callback(lambda _: self._children.discard(pid))
        return child

    def _popen(self, command: Command, out: int, err: int) -> int:
        """Popen rather than os.posix_spawn, which is 7 % faster (0.46 against 0.49 ms for `sh -c :`) but knows neither
        directory nor user; and rather than asyncio's layer, which takes 2.9 ms and waits for the pipes to end. All
        but users and memory limits go through vfork. Closing descriptors in the child costs nothing measurable.
        """
        account, memory = command.account, command.memory_limit
        with self._original_descriptor_limit():
            process = subprocess.Popen(
                command.argv,
                executable=command.program,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=command.cwd,
                env=command.env,
                start_new_session=True,
                pass_fds=command.inherited,
                user=None if account is None else account.uid,
                group=None if account is None else account.gid,
                extra_groups=None if account is None else account.groups,
                umask=-1 if command.umask is None else command.umask,
                preexec_fn=None if memory is None else partial(_limit_memory, memory),  # noqa: PLW1509  see there
            )
        # As if it had been waited for: otherwise Popen's destructor would, and take the exit code from us.
        process.returncode = 0
        return process.pid

    @contextlib.contextmanager
    def _original_descriptor_limit(self) -> Iterator[None]:
        """A child has the limit that is in force at its fork: setting it later, from outside, would be a race.

        While it is low, Popen needs descriptors with low numbers; we have more than that open, so some are reserved.
        """
        if self._limit == self._original_limit:
            yield
            return
        _close(self._spares)
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._original_limit, self._hard_limit))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._limit, self._hard_limit))
            self._reserve()

    def _reserve(self) -> None:
        self._spares = []
        with contextlib.suppress(OSError):
            while len(self._spares) < _SPARES:
                self._spares.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))

    def _reap_orphans(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (zombie := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                if zombie.si_pid in self._children:
                    # Its exit code is for its own Process, and it hides the zombies behind it until it is reaped.
                    self._look_for_orphans_later()
                    return
                os.waitpid(zombie.si_pid, 0)

    def _look_for_orphans_later(self) -> None:
        if self._orphans_due is not None:
            self._orphans_due.cancel()
        self._orphans_due = asyncio.get_running_loop().call_later(_ORPHAN_DELAY, self._reap_orphans)


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _limit_memory(size: int) -> None:
    """Runs in the child between fork and exec.

    Other threads do not exist there, but the locks that they held do: hence one system call and nothing else.
    """
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _check_nice(nice: int | None) -> None:
    """LaunchError when we may not be so unkind. Tried on ourselves, since it may depend on capabilities and limits."""
    own = os.getpriority(os.PRIO_PROCESS, 0)
    if nice is None or nice >= own:
        return
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    except OSError as error:
        raise LaunchError(f"only root may start a job at nice {nice}; schedd itself runs at {own}") from error
    os.setpriority(os.PRIO_PROCESS, 0, own)
