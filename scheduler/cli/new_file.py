"""A file that a verb writes: never over one that is there, unless that is asked for."""

from __future__ import annotations

from pathlib import Path

from scheduler.errors import RefusedError, SchedError


def write_file(name: str, text: str, *, force: bool = False) -> None:
    """Write a file of this name. RefusedError when there is one and not `force`, SchedError when it fails."""
    try:
        with Path(name).open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise RefusedError(f"{name} exists already, and is left as it is") from None
    except OSError as error:
        raise SchedError(f"{name} cannot be written: {error.strerror}") from None
