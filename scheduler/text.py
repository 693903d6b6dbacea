"""Spelling, counts and durations in words, the width of text on a terminal, text that is safe to print or send."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

_UNDECODABLE = "[\udc80-\udcff]"
"""How Python represents bytes that are not UTF-8 (PEP 383)."""

_UNSAFE = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and newline, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that reorder what is shown (Trojan Source)
    "\u2028\u2029\ufff9-\ufffb"  # line and paragraph separators, interlinear annotations
    "\ud800-\udfff]"
)

_UNSAFE_ASCII = bytes([*range(0x09), *range(0x0B, 0x20), 0x7F])

_UNSAFE_UTF8 = rb"\xc2[\x80-\x9f]|\xd8\x9c|\xe2(?:\x80[\x8e\x8f\xa8-\xae]|\x81[\xa6-\xa9])|\xef\xbf[\xb9-\xbb]"
"""The rest of _UNSAFE in UTF-8. Surrogates are not valid UTF-8."""


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known word most similar to `word`, or None. `likeness` is the least similarity; 1 is the same word."""
    import difflib  # noqa: PLC0415 - needed only when a word is not known

    return next(iter(difflib.get_close_matches(word, list(known), 1, likeness)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name; empty when no known name is similar."""
    near = nearest(name, known)
    return "" if near is None else f"; did you mean {near!r}?"


def is_typo(word: str, known: str) -> bool:
    """Whether `word` is a misspelling of `known`: one letter in four wrong, missing, added or swapped, at least one.

    Digits are never misspelled.
    """
    if re.findall("[0-9]", word) != re.findall("[0-9]", known):
        return False
    return word != known and _distance(word.lower(), known.lower()) <= max(1, len(known) // 4)


def typo_of(word: str, known: Iterable[str]) -> str | None:
    """The only known word of which `word` is a misspelling; None when there is none, or more than one."""
    return _typo_of(word, frozenset(known))


@lru_cache(maxsize=512)
def _typo_of(word: str, known: frozenset[str]) -> str | None:
    close = sorted(one for one in known if abs(len(one) - len(word)) <= max(1, len(one) // 4) and is_typo(word, one))
    if len(close) > 1:
        least = min(_distance(word.lower(), one.lower()) for one in close)
        close = [one for one in close if _distance(word.lower(), one.lower()) == least]
    return close[0] if len(close) == 1 else None


def _distance(one: str, other: str) -> int:
    """Letters to insert, delete, replace, or swap with their neighbour to turn one word into the other."""
    above: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, above, row = above, row, [i]
        for j, target in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != target))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == target:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
    return row[-1]


def cells(text: str) -> int:
    """How many cells a terminal uses for the text: none for combining marks, two for wide characters."""
    if text.isascii():
        return len(text)
    import unicodedata  # noqa: PLC0415 - most text is ASCII

    wide = ("W", "F")
    return sum(
        0 if unicodedata.category(letter) in ("Mn", "Me", "Cf") else 1 + (unicodedata.east_asian_width(letter) in wide)
        for letter in text
    )


def printable(text: str, replacement: str | None = None) -> str:
    r"""The text without characters that act on a terminal or reorder a line: they become `\x1b`, `\u202e` and so on.

    Tabs and newlines stay. `replacement` is used instead of the escapes where the length of the text must not change.
    """
    return re.sub(_UNSAFE, _escape if replacement is None else replacement, text)


def printable_line(text: str) -> str:
    """The same as one line: tabs and newlines are escaped too."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def printable_bytes(block: bytes) -> bytes:
    r"""The same for bytes: the result is valid UTF-8, and invalid bytes become `\xff`.

    A clean block, which nearly every one is, is returned unchanged, at the speed of C.
    """
    if len(block.translate(None, _UNSAFE_ASCII)) == len(block):
        if block.isascii():
            return block
        if not re.search(_UNSAFE_UTF8, block) and _is_utf8(block):
            return block
    return printable(block.decode(errors="backslashreplace")).encode()


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _escape(match: re.Match[str]) -> str:
    byte = re.fullmatch(_UNDECODABLE, match[0])
    return f"\\x{ord(match[0]) - 0xDC00:02x}" if byte else match[0].encode("unicode_escape").decode()


def utf8(value: str) -> str:
    """The text as JSON can carry it: bytes that are not UTF-8 become escapes."""
    return value.encode(errors="surrogateescape").decode(errors="backslashreplace")


def as_json(value: object) -> bytes:
    """The value as JSON, each text in it as `utf8` returns it."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        import json  # noqa: PLC0415 - names that are not UTF-8 are rare

        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
        text = re.sub(_UNDECODABLE, lambda byte: utf8(byte[0]).replace("\\", "\\\\"), text)
        return text.encode(errors="backslashreplace")


def plural(count: int, noun: str) -> str:
    """`1 job`, `2 jobs`, `1,000 jobs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def span(seconds: float) -> str:
    """Seconds as `0.08s`, `1.5s`, `12s`, `3m 10s`, `2h 5m`, `3d 4h`: two digits or two units, at least a millisecond.

    It can be typed back as a duration.
    """
    if seconds < 9.95 and not float(seconds).is_integer():
        return f"{max(seconds, 0.001):.2g}s"
    rest = round(seconds)
    words = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count}{unit}")
        elif words:
            break
        if len(words) == 2:
            break
    return " ".join(words) or "0s"


def shift(seconds: float) -> str:
    """How far a clock jumped: `+5s`, `-1h 2m`."""
    return f"{'-' if seconds < 0 else '+'}{span(abs(seconds))}"


def size_as_written(count: int) -> str:
    """Bytes as the file writes a size, exactly: `512M`, `1536K`; another number as `1000 bytes`."""
    for unit, power in (("G", 3), ("M", 2), ("K", 1)):
        if count and count % 1024**power == 0:
            return f"{count // 1024**power}{unit}"
    return f"{count} bytes"
