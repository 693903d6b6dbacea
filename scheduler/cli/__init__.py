"""The programs schedd and schedctl: the command line, and what it prints."""

import os

DEFAULT_FILE = "schedules.yaml"
"""Read from the current directory when neither an option nor $SCHEDD_CONFIG names a file."""

NEAR_NAMES = ("schedules.yml", "schedule.yaml", "schedule.yml")
"""What people call that file instead: it is named in messages, and never read without being asked for."""


def near_name() -> str | None:
    """The first of `NEAR_NAMES` in the current directory."""
    return next(filter(os.path.exists, NEAR_NAMES), None)
