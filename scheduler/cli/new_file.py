"""Write files that do not exist yet; an existing one is overwritten only on request."""

from __future__ import annotations

import os
from pathlib import Path

from scheduler.errors import RefusedError, SchedError

OVERWRITE = "to overwrite it: --force"


def write_files(texts: dict[str, str], *, force: bool = False, advice: str = OVERWRITE) -> None:
    """Write files by name: all, or none when `force` is not set and one exists.

    RefusedError with the advice when one exists, SchedError when one cannot be written.
    """
    for name in () if force else texts:
        if os.path.lexists(name):
            raise RefusedError(f"{name} already exists; nothing was written; {advice}")
    for name, text in texts.items():
        try:
            with Path(name).open("w" if force else "x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise SchedError(f"cannot write {name}: {error.strerror}") from None
