"""Turns root's process into one of another user, for good: with that user's groups and a login's environment."""

from __future__ import annotations

import os
import pwd

KEPT = frozenset({"TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "LANG", "LANGUAGE", "TZ"})
"""Variables that describe the terminal and the person, not root's session; LC_* too."""

PATH = "/usr/local/bin:/usr/bin:/bin"


def become_user(uid: int, gid: int) -> None:
    """Be this user from now on; `gid` is for a uid that is not in the user database, which has no other groups."""
    login = {"PATH": PATH, "HOME": "/"}
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        os.setgroups([])
    else:
        gid = user.pw_gid
        os.initgroups(user.pw_name, gid)
        login |= {"USER": user.pw_name, "LOGNAME": user.pw_name, "HOME": user.pw_dir, "SHELL": user.pw_shell}
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith("LC_")}
    os.environ.clear()
    os.environ.update(kept | login)
