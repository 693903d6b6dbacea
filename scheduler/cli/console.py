"""The console scripts. While modules load, nothing becomes garbage, so it is looked for when they are there.

It takes 20 of 300 ms that schedd takes to start, and 5 of 110 of a `schedctl list`.
"""
# ruff: noqa: PLC0415 - imported when that is settled

from __future__ import annotations

import gc
from typing import NoReturn


def schedd() -> NoReturn:
    """The program `schedd`, which looks for garbage when its file is loaded."""
    gc.disable()
    from scheduler.cli.exit import end_with
    from scheduler.cli.schedd import command

    end_with(command, "schedd")


def schedctl() -> NoReturn:
    """The program `schedctl`, which looks for garbage when its verb is loaded."""
    gc.disable()
    from scheduler.cli.exit import end_with
    from scheduler.cli.schedctl import command
    from scheduler.errors import EXIT_BAD_FILE, EXIT_FAILURE

    end_with(command, "schedctl", {EXIT_BAD_FILE: EXIT_FAILURE})
