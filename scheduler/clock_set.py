"""Notices at once that the machine's wall clock was set, or that the machine was suspended; see timerfd_create(2)."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import time
from collections.abc import Callable

_TFD_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_TFD_TIMER_ABSTIME = 1
_TFD_TIMER_CANCEL_ON_SET = 2

FAR = 10 * 365 * 86_400.0
"""Seconds until the timer expires, which it is not meant to."""


class _TimerSpec(ctypes.Structure):
    _fields_ = [
        ("interval_seconds", ctypes.c_long),
        ("interval_nanoseconds", ctypes.c_long),
        ("seconds", ctypes.c_long),
        ("nanoseconds", ctypes.c_long),
    ]


class ClockSetWatch:
    """A timer on the wall clock that the kernel cancels when that clock is set. `on_set` is called on the loop."""

    def __init__(self, on_set: Callable[[], object]) -> None:
        """OSError when the kernel has no such timers."""
        self._on_set = on_set
        self._libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(self._libc, "timerfd_create"):
            raise OSError(errno.ENOSYS, "timerfd_create")
        self._descriptor = self._libc.timerfd_create(time.CLOCK_REALTIME, _TFD_FLAGS)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        try:
            self._arm()
        except OSError:
            os.close(self._descriptor)
            raise
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._ready)

    def close(self) -> None:
        """Stop watching."""
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _arm(self) -> None:
        expiry = time.time() + FAR
        spec = _TimerSpec(0, 0, int(expiry), int(expiry % 1 * 1e9))
        flags = _TFD_TIMER_ABSTIME | _TFD_TIMER_CANCEL_ON_SET
        if self._libc.timerfd_settime(self._descriptor, flags, ctypes.byref(spec), None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def _ready(self) -> None:
        try:
            os.read(self._descriptor, 8)
        except BlockingIOError:
            return
        except OSError:  # ECANCELED: what this waits for
            pass
        self._arm()
        self._on_set()
