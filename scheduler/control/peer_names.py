"""The names of a process at the other end of a Unix socket: its user and its program."""

from __future__ import annotations

import pwd
import sys
from functools import lru_cache

from scheduler.wire.requester import Requester


def requester(pid: int, uid: int) -> Requester:
    """The requester, as runs and pauses record it. A pid of 0 is a process in another pid namespace."""
    return Requester(uid=uid, user=user_name(uid), pid=pid or None, program=_program(pid) if pid else None)


@lru_cache(maxsize=64)
def user_name(uid: int) -> str:
    """The name of a user, or `uid N` for one without a name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _program(pid: int) -> str | None:
    """At most 15 bytes, as the kernel keeps them; None when the process has ended."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
            return sys.intern(comm.read().rstrip("\n"))
    except OSError:
        return None
