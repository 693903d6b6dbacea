"""A system without what only Linux has: put this directory on PYTHONPATH, and Python takes these functions away."""

from __future__ import annotations

import builtins
import ctypes
import fcntl
import io
import os
import select
import selectors
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

GONE = {
    os: ("pidfd_open", "memfd_create", "sched_yield", "O_PATH", "eventfd", "splice", "posix_fadvise", "P_PIDFD"),
    select: ("epoll",),
    socket: ("SO_PEERCRED", "SOCK_CLOEXEC", "SOCK_NONBLOCK"),
    signal: ("SIGPWR", "SIGSTKFLT"),
    fcntl: ("F_SETPIPE_SZ", "F_GETPIPE_SZ"),
    time: ("CLOCK_BOOTTIME",),
}


def main() -> None:
    """Take away functions, constants, system calls of the C library, and /proc."""
    waitid = ("waitid",) if "WITHOUT_WAITID" in os.environ else ()  # macOS before Python 3.13
    for module, names in {**GONE, os: (*GONE[os], *waitid)}.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    selectors.DefaultSelector = selectors.PollSelector  # type: ignore[assignment,misc]  # that of other systems
    library = ctypes.CDLL(None)
    setattr(ctypes, "CDLL", lambda *_args, **_options: _OtherLibrary(library))  # noqa: B010
    for module, names in ((os, ("open", "readlink", "listdir", "scandir", "stat", "lstat")), (io, ("open",))):
        for name in names:
            setattr(module, name, _without_proc(getattr(module, name)))
    setattr(builtins, "open", io.open)  # noqa: B010


class _OtherLibrary:
    """The C library without Linux's own functions."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def __getattr__(self, name: str) -> Any:
        if name in {"prctl", "timerfd_create", "timerfd_settime", "inotify_init1"}:
            raise AttributeError(f"dlsym(RTLD_DEFAULT, {name}): symbol not found")
        return getattr(self._library, name)


def _without_proc(function: Callable[..., Any]) -> Callable[..., Any]:
    def replaced(path: Any = ".", *args: Any, **options: Any) -> Any:
        if not isinstance(path, int) and os.fspath(path) not in {"", b""}:
            text = os.fsdecode(path)
            if text == "/proc" or text.startswith("/proc/"):
                raise FileNotFoundError(2, os.strerror(2), text)
        return function(path, *args, **options)

    return replaced


main()
