"""Write a file that does not exist yet; an existing one is overwritten only on request."""

from __future__ import annotations

from pathlib import Path

from scheduler.errors import RefusedError, SchedError


def write_file(name: str, text: str, *, force: bool = False) -> None:
    """Write the file. RefusedError when it exists and `force` is not set, SchedError when it cannot be written."""
    try:
        with Path(name).open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise RefusedError(f"{name} already exists; it was not changed") from None
    except OSError as error:
        raise SchedError(f"cannot write {name}: {error.strerror}") from None
