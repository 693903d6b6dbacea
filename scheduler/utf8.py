"""UTF-8 under every locale, so that the file reaches jobs as it was written; other encodings of files, by name."""

from __future__ import annotations

import os
import sys

_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
"""The byte order marks of encodings that are not UTF-8. That of UTF-16 is the beginning of that of UTF-32."""


def other_encoding(data: bytes) -> str | None:
    """`UTF-16` or `UTF-32` for the content of a file that begins with its byte order mark."""
    return next((name for mark, name in _MARKS if data.startswith(mark)), None)


def use_utf8() -> None:
    """Start this program once more, in place, in Python's UTF-8 mode where the locale has another encoding.

    Only a new interpreter can change the encoding of arguments, variables and paths. By an option and not by
    PYTHONUTF8, since jobs inherit variables.
    """
    if sys.getfilesystemencoding().lower() == "utf-8":
        return
    words = [os.fsencode(word) for word in sys.orig_argv[1:]]
    os.execv(sys.executable, [os.fsencode(sys.executable), b"-X", b"utf8", *words])  # noqa: S606 - it is this program
