"""Whether another user can change a file: by its owner, its mode, and those of each directory and link on the way."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from collections.abc import Iterator

ALLOW = "SCHEDD_ALLOW_INSECURE_FILE"
"""The variable that means the same as `schedd --allow-insecure-file`; schedctl reads it too."""

_MOST_LINKS = 40


def changeable_by(path: str) -> str | None:
    """Who besides root and this user can change what the path leads to, as the end of a sentence; None when nobody can.

    A group counts, except root's own. A part of the path that does not exist cannot be changed by more people than the
    directory that it would be in. OSError when a part cannot be looked at.
    """
    for part in _parts(path):
        try:
            about = os.lstat(part)
        except FileNotFoundError:
            return None
        found = _who(part, about)
        if found is not None and not _is_read_only(part):
            return found
    return None


def _who(part: str, about: os.stat_result) -> str | None:
    if about.st_uid not in {0, os.geteuid()}:
        return f"user {_user(about.st_uid)}, who owns {part}"
    if stat.S_ISLNK(about.st_mode):  # its mode says nothing
        return None
    if stat.S_ISDIR(about.st_mode) and about.st_mode & stat.S_ISVTX:  # others cannot replace what is not theirs
        return None
    if about.st_mode & stat.S_IWOTH:
        return f"everybody, since {part} has mode {stat.S_IMODE(about.st_mode):04o}"
    if about.st_mode & stat.S_IWGRP and about.st_gid != 0:
        return f"group {_group(about.st_gid)}, since {part} has mode {stat.S_IMODE(about.st_mode):04o}"
    return None


def _parts(path: str) -> Iterator[str]:
    """The path from the root on: each directory, each symbolic link before what it leads to, and the file."""
    names = [*reversed(os.path.abspath(path).split("/"))]
    current, links = "/", 0
    yield current
    while names:
        name = names.pop()
        if name in {"", "."}:
            continue
        if name == "..":
            current = os.path.dirname(current)
            continue
        part = os.path.join(current, name)
        yield part
        if os.path.islink(part):
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = os.readlink(part)
            current = "/" if target.startswith("/") else current
            names += reversed(target.split("/"))
        else:
            current = part


def _is_read_only(part: str) -> bool:
    """Whether its file system is read-only for every process that could reach it.

    As the volumes of Kubernetes and Docker's `:ro` are, whose files and directories others may own. It is not where
    schedd alone sees it so (a sandbox of systemd), or where the same files are mounted to be written somewhere else.
    """
    try:
        if not os.statvfs(part).f_flag & os.ST_RDONLY:
            return False
        if os.readlink("/proc/self/ns/mnt") != os.readlink("/proc/1/ns/mnt"):
            return False
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
            mounts = [line.split() for line in lines]
    except OSError:
        return False
    device = os.lstat(part).st_dev
    same = [mount for mount in mounts if mount[2] == f"{os.major(device)}:{os.minor(device)}"]
    inside = [mount for mount in same if _is_below(part, mount[4])]
    if not inside:
        return False
    here = max(inside, key=lambda mount: len(mount[4]))
    origin = os.path.join(here[3], os.path.relpath(part, here[4]))
    return not any("rw" in mount[5].split(",") and _is_below(os.path.normpath(origin), mount[3]) for mount in same)


def _is_below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
