"""Entry points of the installed programs, in a module whose name no application has: they find schedd's package first.

An application on PYTHONPATH may have a module that is named like one of schedd's or of its libraries.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def schedd() -> NoReturn:
    """Run schedd."""
    _run("schedd")


def schedctl() -> NoReturn:
    """Run schedctl."""
    _run("schedctl")


def _run(program: str) -> NoReturn:
    """Run a program; Ctrl-C while it is still being imported ends it without a traceback."""
    try:
        _own_packages_first()
        from scheduler.cli import console  # noqa: PLC0415

        getattr(console, program)()
    except KeyboardInterrupt:
        pass
    sys.exit(130)


def _own_packages_first() -> None:
    """Move what comes from PYTHONPATH, and the directory of the program, behind the installed packages."""
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.environ.get("PYTHONPATH")
    later = {os.path.abspath(entry) for entry in path.split(os.pathsep)} if path else set()
    later.add(os.path.dirname(os.path.abspath(sys.argv[0])))
    if here in later:
        later.remove(here)
        sys.path.insert(0, here)
    sys.path.sort(key=lambda entry: os.path.abspath(entry) in later)
