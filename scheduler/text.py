"""Spelling, the width of text on a terminal, and text as JSON can carry it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

_NO_TEXT = re.compile("[\udc80-\udcff]")
"""What Python reads bytes as that are not UTF-8 (PEP 383)."""


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The one of the known words that somebody who wrote this one meant; `likeness` is 1 for the same word."""
    import difflib  # noqa: PLC0415 - only who mistypes pays for it

    return next(iter(difflib.get_close_matches(word, list(known), 1, likeness)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What a message about an unknown name ends with; nothing when none of the known ones is near it."""
    near = nearest(name, known, 0.5)
    return "" if near is None else f"; did you mean {near!r}?"


def cells(text: str) -> int:
    """How many cells of a line a terminal gives the text: none for combining marks, two for wide characters."""
    if text.isascii():
        return len(text)
    import unicodedata  # noqa: PLC0415 - most of what is shown is ASCII

    wide = ("W", "F")
    return sum(
        0 if unicodedata.category(letter) in ("Mn", "Me", "Cf") else 1 + (unicodedata.east_asian_width(letter) in wide)
        for letter in text
    )


def utf8(value: str) -> str:
    """A value as JSON can carry it: bytes that are no text are written as escapes."""
    return value.encode(errors="surrogateescape").decode(errors="backslashreplace")


def as_json(value: object) -> bytes:
    """The value as JSON, with all of its texts as `utf8` has them."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        import json  # noqa: PLC0415 - hardly any file has such a name

        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
        return _NO_TEXT.sub(lambda byte: utf8(byte[0]).replace("\\", "\\\\"), text).encode(errors="backslashreplace")
