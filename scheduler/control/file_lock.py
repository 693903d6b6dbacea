"""The lock that keeps a second schedd off the same schedule file.

It is taken on files in the private directories of the user, since everybody who can read the schedule file can lock
that. The schedule file is locked as well, to show other users who manages it; there, only a lock of the same user, of
root or of the file's owner keeps schedd from starting. Containers share the file and not those directories, and none
sees the processes of another: there a lock counts where only schedd's own user and group can read the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Collection

import msgspec

from scheduler.control.private_directory import make_private, names, private_directories, verify_private
from scheduler.errors import AlreadyRunningError

_INITIAL_PID_NAMESPACE = "pid:[4026531836]"
"""Of the machine itself; see PROC_PID_INIT_INO in the kernel. From there every process is visible."""

BLINK = 0.3
"""Seconds. A schedctl that checks a lock holds it itself for a moment; a schedd waits that long."""

LONG_BLINK = 5.0
"""Seconds that it waits while the lock names no schedd, since on a busy machine such a moment may be long."""


class Holder(msgspec.Struct, frozen=True):
    """The process that manages a schedule file."""

    pid: int
    uid: int
    gid: int

    def __str__(self) -> str:
        return f"schedd with pid {self.pid}"


class FileLock:
    """The locks by which a schedd owns a schedule file. They end with the process, however that ends."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self._locks: dict[str, int] = {}
        self._mark: int | None = None
        self.locked_from_outside = False
        """Whether a process that is not visible here has locked the file: another schedd, or whoever can read it."""

    def acquire(self) -> None:
        """Take the locks; called again at a reload, they move on to the file that now has the path.

        AlreadyRunningError when another schedd has them. OSError when nothing could be locked.
        """
        wanted, problems = _lock_files(self.path, make=True)
        before = dict(self._locks)
        try:
            for lock in wanted:
                if lock not in before:
                    try:
                        self._locks[lock] = _lock(lock, self.path)
                    except OSError as error:  # a file system without locks
                        problems.append(str(error))
            self._mark_file()
        except AlreadyRunningError:
            self._keep(before)
            raise
        self._keep(wanted)
        if not self._locks and self._mark is None:
            raise OSError("; ".join(problems))

    def release(self) -> None:
        """Release the locks; nothing when none is held."""
        while self._locks:
            _unlock(*self._locks.popitem())
        if self._mark is not None:
            os.close(self._mark)
            self._mark = None

    def _keep(self, locks: Collection[str]) -> None:
        for lock in set(self._locks).difference(locks):
            _unlock(lock, self._locks.pop(lock))

    def _mark_file(self) -> None:
        """Lock the schedule file itself, unless a user whose lock does not count has locked it."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # it may have become a FIFO
        except OSError:
            return
        old = self._mark
        if old is not None and os.path.sameopenfile(fd, old):
            os.close(fd)
            return
        self.locked_from_outside = False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            about = os.fstat(fd)
            os.close(fd)
            other = _marker(self.path)
            if other is not None and other.uid in {os.geteuid(), 0, about.st_uid}:
                raise AlreadyRunningError(f"{self.path} is already managed by {other}") from None
            self.locked_from_outside = other is None and _is_in_container()
            if self.locked_from_outside and _is_private(about):
                message = f"{self.path} is already managed by a schedd outside of this container"
                raise AlreadyRunningError(message) from None
            return
        self._mark = fd
        if old is not None:
            os.close(old)


def holder(path: str) -> Holder | None:
    """The process that manages this file, as far as this user and this pid namespace can see it."""
    for lock in _lock_files(path, make=False)[0]:
        with contextlib.suppress(FileNotFoundError, PermissionError), open(lock, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: any number of schedctl may check at once
            except BlockingIOError:
                return _ourselves(file.fileno())
    return _marker(path)


def _lock_files(path: str, *, make: bool) -> tuple[list[str], list[str]]:
    """The locks of a schedule file: in every usable directory, since two shells may differ in XDG_RUNTIME_DIR.

    Also why other directories are not usable. With `make` they are created.
    """
    found, problems = [], []
    for directory in private_directories(os.geteuid()):
        try:
            if make:
                make_private(directory)
            else:
                verify_private(directory, os.geteuid())
        except OSError as error:
            problems.append(f"{directory}: {error.strerror or error}")
        else:
            found += [os.path.join(directory, f"{name}.lock") for name in names(path)]
    return found, problems


def _lock(lock: str, path: str) -> int:
    begun = time.monotonic()
    while True:
        fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.exists(lock) and os.path.samestat(os.stat(lock), os.fstat(fd)):  # else its holder removed it
                os.ftruncate(fd, 0)
                os.pwrite(fd, str(os.getpid()).encode(), 0)
                return fd
        except BlockingIOError:
            other = _ourselves(fd)
            if time.monotonic() > begun + (BLINK if other.pid else LONG_BLINK):
                os.close(fd)
                raise AlreadyRunningError(f"{path} is already managed by {other}") from None
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
        time.sleep(0.02)


def _unlock(lock: str, fd: int) -> None:
    with contextlib.suppress(OSError):
        os.unlink(lock)
    os.close(fd)


def _ourselves(fd: int) -> Holder:
    """A schedd of the same user, by the pid that it has written into its lock."""
    content = os.pread(fd, 20, 0)
    return Holder(int(content) if content.isdigit() else 0, os.geteuid(), os.getegid())


def _marker(path: str) -> Holder | None:
    """The process that has locked the schedule file itself, with its user, from /proc."""
    try:
        about = os.stat(path)
        with open("/proc/locks", encoding="ascii") as locks:
            lines = [line.split() for line in locks if "FLOCK" in line and " WRITE " in line]
    except OSError:
        return None
    held = [fields for fields in lines if len(fields) > 5]
    inode = str(about.st_ino)
    same = [fields for fields in held if fields[5].rpartition(":")[2] == inode]
    # On overlay and btrfs the device that stat names is not the one the kernel prints, so it only settles a draw.
    device = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{inode}"
    same.sort(key=lambda fields: fields[5] != device)
    for fields in same:
        with contextlib.suppress(OSError):  # it has ended: a child of it has the lock, which no child of schedd has
            return _process(int(fields[4]))
    return _marker_of_replaced(path, {int(fields[4]) for fields in held})


def _marker_of_replaced(path: str, pids: Collection[int]) -> Holder | None:
    """Which of these processes has open a file that had this path before it was replaced; only root can see that.

    `install`, `sed -i` and editors replace a file. A schedd locks the new one at its next reload.
    """
    if os.geteuid() != 0:
        return None
    gone = f"{os.path.realpath(path)} (deleted)"
    for pid in set(pids) - {os.getpid()}:
        with contextlib.suppress(OSError):  # it ends
            for fd in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{fd}") == gone:
                    return _process(pid)
    return None


def _is_in_container() -> bool:
    """Whether there are processes that are not visible here."""
    try:
        return os.readlink("/proc/self/ns/pid") != _INITIAL_PID_NAMESPACE
    except OSError:
        return False


def _is_private(about: os.stat_result) -> bool:
    """Whether only the file's owner, root and our own group can read the file, and so lock it."""
    others = stat.S_IROTH if about.st_gid == os.getegid() else stat.S_IROTH | stat.S_IRGRP
    return not about.st_mode & others


def _process(pid: int) -> Holder:
    """With its real ids: the effective ones are root's in a setuid program that another user has started."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
        fields = dict(line.split(":", 1) for line in status)
    return Holder(pid, int(fields["Uid"].split()[0]), int(fields["Gid"].split()[0]))
