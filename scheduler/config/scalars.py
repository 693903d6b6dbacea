"""Scalars of a fixed shape: text, names, paths, booleans, numbers and choices, each with the error it raises."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

NULLS = {"null", "Null", "NULL", "~"}
TRUE = {"true", "True", "TRUE"}
FALSE = {"false", "False", "FALSE"}
INTEGER = r"[-+]?(0|[1-9][0-9]*)"
OCTAL_LOOKING = r"0[0-9_]+|0o[0-7]+"
FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
CLOCK = r"([0-9]{1,3}):([0-5]?[0-9])(?::([0-5]?[0-9]))?"
"""A number in base 60 for YAML 1.1, such as 1:30."""

_LARGEST = 10**18 - 1
_DIGITS = 20  # of a number's text, with its sign: enough to see that it is beyond the largest
_MOST_NAMED = 10  # longer than this is only the list of warnings
_LONGEST_TEXT = 128 * 1024  # of one argument of a program, in Linux (MAX_ARG_STRLEN)


class InvalidValueError(Exception):
    """Why a value is not valid, and what may replace it.

    `candidate` is a replacement in the syntax of the file. `kind` names a function of `value_suggestions` that finds
    more of them, with `in_list` for an item in the place of a list. `end` is the end of the text to replace, where that
    is beyond the end of the value.
    """

    def __init__(
        self, message: str, *, kind: str = "", candidate: str = "", in_list: bool = False, end: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.candidate = candidate
        self.in_list = in_list
        self.end = end


class Kind(msgspec.Struct, frozen=True):
    """One kind of scalar: its name in messages, and its reader, which gets the text and whether it has no quotes."""

    name: str
    read: Callable[[str, bool], Any]


def is_null(text: str) -> bool:
    """Whether an unquoted word is YAML's null."""
    return text in NULLS


def read_text(text: str, _plain: bool) -> str:
    """Any text that can be passed to a program."""
    if "\0" in text:
        raise InvalidValueError("must not contain a NUL character")
    if len(text) > _LONGEST_TEXT:
        raise InvalidValueError(f"longer than the {_LONGEST_TEXT // 1024} KiB that Linux passes to a program")
    return text


def read_name(text: str, plain: bool) -> str:
    """A name that is not empty."""
    if not text.strip():
        raise InvalidValueError("must not be empty; null means none")
    _refuse_boolean(text, plain, "name")
    return read_text(text, plain)


def _refuse_boolean(text: str, plain: bool, kind: str) -> None:
    if plain and text in TRUE | FALSE:
        raise InvalidValueError(f"must be a {kind}, not true or false; use quotes if that is the {kind}")


def read_path(text: str, plain: bool) -> str:
    """A path as written."""
    if not text:
        raise InvalidValueError("must not be empty")
    _refuse_boolean(text, plain, "path")
    if text.startswith("~"):
        raise InvalidValueError("~ is not expanded; write an absolute path, or one relative to this file")
    return read_text(text, plain)


def _read_boolean(text: str, plain: bool) -> bool:
    if plain and text in TRUE:
        return True
    if plain and text in FALSE:
        return False
    message = "must be true or false" if plain or text not in TRUE | FALSE else "must be true or false, without quotes"
    raise InvalidValueError(message, kind="boolean")


def integer(low: int | None, high: int | None) -> Kind:
    """A whole number within limits, both included."""
    if low is not None and high is not None:
        name = f"a whole number from {low} to {high}"
    else:
        name = "a whole number" if low is None else f"a whole number, at least {low}"
    lowest, highest = -_LARGEST if low is None else low, _LARGEST if high is None else high

    def is_allowed(digits: str) -> bool:
        return len(digits) <= _DIGITS and lowest <= int(digits) <= highest

    def read(text: str, _plain: bool) -> int:
        if re.fullmatch(INTEGER, text) and is_allowed(text):
            return int(text)
        if re.fullmatch(OCTAL_LOOKING, text):
            message = "a number must not start with 0: some YAML parsers read it as octal"
            raise InvalidValueError(message, kind="integer")
        raise InvalidValueError(f"must be {name}", kind="integer")

    return Kind(name, read)


def number(low: float | None, high: float | None) -> Kind:
    """A number within limits, both included."""
    name = f"a number from {low:g} to {high:g}" if low is not None and high is not None else "a number"

    def read(text: str, _plain: bool) -> float:
        if re.fullmatch(FLOAT, text) and len(text) <= 64:
            value = float(text)
            if (low is None or value >= low) and (high is None or value <= high):
                return value
        raise InvalidValueError(f"must be {name}", kind="number")

    return Kind(name, read)


def choice(words: type[StrEnum]) -> Kind:
    """One of a few words."""
    known = [word.value for word in words]
    name = f"one of {', '.join(known)}" if len(known) <= _MOST_NAMED else "the code of a warning of `schedctl check`"

    def read(text: str, _plain: bool) -> StrEnum:
        if text in known:
            return words(text)
        raise InvalidValueError(f"must be {name}", kind=",".join(known))

    return Kind(name, read)


TEXT = Kind("text", read_text)
BOOLEAN = Kind("true or false", _read_boolean)
