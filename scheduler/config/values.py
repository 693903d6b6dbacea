"""What one scalar means, for each kind of key: text to a value, or one sentence and what to write instead."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from scheduler.config.suggest import CLOCK, FLOAT, duration_meant, offset_meant, zone_meant
from scheduler.errors import MASK
from scheduler.schedule import DurationError, find_zone, parse_duration
from scheduler.text import nearest

_NULLS = {"null", "Null", "NULL", "~"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_YES = {"yes", "on", "y", "1"}
_NO = {"no", "off", "n", "0"}
_INTEGER = r"[-+]?(0|[1-9][0-9]*)"
_OCTAL_LOOKING = r"0[0-9_]+|0o[0-7]+"
_SIZE = r"(?i)([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(i?)(B?)"
_MODE = r"(?:0o?)?([0-7]{1,3})"
_FUNCTION = r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*"
_PYTHON_FILE = r"(?:\./)?([\w/]+)\.py(?::(\w+))?"
_LARGEST = 10**18 - 1
_DIGITS = 20  # of a number's text, with its sign: enough to see that it is beyond the largest
_NOTHING = r"[0.]+[dhms]"
_LONGEST_TEXT = 128 * 1024  # of one argument of a program, in Linux (MAX_ARG_STRLEN)


class Mistake(Exception):  # noqa: N818 - a person's, not the program's
    """Why a value cannot be used, and what could stand in its place; in `write`, MASK stands for `fill`."""

    def __init__(self, message: str, help: str | None = None, fill: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.fill = fill


class Kind(NamedTuple):
    """One kind of scalar: what to call it, an example, and how its text is read, which had quotes or was plain."""

    needs: str
    example: str
    read: Callable[[str, bool], Any]


def is_null(text: str) -> bool:
    """Whether an unquoted word is YAML's null."""
    return text in _NULLS


def _text(text: str, _plain: bool) -> str:
    if "\0" in text:
        raise Mistake("a NUL character cannot be handed to a program")
    if len(text) > _LONGEST_TEXT:
        raise Mistake(f"longer than the {_LONGEST_TEXT // 1024} KiB that Linux hands to a program")
    return text


def _name(text: str, plain: bool) -> str:
    if not text.strip():
        raise Mistake("the name is empty; null is none", "null")
    return _text(text, plain)


def _path(text: str, plain: bool) -> str:
    if not text:
        raise Mistake("the path is empty")
    if text.startswith("~"):
        raise Mistake("~ is not expanded here, since the daemon's home is not yours", "/home/NAME" + text[1:])
    return _text(text, plain)


def _boolean(text: str, plain: bool) -> bool:
    if plain and text in _TRUE:
        return True
    if plain and text in _FALSE:
        return False
    lower = text.lower()
    if lower in _TRUE | _YES or lower in _FALSE | _NO:
        what = "a boolean to some readers of YAML and a text to others" if plain else "a text, since it has quotes"
        raise Mistake(f"{text} is {what}; here it is true or false", str(lower in _TRUE | _YES).lower())
    raise Mistake("it is true or false, nothing else", "true")


def integer(low: int | None, high: int | None) -> Kind:
    """A whole number within limits, both included."""
    if low is not None and high is not None:
        needs = f"a whole number from {low} to {high}"
    else:
        needs = "a whole number" if low is None else f"a whole number of at least {low}"
    lowest, highest = -_LARGEST if low is None else low, _LARGEST if high is None else high
    example = str(max(low or 0, min(2, highest)))

    def allowed(digits: str) -> int:
        return max(lowest, min(int(digits[:_DIGITS]), highest))

    def read(text: str, _plain: bool) -> int:
        if re.fullmatch(_INTEGER, text):
            value = allowed(text)
            if value == int(text[:_DIGITS]):
                return value
            raise Mistake(f"{needs} is needed here", str(value))
        if re.fullmatch(_OCTAL_LOOKING, text):
            decimal = text.lstrip("0o").replace("_", "") or "0"
            raise Mistake("a number that begins with 0 is octal to some and decimal to others", str(allowed(decimal)))
        if match := re.fullmatch(CLOCK, text):
            value = 0
            for part in filter(None, match.groups()):
                value = value * 60 + int(part)
            raise Mistake(f"{needs} is needed here; {text} is {value} to some readers of YAML", example)
        digits = text.replace("_", "").replace(",", "")
        meant = str(allowed(digits)) if re.fullmatch(_INTEGER, digits) else example
        raise Mistake(f"{needs} is needed here", meant)

    return Kind(needs, example, read)


def number(low: float | None, high: float | None) -> Kind:
    """A number within limits, both included."""
    needs = f"a number from {low:g} to {high:g}" if low is not None and high is not None else "a number"

    def read(text: str, _plain: bool) -> float:
        if re.fullmatch(FLOAT, text) and len(text) <= 64:
            value = float(text)
            if (low is None or value >= low) and (high is None or value <= high):
                return value
        raise Mistake(f"{needs} is needed here", "2")

    return Kind(needs, "2", read)


def choice(words: type[StrEnum]) -> Kind:
    """One of a few words."""
    known = [word.value for word in words]
    needs = f"one of {', '.join(known)}"

    def read(text: str, _plain: bool) -> StrEnum:
        if text in known:
            return words(text)
        near = _FOREIGN_CHOICES.get(text.lower()) or nearest(text.lower(), known)
        raise Mistake(f"it is {needs}", near if near in known else known[0])

    return Kind(needs, known[0], read)


_FOREIGN_CHOICES = {
    "forbid": "skip",
    "none": "discard",
    "null": "discard",
    "parallel": "allow",
    "kill": "stop",
    "cancel": "stop",
}


@lru_cache(maxsize=4096)
def _duration(text: str, _plain: bool) -> float:
    try:
        return parse_duration(text)
    except DurationError as error:
        raise Mistake(error.reason, duration_meant(text)) from None


def _above_nothing(reason: str, help: str) -> Callable[[str, bool], float]:
    """Reads a duration that cannot be 0s, for the reason given."""

    def read(text: str, plain: bool) -> float:
        try:
            seconds: float = _duration(text, plain)
        except Mistake as mistake:
            if not re.fullmatch(_NOTHING, mistake.help or ""):
                raise
            seconds = 0
        if seconds == 0:
            raise Mistake(reason, help)
        return seconds

    return read


_limit = _above_nothing("a limit of nothing would end everything at once; null is no limit", "null")
_deadline = _above_nothing("nothing begins or ends within 0s", "1s")


@lru_cache(maxsize=1024)
def _size(text: str, _plain: bool) -> int:
    match = re.fullmatch(_SIZE, text)
    if match is None or (match[3] and not match[2]):
        raise Mistake("a size is a number with K, M, G or T", "512M")
    if not match[2]:
        raise Mistake("a size needs a unit", f"{match[1]}M")
    if match[3] or match[4] or match[2].islower() or " " in text:
        raise Mistake("a size is a number with K, M, G or T, which count in 1024s", match[1] + match[2].upper())
    size = int(float(match[1]) * 1024 ** ("KMGT".index(match[2]) + 1))
    if not 1024 <= size < 2**63:
        raise Mistake("no process can have this size", "512M")
    return size


def _mode(text: str, _plain: bool) -> int:
    match = re.fullmatch(_MODE, text)
    if match is None:
        raise Mistake("a mask is three octal digits", "027")
    return int(match[1], 8)


@lru_cache(maxsize=1024)
def _zone(text: str, _plain: bool) -> zoneinfo.ZoneInfo:
    zone = find_zone(text)
    if zone is None:
        meant = offset_meant(text)
        also = ", and those that begin with Etc/GMT have their sign turned" if meant else ""
        raise Mistake(f"no such time zone; names are like Europe/Berlin{also}", meant or zone_meant(text))
    return zone


def _function(text: str, _plain: bool) -> str:
    if re.fullmatch(_FUNCTION, text):
        return text
    if file := re.fullmatch(_PYTHON_FILE, text.strip()):
        module, name = file[1].replace("/", "."), file[2] or "function"
    else:
        module, _, name = text.partition("(")[0].strip().rpartition(".")
    meant = f"{module}:{name}"
    raise Mistake(
        "a Python function is named module:function",
        meant if re.fullmatch(_FUNCTION, meant) else "package.module:function",
    )


def _url(text: str, _plain: bool) -> str:
    """No message repeats it: addresses of hooks are secrets."""
    if not (re.fullmatch(r"https?://[^\s/?#]+\S*", text) and text.isascii() and text.isprintable()):
        raise Mistake("an address begins with https:// or http:// and has no spaces", "https://…")
    try:
        parts = urlsplit(text)
        if parts.hostname and parts.port != 0:
            return text
    except ValueError:  # a bracket without its partner, or a port beyond 65535
        pass
    raise Mistake("no host is named by this address, or no port that there is", "https://HOST:PORT/…")


def _apprise(text: str, plain: bool) -> str:
    """Of an address without a scheme nobody could say which part may be shown."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://.", text):
        return _text(text, plain)
    raise Mistake("an address of apprise begins with the name of a service", "slack://…")


def _address(text: str, _plain: bool) -> str:
    if re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+", text) and text.isprintable():
        return text
    raise Mistake("a mail address is needed here", "ops@example.com")


def json_value(text: str, plain: bool) -> Any:
    """What an unquoted word in `args` and `kwargs` stands for: JSON's null, true, false, numbers, else text.

    Words that readers of YAML do not agree about are refused. No message repeats the word: it may be secret.
    """
    if not plain:
        return text
    if text in _NULLS:
        return None
    if text in _TRUE | _FALSE:
        return text in _TRUE
    if re.fullmatch(_INTEGER, text):
        return int(text) if len(text) <= 18 else text
    if re.fullmatch(_OCTAL_LOOKING, text) or (re.fullmatch(CLOCK, text) and not text.startswith("0")):
        raise Mistake("a number to some readers of YAML and a text to others", f'"{MASK}" for the text', fill=text)
    if text.lower() in {"yes", "no", "on", "off", "y", "n"}:
        raise Mistake(
            "a boolean to some readers of YAML and a text to others",
            f'"{MASK}" for the text, or true or false',
            fill=text,
        )
    if re.fullmatch(FLOAT, text):
        return float(text)
    if text.lower().lstrip("+-") in {".inf", ".nan"}:
        raise Mistake(
            "JSON, in which arguments are handed over, has no such number", f'"{MASK}" for the text', fill=text
        )
    return text


TEXT = Kind("a text", "text", _text)
BOOLEAN = Kind("true or false", "true", _boolean)
KINDS = {
    "text": TEXT,
    "name": Kind("a text", "text", _name),
    "path": Kind("a path", "path/of/a/file", _path),
    "duration": Kind("a duration", "10m", _duration),
    "limit": Kind("a duration", "10m", _limit),
    "deadline": Kind("a duration", "10m", _deadline),
    "size": Kind("a size", "512M", _size),
    "mode": Kind("three octal digits", "027", _mode),
    "zone": Kind("a time zone", "Europe/Berlin", _zone),
    "url": Kind("an address", "https://…", _url),
    "apprise": Kind("an address of apprise", "slack://…", _apprise),
    "address": Kind("a mail address", "ops@example.com", _address),
    "function": Kind("a Python function", "package.module:function", _function),
}
"""By the name that the spec gives each."""
