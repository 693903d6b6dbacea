"""The INI syntax of ofelia: values that end at a comment, are continued on the next line, or are in double quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from scheduler.translate.importers.unit_file import Setting

_SECTION = re.compile(r"""\[\s*([\w-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]\s*(?:[;#].*)?""")
_VALUE = re.compile(r"""(?:"(?:[^"\\\n]|\\.)*"|[^;#\n])*""")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


class Section(NamedTuple):
    """`[kind "name"]` at a line with its settings, and the comments above it and behind values."""

    line: int
    kind: str
    name: str
    settings: list[Setting]
    comments: list[str]


class IniFile(NamedTuple):
    """Sections, comments below the last one, and the lines that are none of these; kinds and keys are lower case."""

    sections: list[Section]
    comments: tuple[str, ...]
    others: list[tuple[int, str]]


def read_ini(text: str) -> IniFile:
    """Take the text apart. Settings of a section whose head cannot be read are among the other lines."""
    sections: list[Section] = []
    comments: list[str] = []
    others: list[tuple[int, str]] = []
    is_readable = False
    for number, line in _logical_lines(text):
        if line.startswith((";", "#")):
            comments += filter(None, [line.lstrip("#; \t")])
        elif line.startswith("[") and (match := _SECTION.fullmatch(line)):
            sections.append(Section(number, match[1].lower(), match[2] or "", [], comments))
            comments, is_readable = [], True
        elif "=" in line and is_readable and not line.startswith("["):
            key, _, text_of_value = line.partition("=")
            value, comment = _value(text_of_value.strip())
            sections[-1].settings.append(Setting(sections[-1].kind, key.strip().lower(), value, number))
            sections[-1].comments.extend(filter(None, [comment]))
        elif line:
            is_readable = is_readable and not line.startswith("[")
            others.append((number, line))
    return IniFile(sections, tuple(comments), others)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without blanks around them. A backslash before the end of a line continues it, but for one in a comment."""
    begun: list[str] = []
    first = 0
    for number, line in enumerate(map(str.strip, text.split("\n")), 1):
        first = first or number
        value = line if begun else line.partition("=")[2].lstrip()
        if value.endswith("\\") and not line.startswith((";", "#")) and not _split(value)[1]:
            begun.append(line[:-1])
            continue
        yield first, "".join([*begun, line])
        begun, first = [], 0
    if begun:
        yield first, "".join(begun)


def _value(text: str) -> tuple[str, str]:
    """The value, and the comment after it."""
    for quote in ("`", '"""'):
        if text.startswith(quote) and (end := text.find(quote, len(quote))) > 0:
            return text[len(quote) : end], ""
    value, comment = _split(text)
    if match := _QUOTED.fullmatch(value):
        value = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[0]), match[1])
    return value, comment.strip("#; \t")


def _split(text: str) -> tuple[str, str]:
    """The text up to a comment, and the comment."""
    match = _VALUE.match(text)
    end = match.end() if match else 0
    return text[:end].rstrip(), text[end:]
