"""The lock that a schedd holds on its schedule file, so that a second schedd on the same file refuses to start."""

from __future__ import annotations

import fcntl
import os
import time

from scheduler.errors import AlreadyRunningError

BLINK = 0.3
"""Seconds. A schedctl that tests the lock holds it for a moment; a schedd that starts meanwhile waits this long."""


class FileLock:
    """The `flock` of a schedd on its schedule file. The kernel drops it when the process ends in any way."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock; called again at a reload, it moves to the file that now has this path.

        AlreadyRunningError when another schedd holds it. OSError when the file cannot be opened, or its file system
        does not support locks.
        """
        fd = _open(self.path)
        try:
            if self._fd is not None and os.path.sameopenfile(fd, self._fd):
                os.close(fd)
                return
            _lock(fd, self.path)
        except BaseException:
            os.close(fd)
            raise
        self.release()
        self._fd = fd

    def release(self) -> None:
        """Release the lock, if it is held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def is_held(path: str) -> bool:
    """Whether a schedd manages this file. False for a file that cannot be opened: then it is unknown."""
    try:
        fd = _open(path)
    except OSError:
        return False
    try:
        # Shared, so that several schedctl can test it at once.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    else:
        return False
    finally:
        os.close(fd)


def holder(path: str) -> int | None:
    """The pid of the holder; None when there is none, or when it is in another pid namespace."""
    try:
        about = os.stat(path)
        with open("/proc/locks", encoding="ascii") as locks:
            held = [line.split() for line in locks if "FLOCK" in line and " WRITE " in line]
    except OSError:
        return None
    inode = str(about.st_ino)
    same = [fields for fields in held if len(fields) > 5 and fields[5].rpartition(":")[2] == inode]
    # On overlay and btrfs stat reports another device than /proc/locks, so the device only decides between candidates.
    device = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{inode}"
    same.sort(key=lambda fields: fields[5] != device)
    return next((int(fields[4]) for fields in same if int(fields[4]) > 0), None)


def named(pid: int | None) -> str:
    """The holder in words."""
    return "a schedd in another container" if pid is None else f"schedd with pid {pid}"


def _open(path: str) -> int:
    # NONBLOCK: the path may be a FIFO, and opening it would wait for a writer.
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)


def _lock(fd: int, path: str) -> None:
    end = time.monotonic() + BLINK
    while True:
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = holder(path)
            if pid is not None or time.monotonic() > end:
                raise AlreadyRunningError(f"{path} is already managed by {named(pid)}") from None
        time.sleep(0.02)
