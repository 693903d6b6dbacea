"""`Translation`: a schedule in another syntax, how it is written here, and in which reading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

Spec = str | Mapping[str, str] | tuple["Spec", ...]
"""The argument of `parse_schedule`, lists as tuples."""

_PLAIN = r"[A-Za-z0-9]+(-[A-Za-z0-9]+)?"


class Translation(msgspec.Struct, frozen=True):
    """One reading of a schedule.

    `timezone` is a zone that was part of the text. `reading` names the program that reads it so, where several differ.
    `converted` are the words and numbers of the original that are expressed in another way.
    """

    spec: Spec
    timezone: str = ""
    reading: str = ""
    converted: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The schedule as one line of text, followed by the zone."""
        text = self.spec if isinstance(self.spec, str) else in_flow(self.spec)
        return f"{text} {self.timezone}".rstrip()


class Dialect(NamedTuple):
    """What a text was recognised as: one sentence, and its translations, of which none may be certain."""

    reason: str
    translations: tuple[Translation, ...] = ()


def in_flow(spec: Spec) -> str:
    """The schedule in the flow style of YAML."""
    if isinstance(spec, str):
        return f'"{spec}"'
    if isinstance(spec, tuple):
        return f"[{', '.join(map(in_flow, spec))}]"
    return "{" + ", ".join(f"{name}: {_value(text)}" for name, text in spec.items()) + "}"


def _value(text: str) -> str:
    return text if re.fullmatch(_PLAIN, text) else f'"{text}"'
