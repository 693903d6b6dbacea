"""The lock that keeps a second schedd off the same schedule file."""

from __future__ import annotations

import fcntl
import os
import time

from scheduler.errors import AlreadyRunningError

BLINK = 0.3
"""Seconds. A schedctl that looks whether a file is held holds it itself for a moment; a schedd waits that long."""


class FileLock:
    """The `flock` by which a schedd owns a schedule file. It goes with the process, however that ends."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock; called again at a reload, it moves on to the file that now has the name.

        AlreadyRunningError when another schedd has it. OSError when the file cannot be opened, or the file system
        knows no locks.
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
        """Let go; harmless when nothing is held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def is_held(path: str) -> bool:
    """Whether a schedd owns this file. False for a file that cannot be opened: then nothing can be known."""
    try:
        fd = _open(path)
    except OSError:
        return False
    try:
        # Shared, so that any number of schedctl may look at once.
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
    """The pid that owns this file; None when nobody does, or when the holder lives in another pid namespace."""
    try:
        about = os.stat(path)
        with open("/proc/locks", encoding="ascii") as locks:
            held = [line.split() for line in locks if "FLOCK" in line and " WRITE " in line]
    except OSError:
        return None
    inode = str(about.st_ino)
    same = [fields for fields in held if len(fields) > 5 and fields[5].rpartition(":")[2] == inode]
    # On overlay and btrfs the device that stat names is not the one the kernel prints, so it only settles a draw.
    device = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{inode}"
    same.sort(key=lambda fields: fields[5] != device)
    return next((int(fields[4]) for fields in same if int(fields[4]) > 0), None)


def named(pid: int | None) -> str:
    """A schedd by what `holder` says of it."""
    return "a schedd in another container" if pid is None else f"schedd with pid {pid}"


def _open(path: str) -> int:
    # NONBLOCK: what was taken for a schedule file may be a FIFO, whose open would wait for a writer.
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)


def _lock(fd: int, path: str) -> None:
    end = time.monotonic() + BLINK
    while True:
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = holder(path)
            if pid is not None or time.monotonic() > end:
                raise AlreadyRunningError(f"{path} is already served by {named(pid)}") from None
        time.sleep(0.02)
