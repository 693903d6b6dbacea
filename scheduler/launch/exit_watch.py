"""A descriptor that becomes readable when a child has exited: a pidfd, or a pipe on systems without them."""

from __future__ import annotations

import contextlib
import os
from threading import Thread

from scheduler.errors import UnsupportedError

HAS_PIDFD = hasattr(os, "pidfd_open")
"""False on systems other than Linux, where other functions of Linux are missing, too."""


def require_exit_watch() -> None:
    """UnsupportedError when this Python cannot wait for a child without reaping it."""
    if not HAS_PIDFD and not hasattr(os, "waitid"):
        raise UnsupportedError(
            "running jobs on this system needs os.waitid, which Python has here from version 3.13 on"
        )


def watch_exit(pid: int) -> int:
    """The descriptor for a child, which stays unreaped. OSError when it cannot be watched."""
    if HAS_PIDFD:
        return os.pidfd_open(pid)
    reading, writing = os.pipe()
    Thread(target=_close_after_exit, args=(pid, writing), daemon=True).start()
    return reading


def _close_after_exit(pid: int, descriptor: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    os.close(descriptor)
