"""systemd's unit files: sections, settings with their lines, comments, words in quotes, and durations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_SPAN = re.compile(r"(\d++(?:\.\d++)?)\s*+([a-zµμ]*+)", re.IGNORECASE)
_UNITS = {
    "us usec µs μs": 1e-6,
    "ms msec": 1e-3,
    "s sec second seconds": 1,
    "m min minute minutes": 60,
    "h hr hour hours": 3_600,
    "d day days": 86_400,
    "w week weeks": 604_800,
    "M month months": 2_629_800,
    "y year years": 31_557_600,
}
_SECONDS = {name: seconds for names, seconds in _UNITS.items() for name in names.split()} | {"": 1}
_BYTE = r"\\(?:x[0-9a-fA-F]{2}|[0-7]{3})"
_ESCAPE = re.compile(rf"((?:{_BYTE})+)|\\(?:u([0-9a-fA-F]{{4}})|U([0-9a-fA-F]{{8}})|(.))", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " "}
_WORD = re.compile(r"""\s*((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\.|[^\s"'\\])+)""", re.DOTALL)
_PART = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|((?:\\.|[^"'\\])+)""", re.DOTALL)


class Setting(NamedTuple):
    """`key=value` in a section, at a line."""

    section: str
    key: str
    value: str
    line: int


class UnitFile:
    """The settings of a unit file in order, its comments, and lines that are none of these."""

    def __init__(self, text: str) -> None:
        self.settings: list[Setting] = []
        self.comments: list[str] = []
        self.unreadable: list[tuple[int, str]] = []
        section = ""
        for number, line in _lines(text, self.comments):
            if match := re.fullmatch(r"\[([^\]]+)\]", line):
                section = match[1]
            elif "=" in line and section:
                key, _, value = line.partition("=")
                self.settings.append(Setting(section, key.strip(), value.strip(), number))
            else:
                self.unreadable.append((number, line))

    def of(self, section: str, key: str) -> list[Setting]:
        """The settings of a key that are in effect: an empty value resets those before it."""
        return self.of_any(section, key)

    def of_any(self, section: str, *keys: str) -> list[Setting]:
        """The settings of keys that are one list: an empty value of any of them resets all before it."""
        found: list[Setting] = []
        for setting in self.settings:
            if setting.section == section and setting.key in keys:
                found.append(setting)
                if not setting.value:
                    found.clear()
        return found

    def last(self, section: str, key: str) -> Setting | None:
        """The setting of a key that takes one value."""
        return next(iter(self.of(section, key)[-1:]), None)

    def replaced(self, section: str, value: Callable[[str], str]) -> UnitFile:
        """The same with other values in a section."""
        found = UnitFile("")
        found.comments, found.unreadable = self.comments, self.unreadable
        found.settings = [
            setting._replace(value=value(setting.value)) if setting.section == section else setting
            for setting in self.settings
        ]
        return found


def _lines(text: str, comments: list[str]) -> Iterator[tuple[int, str]]:
    """Lines that are not blank; comments are put aside, also those in the middle of a continued line."""
    begun, first = "", 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if line.startswith(("#", ";")):
            if words := line.lstrip("#; \t"):
                comments.append(words)
            continue
        first = first or number
        if (len(line) - len(line.rstrip("\\"))) % 2:
            begun += line[:-1] + " "
            continue
        if begun + line:
            yield first, (begun + line).strip()
        begun, first = "", 0
    if begun.strip():
        yield first, begun.strip()


def seconds_of(text: str) -> float | None:
    """A time span such as `1h 30min` or `90` in seconds; None when it is not one, or infinite."""
    if not text or not re.fullmatch(rf"(?:\s*+{_SPAN.pattern})++\s*", text, re.IGNORECASE):
        return None
    total = 0.0
    for number, unit in _SPAN.findall(text):
        factor = _SECONDS.get(unit) or _SECONDS.get(unit.lower())
        if factor is None:
            return None
        total += float(number) * factor
    return total


def words_of(text: str) -> list[str] | None:
    """The words of a command line or list, without quotes and escapes; None when one of these is not valid."""
    found = raw_words_of(text)
    try:
        return None if found is None else [_bare(word) for word in found]
    except ValueError:
        return None


def raw_words_of(text: str) -> list[str] | None:
    """The words as written; None when a quote is not closed."""
    found, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _WORD.match(text, position)
        if match is None:
            return None
        found.append(match[1])
        position = match.end()
    return found


def _bare(word: str) -> str:
    return ";" if word == "\\;" else "".join(_unescaped("".join(parts)) for parts in _PART.findall(word))


def _unescaped(text: str) -> str:
    """The text without escapes; that of NUL is none. ValueError for what is not text."""

    def character(match: re.Match[str]) -> str:
        codes, short, long, other = match.groups()
        if other is not None:
            return _ESCAPED.get(other, other if other in "\\\"'" else f"\\{other}")
        numbers = [int(code[1:], 16) if code[0] == "x" else int(code, 8) for code in (codes or "").split("\\")[1:]]
        found = bytes(numbers).decode() if codes else chr(int(short or long, 16))
        return match[0] if "\0" in found else found.encode().decode()

    return _ESCAPE.sub(character, text)
