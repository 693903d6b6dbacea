"""Text as YAML: plain where every reader takes it for that text, else in quotes or as a block."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scheduler.document.line_context import quote

_PLAIN = re.compile(r"[A-Za-z/](?:[^\s:#]|:(?=\S)|(?<=\S)#| (?=[^\s#]))*")
_PLAIN_IN_FLOW = re.compile(r"-{0,2}[A-Za-z/][\w/.@+-]*", re.ASCII)
_QUANTITY = re.compile(r"(?:\d+(?:\.\d+)?[wdhms])+|\d+[KMGT]", re.ASCII)
_OTHER_TYPES = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}
"""Words that YAML 1.1 or 1.2 does not read as text, in any case."""


def scalar(text: str) -> str:
    """The text as a value on a line of its own, or as a key."""
    return text if _is_plain(text, _PLAIN) else quoted(text)


def flow_scalar(text: str) -> str:
    """The text as an entry between brackets or braces."""
    return text if _is_plain(text, _PLAIN_IN_FLOW) else quoted(text)


def quoted(text: str) -> str:
    """The text in quotes, with escapes for what cannot be printed."""
    return quote(text) if text.isprintable() else '"' + "".join(map(_escaped, text)) + '"'


def block(lead: str, text: str) -> Iterator[str]:
    """The lines of `lead` (such as `command: `) and the text: as a block where it has several lines."""
    body = text.removesuffix("\n")
    lines = body.split("\n")
    # A block cannot hold escapes, and a first line with leading spaces would set its indentation.
    readable = all(line.replace("\t", "").isprintable() for line in lines) and lines[0][:1] not in {"", " ", "\t"}
    if len(lines) == 1 or not readable or not lines[-1]:
        yield lead + scalar(text)
    else:
        yield f"{lead}|-" if body == text else f"{lead}|"
        yield from (f"  {line}" if line else "" for line in lines)


def _is_plain(text: str, plain: re.Pattern[str]) -> bool:
    if _QUANTITY.fullmatch(text):
        return True
    return bool(plain.fullmatch(text)) and text.isprintable() and text.lower() not in _OTHER_TYPES


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return {"\t": "\\t", "\n": "\\n"}.get(character) or f"\\U{ord(character):08x}"
