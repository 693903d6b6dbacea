"""Makes the programs use UTF-8 under every locale: the schedule file is UTF-8, and reaches jobs as it was written."""

from __future__ import annotations

import os
import sys


def use_utf8() -> None:
    """Start this program once more, in place, in Python's UTF-8 mode where the locale has another encoding.

    Only a new interpreter can change the encoding of arguments, variables and paths. By an option and not by
    PYTHONUTF8, since jobs inherit variables.
    """
    if sys.getfilesystemencoding().lower() == "utf-8":
        return
    words = [os.fsencode(word) for word in sys.orig_argv[1:]]
    os.execv(sys.executable, [os.fsencode(sys.executable), b"-X", b"utf8", *words])  # noqa: S606 - it is this program
