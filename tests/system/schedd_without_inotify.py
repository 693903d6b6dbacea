"""Runs schedd where the system has no inotify instance left."""

from __future__ import annotations

from typing import NoReturn

import watchfiles.main

from scheduler.cli.console import schedd


def refuse(*_args: object) -> NoReturn:
    """As watchfiles does."""
    raise OSError(24, "Too many open files (os error 24)")


watchfiles.main.RustNotify = refuse  # type: ignore[assignment,attr-defined]
schedd()
