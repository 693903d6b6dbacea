"""The directories for one user's sockets and locks, and the check that no other user can use them."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import stat


def private_directories(uid: int) -> list[str]:
    """The directories of a user, best first. /tmp comes before TMPDIR, which may differ between two shells."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") if uid == os.geteuid() else f"/run/user/{uid}"
    found = ["/run/schedd"]
    if runtime:
        found.append(os.path.join(runtime, "schedd"))
    temporary = ("/tmp", os.path.abspath(os.environ.get("TMPDIR") or "/tmp"))  # noqa: S108 - the directory is verified
    found += (os.path.join(directory, f"schedd-{uid}") for directory in temporary)
    return list(dict.fromkeys(found))


def make_private(directory: str) -> None:
    """Make the directory if it does not exist, and verify it."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(directory, 0o700)
    verify_private(directory, os.geteuid())


def verify_private(directory: str, uid: int) -> None:
    """OSError unless it is a directory, not a symlink, that belongs to `uid` and is closed to everybody else."""
    about = os.lstat(directory)
    if stat.S_ISLNK(about.st_mode):
        raise OSError(errno.ELOOP, f"{directory} is a symbolic link, which is not followed")
    if not stat.S_ISDIR(about.st_mode):
        raise OSError(errno.ENOTDIR, f"{directory} is not a directory")
    if about.st_uid != uid:
        raise OSError(errno.EPERM, f"{directory} belongs to uid {about.st_uid}, not to uid {uid}")
    if about.st_mode & 0o077:
        problem = f"{directory} has mode {stat.S_IMODE(about.st_mode):04o}, which admits other users"
        # Others need a directory such as /tmp or /run as it is.
        is_ours = os.path.basename(directory) in ("schedd", f"schedd-{uid}")
        raise OSError(errno.EPERM, f"{problem}; run: chmod 700 {shlex.quote(directory)}" if is_ours else problem)


def can_be_private(directory: str) -> bool:
    """Whether `make_private` would accept it."""
    try:
        verify_private(directory, os.geteuid())
    except FileNotFoundError:
        return os.access(os.path.dirname(directory), os.W_OK | os.X_OK)
    except OSError:
        return False
    return True


def names(path: str) -> list[str]:
    """The names under which a schedule file is known in these directories: by its path, and by where symlinks lead.

    Each begins with something that a person recognises and is made unique by the whole path, modulo a prime.
    """
    return [_name(each) for each in dict.fromkeys((os.path.abspath(path), os.path.realpath(path)))]


def _name(path: str) -> str:
    stem = os.path.splitext(os.path.basename(path))[0]
    readable = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in stem)[:24]
    return f"{readable}.{int.from_bytes(os.fsencode(path)) % (2**61 - 1):x}"
