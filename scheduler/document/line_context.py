"""A place in a text where it stops being what it was meant to be, and what stands around it."""

from __future__ import annotations

import re
from typing import NamedTuple

from scheduler.errors import MASK

_LINE = r"[ ]*(?:- +)*(?:(?P<key>[^\s'\"#\[{][^:#]*?):[ \t]+)?(?P<value>\S.*?)??[ \t]*(?:(?<=\s)#.*)?"
_FLOW_KEY = r"([\w.-]+):\s+$"
NAME = r"[\w.-]+"


class Flaw(NamedTuple):
    """Where the text stops being YAML. `mend` is the span that, once it is harmless text, lets the parser go on.

    In `help`, MASK stands for `fill`, which may be secret.
    """

    at: int
    message: str
    help: str | None = None
    fill: str | None = None
    width: int = 1
    mend: tuple[int, int] | None = None


class Value(NamedTuple):
    """What stands after `key:` (or `- `) up to the end of the line or, in flow style, of the entry."""

    start: int
    end: int
    key: str
    text: str

    def flaw(self, message: str, meant: str | None = None) -> Flaw:
        """What is wrong with this value; `meant` is how to write it, by default in quotes."""
        help = f"{self.key}: {MASK}" if re.fullmatch(NAME, self.key) else MASK
        span = self.start, self.end
        return Flaw(self.start, message, help, meant or quote(self.text), self.end - self.start, span)


def quote(text: str) -> str:
    """The text as a scalar that means it to the letter."""
    return "'" + text.replace("'", "''") + "'" if '"' in text or "\\" in text else f'"{text}"'


def value_at(text: str, at: int) -> Value:
    """The value within which `at` stands."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : len(text) if end < 0 else end].rstrip("\r")
    match = re.fullmatch(_LINE, line)
    value_start = start + match.start("value") if match and match["value"] else at
    if match and match["value"] and value_start <= at and not _open_brackets(text[value_start:at]):
        key = (match["key"] or "").strip()
        return Value(value_start, start + match.end("value"), key, match["value"])
    stop = re.compile(r"[,\]}\n]").search(text, at)
    end = stop.start() if stop else len(text)
    key_match = re.compile(_FLOW_KEY).search(text, start, at)
    value = text[at:end].rstrip()
    return Value(at, at + len(value), key_match[1] if key_match else "", value)


def line_above(text: str, at: int) -> tuple[int, str]:
    """The last line before that of `at` that is neither blank nor a comment, and where it starts."""
    end = text.rfind("\n", 0, at)
    while end >= 0:
        start = text.rfind("\n", 0, end) + 1
        line = text[start:end]
        if line.strip() and not line.lstrip().startswith("#"):
            return start, line
        end = start - 1
    return 0, ""


def column_of(line: str) -> int:
    """Where the key of a line begins, counted from 0; the dashes of a list stand before it."""
    match = re.match(r" *(?:- +)*", line)
    return match.end() if match else 0


def indent_of(text: str, at: int) -> int:
    """How many spaces the line of `at` begins with."""
    start = text.rfind("\n", 0, at) + 1
    line = text[start:]
    return len(line) - len(line.lstrip(" "))


def _open_brackets(text: str) -> bool:
    return text.count("[") + text.count("{") > text.count("]") + text.count("}")
