"""Spawns children, owns the limits they start under, and as PID 1 reaps orphans of other processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from functools import partial

from scheduler.launch.exit_causes import refusal
from scheduler.launch.exit_watch import HAS_PIDFD, require_exit_watch, watch_exit
from scheduler.launch.family import Family, become_subreaper
from scheduler.launch.launcher import LaunchError, Output, Stream
from scheduler.launch.pipe import Pipe
from scheduler.launch.poller import make_poller
from scheduler.launch.priority import start_at
from scheduler.launch.process import Process
from scheduler.launch.process_spec import ProcessSpec

_PER_CHILD = 3
"""Descriptors of a live child: two pipes and the watch on its exit."""

_RESERVE = 64
"""Descriptors that are left to everything else."""

_ORPHAN_INTERVAL = 5.0
"""Seconds between two looks for orphans that have exited, while there are any children."""

_AS_PLACE = getattr(os, "O_PATH", os.O_RDONLY)
"""Opens a directory to go back to, where possible without the right to read it."""

_ALONE = 0.02
"""A child is one of many if another one was started at most so many seconds before."""

_ORPHAN_DELAY = 0.2
"""Seconds from the end of a child of PID 1, which may be any orphan, to a check."""


class Spawner:
    """All children of this process; there is one such object in a program. They are started while it is `in_charge`."""

    def __init__(self) -> None:
        self._family = Family()
        self._poller = make_poller()
        self._limit, self._hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._original_limit = self._limit
        self._here = self._null = self._pids = -1
        self._low: list[int] = []
        self._orphans_due: asyncio.TimerHandle | None = None
        self._last_start = 0.0
        self._prepared = False
        self._ignored: tuple[int, ...] = ()
        """Signals that Python ignores, or our parent has ignored for us: children start with the defaults."""

    @property
    def most_children(self) -> int:
        """How many may live at once before descriptors run out."""
        return max(1, (self._limit - _RESERVE) // _PER_CHILD)

    @contextlib.contextmanager
    def in_charge(self, *, of_many: bool = True) -> Iterator[None]:
        """For as long as children live, in the main thread's running loop. Orphans of theirs are adopted, and reaped.

        `of_many`: with all descriptors that the system grants. Children still start with the limit that we were given.
        """
        if not self._prepared:  # once: what takes the longest, for a worker that is in charge again for each attempt
            require_exit_watch()
            _undo_inherited()
            self._ignored = tuple(each for each in signal.valid_signals() if signal.getsignal(each) is signal.SIG_IGN)
            become_subreaper()
            self._prepared = True
        if of_many:
            self._limit = self._hard_limit
            try:
                self._limit_descriptors(self._limit)
            except (OSError, ValueError):  # macOS names no limit, and grants less
                self._limit = self._original_limit
        self._here = _open_directory()
        self._null = _open_null()
        with contextlib.suppress(OSError):
            self._pids = os.open("/proc/loadavg", os.O_RDONLY | os.O_CLOEXEC)
        if self._limit != self._original_limit:
            self._low = [_open_null() for _ in range(3)]
        loop = asyncio.get_running_loop()
        self._family.disown_children()
        if os.getpid() == 1:
            loop.add_signal_handler(signal.SIGCHLD, self._reap_orphans_in, _ORPHAN_DELAY)
            self._reap_orphans_in(_ORPHAN_DELAY)
        try:
            yield
        finally:
            if os.getpid() == 1:
                loop.remove_signal_handler(signal.SIGCHLD)
            if self._orphans_due is not None:
                self._orphans_due.cancel()
                self._orphans_due = None
            self._limit_descriptors(self._original_limit)
            self._limit = self._original_limit
            _close(each for each in (self._here, self._null, self._pids, *self._low) if each >= 0)
            self._here = self._null = self._pids = -1  # the numbers may soon be reused
            self._low = []

    def spawn(self, command: ProcessSpec, output: Output) -> Process:
        """Start a child on the running loop. LaunchError, and nothing left open, when that is not possible."""
        ends: list[int] = []
        try:
            ends += os.pipe()
            ends += os.pipe()
            out, out_end, err, err_end = ends
            simple = HAS_PIDFD and command.account is None and command.settings.memory_limit is None
            start = self._posix_spawn if simple else self._fork
            pid = start_at(command.settings.nice, lambda: start(command, out_end, err_end))
        except (OSError, ValueError, MemoryError, subprocess.SubprocessError) as error:
            _close(ends)
            raise refusal(error, command) from error
        self._yield_processor()
        # First this, so that there are descriptors for what follows.
        _close((out_end, err_end))
        if self._orphans_due is None:
            self._reap_orphans_in(_ORPHAN_INTERVAL)
        return self._watched(pid, out, err, command.run_id, output)

    def _watched(self, pid: int, out: int, err: int, run_id: str, output: Output) -> Process:
        """What has been started, watched from now on. LaunchError, and nothing left of it, when it cannot be."""
        poller = self._poller
        descriptors = [out, err]
        try:
            descriptors.append(exit_watch := watch_exit(pid))
            pipes = (Pipe(out, Stream.STDOUT, output, poller), Pipe(err, Stream.STDERR, output, poller))
            return Process(pid, exit_watch, pipes, run_id=run_id, output=output, family=self._family, poller=poller)
        except OSError as error:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            for descriptor in descriptors:
                poller.remove(descriptor)
            _close(descriptors)
            raise LaunchError(f"the new process cannot be watched: {error.strerror}") from error

    def _yield_processor(self) -> None:
        """Let a new child start to run. It may wait for this process, also when another processor is idle: 0.6 ms.

        Not when many start one after the other: they would get the processor before those that are still to be started.
        """
        now = time.monotonic()
        if now - self._last_start > _ALONE and hasattr(os, "sched_yield"):
            os.sched_yield()
        self._last_start = now

    def _posix_spawn(self, command: ProcessSpec, out: int, err: int) -> int:
        """Nearly every child is started like this: as fast as from C.

        For a thousand of `sh -c :` with their pipes a C loop takes 0.48 s, this 0.49, Popen 0.57, and Popen with a
        preexec_fn, which cannot vfork, 2.7; asyncio's own layer is slower than Popen and waits for pipes to end.
        What posix_spawn cannot set, a child inherits from us: for that one call we have its directory, its umask and
        its descriptor limit. Nothing else of ours runs meanwhile, and no thread of ours may use relative paths.
        """
        umask = None if command.settings.umask is None else os.umask(command.settings.umask)
        try:
            ends = self._lowered((self._null if command.stdin is None else command.stdin, out, err))
            self._limit_descriptors(self._original_limit)
            os.chdir(command.cwd)
            return os.posix_spawn(
                command.program,
                command.argv,
                self._marked(command.env),
                file_actions=[(os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate(ends)],
                setsid=True,
                setsigmask=(),
                setsigdef=self._ignored,
            )
        finally:
            self._take_back(umask)

    def _take_back(self, umask: int | None) -> None:
        """What a child was to inherit. Each for itself, and never raising: there is a child by now, to be watched."""
        if umask is not None:
            os.umask(umask)
        with contextlib.suppress(OSError, ValueError):
            self._limit_descriptors(self._limit)
        with contextlib.suppress(OSError):
            self._lowered((self._null, self._null, self._null))
        try:
            os.fchdir(self._here)
        except OSError:  # closed to us since: any will do that is not the job's
            with contextlib.suppress(OSError):
                os.chdir("/")

    def _marked(self, env: dict[str, str]) -> dict[str, str]:
        """With the pid that the system gave out last, by which a later schedd knows the first process of a run."""
        if self._pids >= 0:
            env["SCHED_LAUNCHED"] = os.pread(self._pids, 128, 0).split()[-1].decode()
        return env

    def _lowered(self, ends: tuple[int, int, int]) -> tuple[int, ...]:
        """The same under numbers kept for it: under a low limit, posix_spawn rejects high ones."""
        if not self._low:
            return ends
        for end, number in zip(ends, self._low, strict=True):
            os.dup2(end, number, inheritable=False)
        return tuple(self._low)

    def _fork(self, command: ProcessSpec, out: int, err: int) -> int:
        """For a job with a user or a memory limit, neither of which we could put on and take off again.

        On systems other than Linux for every job: posix_spawn cannot start a session on all of them.
        """
        account = command.account
        process = subprocess.Popen(
            command.argv,
            executable=command.program,
            stdin=subprocess.DEVNULL if command.stdin is None else command.stdin,
            stdout=out,
            stderr=err,
            cwd=command.cwd,
            env=self._marked(command.env),
            start_new_session=True,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else account.groups,
            umask=-1 if command.settings.umask is None else command.settings.umask,
            # Between fork and exec other threads do not exist, but the locks that they held do: only system calls.
            preexec_fn=partial(self._set_up_child, command),  # noqa: PLW1509
        )
        # As if it had been waited for: otherwise Popen's destructor would, and take the exit code from us.
        process.returncode = 0
        return process.pid

    def _set_up_child(self, command: ProcessSpec) -> None:
        """Runs in the child, as its user."""
        os.chdir(command.cwd)  # once more: the first time was with our own rights
        for number in self._ignored:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        self._limit_descriptors(self._original_limit)
        if (nice := command.settings.nice) is not None and not HAS_PIDFD:  # elsewhere a thread has no value of its own
            os.setpriority(os.PRIO_PROCESS, 0, nice)
        if (memory := command.settings.memory_limit) is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    def _limit_descriptors(self, soft: int) -> None:
        if self._original_limit != self._limit:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, self._hard_limit))

    def _reap_orphans_in(self, seconds: float) -> None:
        if self._orphans_due is not None:
            self._orphans_due.cancel()
        self._orphans_due = asyncio.get_running_loop().call_later(seconds, self._reap_orphans)

    def _reap_orphans(self) -> None:
        self._orphans_due = None
        if self._family.reap_orphans():
            self._reap_orphans_in(_ORPHAN_INTERVAL)


def _undo_inherited() -> None:
    """Undo what we inherited and what would disturb runs.

    Descriptors that we have inherited are not for our children. The standard ones must be open, even if our parent has
    closed them: a pipe would get such a number and be lost. With SIGCHLD ignored the kernel throws exit codes away.
    """
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc/self/fd" if HAS_PIDFD else "/dev/fd"):  # noqa: PTH208
            if int(name) > 2:
                with contextlib.suppress(OSError):  # that of the listing itself
                    os.set_inheritable(int(name), False)


def _open_directory() -> int:
    """The one that we are in, or the root when that is closed to us: in root's home, `sudo -u app schedd` is."""
    try:
        return os.open(".", _AS_PLACE | os.O_CLOEXEC)
    except OSError:
        return os.open("/", _AS_PLACE | os.O_CLOEXEC)


def _open_null() -> int:
    return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
