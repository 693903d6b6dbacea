"""The line, the value and the indentation around a character of a YAML text, also where the text is not valid YAML."""

from __future__ import annotations

import re

import msgspec

from scheduler.document.finding import Finding, Fix
from scheduler.errors import MASK

_LINE = r"[ ]*(?:- +)*(?:(?P<key>[^\s'\"#\[{][^:#]*?):[ \t]+)?(?P<value>\S.*?)??[ \t]*(?:(?<=\s)#.*)?"
_FLOW_KEY = r"([\w.-]+):\s+$"
NAME = r"[\w.-]+"


class Value(msgspec.Struct, frozen=True):
    """The text after `key:` (or `- `) up to the end of the line or, in flow style, of the entry."""

    start: int
    end: int
    key: str
    text: str

    def finding(self, message: str, replacement: str | None = None) -> Finding:
        """An error about this value. `replacement` is the correct spelling; the default is the value in quotes."""
        fill = replacement or quote(self.text)
        fix = Fix(self.start, self.end, (MASK,), fill, key=self.key, masked=masked(fill))
        return Finding(self.start, message, None, (fix,), self.end - self.start, skip=(self.start, self.end))


def masked(text: str) -> str:
    """What is shown of a scalar that may be secret: its quotes, and whether it is a boolean."""
    quoting = text[0] if text[:1] in {'"', "'"} else ""
    return text if text in {"true", "false"} else f"{quoting}{MASK}{quoting}"


def quote(text: str) -> str:
    """The text as a quoted YAML scalar."""
    return "'" + text.replace("'", "''") + "'" if '"' in text or "\\" in text else f'"{text}"'


def value_at(text: str, at: int) -> Value:
    """The value that contains index `at`."""
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
    """The last line before that of `at` that is neither blank nor a comment, and the index of its start."""
    end = text.rfind("\n", 0, at)
    while end >= 0:
        start = text.rfind("\n", 0, end) + 1
        line = text[start:end]
        if line.strip() and not line.lstrip().startswith("#"):
            return start, line
        end = start - 1
    return 0, ""


def column_of(line: str) -> int:
    """The column (from 0) of the key of a line, after the dashes of a list."""
    match = re.match(r" *(?:- +)*", line)
    return match.end() if match else 0


def indent_of(text: str, at: int) -> int:
    """The number of spaces at the start of the line of `at`."""
    start = text.rfind("\n", 0, at) + 1
    line = text[start:]
    return len(line) - len(line.lstrip(" "))


def _open_brackets(text: str) -> bool:
    return text.count("[") + text.count("{") > text.count("]") + text.count("}")
