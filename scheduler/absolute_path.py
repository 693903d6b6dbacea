"""Absolute paths as a shell shows them: symbolic links are kept, also those of the current directory."""

import os


def absolute(path: str) -> str:
    """The path from the root, without `.` and `..`.

    A relative one begins at $PWD if that is the current directory: after `cd /app/current`, where `current` is a link
    to a release, the file is found in whichever release the link leads to. FileNotFoundError without a directory.
    """
    if not os.path.isabs(path):
        directory = os.environ.get("PWD", "")
        if os.path.isabs(directory) and _is_current(directory):
            return os.path.normpath(os.path.join(directory, path))
    return os.path.abspath(path)


def is_same_file(one: str, other: str) -> bool:
    """Whether two absolute paths lead to one file; also of files that are not here, or may not be seen."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def _is_current(directory: str) -> bool:
    try:
        return os.path.samefile(directory, os.curdir)
    except OSError:
        return False
