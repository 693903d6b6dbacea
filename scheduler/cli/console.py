"""The entry points of the installed programs schedd and schedctl."""
# ruff: noqa: PLC0415 - imported within `loading`

from __future__ import annotations

from typing import NoReturn

from scheduler.fast_start import loading, patterns_compiled_late
from scheduler.utf8 import use_utf8


def schedd() -> NoReturn:
    """Run schedd. The daemon calls `loaded` when it has read its file."""
    use_utf8()
    with loading():
        with patterns_compiled_late():
            from scheduler.cli.exit import end_with
            from scheduler.cli.schedd import command

        end_with(command, "schedd")


def schedctl() -> NoReturn:
    """Run schedctl. It calls `loaded` when it has imported the command."""
    use_utf8()
    with loading():
        with patterns_compiled_late():
            from scheduler.cli.exit import end_with
            from scheduler.cli.schedctl import command
            from scheduler.errors import EXIT_BAD_FILE, EXIT_FAILURE

        end_with(command, "schedctl", {EXIT_BAD_FILE: EXIT_FAILURE})
