"""Runs schedd where the file system knows no locks."""

from __future__ import annotations

import errno
import fcntl
import os
from typing import NoReturn

from scheduler.cli.console import schedd


def refuse(*_args: object) -> NoReturn:
    """As an NFS without its lock daemon does."""
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


fcntl.flock = refuse
schedd()
