"""Ids of runs."""

from __future__ import annotations

import os
import string

_DIGITS = (string.ascii_lowercase + "234567").encode() * 8
"""What each random byte becomes: as in base32, nothing that looks like something else."""


def new_run_id() -> str:
    """Eight letters and digits, 40 random bits."""
    return os.urandom(8).translate(_DIGITS).decode()
