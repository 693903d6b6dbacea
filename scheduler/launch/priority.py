"""Starts a child at a nice value."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from scheduler.launch.exit_watch import HAS_PIDFD
from scheduler.launch.launcher import LaunchError


def start_at(nice: int | None, start: Callable[[], int]) -> int:
    """Start a child at this nice value (absolute). LaunchError when we may not set it so low.

    A child inherits the value of the thread that starts it, so a thread of its own does that: the value of a child that
    runs already could be set only after its first instructions.
    """
    if nice is None or not HAS_PIDFD:  # elsewhere the child sets it itself
        return start()

    def in_thread() -> int:
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
        except OSError as error:
            own = os.getpriority(os.PRIO_PROCESS, 0)
            raise LaunchError(f"only root may start a job at nice {nice}; schedd itself runs at {own}") from error
        return start()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(in_thread).result()
