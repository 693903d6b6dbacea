"""The user and group that a child runs as."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

import msgspec

from scheduler.launch.launcher import LaunchError

LARGEST_ID = 2**32 - 2
"""Of users and groups."""


class Account(msgspec.Struct, frozen=True):
    """A user and group as the kernel knows them, and what a login would put into the environment."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    environment: dict[str, str]


def find_account(user: str | None, group: str | None) -> Account | None:
    """The account for a job's `user` and `group`, each a name or a number; None when schedd's own is meant.

    LaunchError when it does not exist or schedd may not become it. `groups` are what initgroups(3) would set.
    """
    if user is not None and user == str(os.geteuid()) and not _has_entry(int(user)):
        user = None  # our own number, which has no name in many containers
    if user is None and group is None:
        return None
    entry = _user(user) if user is not None else None
    uid = os.geteuid() if entry is None else entry.pw_uid
    gid = _group(group) if group is not None else os.getegid() if entry is None else entry.pw_gid
    if os.geteuid() != 0:
        if uid == os.geteuid() and gid == os.getegid():
            return None
        wanted = f"user {user}" if user is not None else f"group {group}"
        raise LaunchError(f"only root may start a job as {wanted}; schedd runs as uid {os.geteuid()}")
    if entry is None:
        return Account(uid, gid, tuple(os.getgroups()), {})
    login = {"USER": entry.pw_name, "LOGNAME": entry.pw_name, "HOME": entry.pw_dir, "SHELL": entry.pw_shell}
    return Account(uid, gid, tuple(os.getgrouplist(entry.pw_name, gid)), login)


def may_enter(account: Account, directory: str) -> bool:
    """Whether the modes of a directory and of those above it let an account in; access control lists are not read."""
    path = Path(directory)
    return all(_may_search(account, each.stat()) for each in (path, *path.parents))


def _may_search(account: Account, status: os.stat_result) -> bool:
    if account.uid == 0:
        return True
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid in (account.gid, *account.groups):
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def _has_entry(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _user(user: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(int(user)) if _is_number(user) else pwd.getpwnam(user)
    except (KeyError, OverflowError, ValueError):
        raise LaunchError(f"there is no user {user}") from None


def _group(group: str) -> int:
    try:
        number = int(group) if _is_number(group) else grp.getgrnam(group).gr_gid
    except (KeyError, ValueError):
        number = None
    if number is None or number > LARGEST_ID:
        raise LaunchError(f"there is no group {group}")
    return number


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdecimal()
