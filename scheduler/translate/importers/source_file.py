"""A file to be imported, the machine on which its jobs will run, and the options of the person who imports it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Protocol

import msgspec

from scheduler.errors import UsageError
from scheduler.translate.job_names import JobNames
from scheduler.translate.translation import Fate, Remark
from scheduler.utf8 import other_encoding

LARGEST = 16 * 1024 * 1024
"""Bytes of a file."""

_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class Dialect(StrEnum):
    """The cron whose reading of a crontab applies, such as what `%` and a backslash before it mean."""

    DEBIAN = "debian"  # \% is %, \\ is \
    CRONIE = "cronie"  # \% is %
    BUSYBOX = "busybox"  # % and \ are ordinary characters; also dcron
    SUPERCRONIC = "supercronic"  # the same; sets no variables, never overlaps, has no directory of its own


class Machine(Protocol):
    """What an importer needs to know about the machine on which the jobs will run."""

    @property
    def timezone(self) -> str:
        """The IANA name of the machine's time zone."""

    def is_user(self, name: str) -> bool:
        """Whether a user has this name."""

    def is_program(self, name: str) -> bool:
        """Whether a program of this name can be run."""

    def home_of(self, user: str | None) -> str | None:
        """The home directory of a user (None: the current one); None when there is no such user."""

    def has_directory(self, path: str) -> bool:
        """Whether a directory exists."""

    def variables_in(self, path: str) -> Collection[str] | None:
        """The names of the variables that an env file sets; None when it cannot be read."""


class SourceFile(msgspec.Struct, frozen=True):
    """The text of a file, and the name under which messages mention it.

    `path` is absolute, empty for standard input. `beside` is the text of a file of the given name in the same
    directory, None when there is none; `together` are the names of the files that are imported with this one.
    """

    name: str
    text: str
    path: str = ""
    beside: Callable[[str], str | None] = lambda _name: None
    together: frozenset[str] = frozenset()

    def note(self, line: int, text: str, why: str) -> Remark:
        """A remark about what is carried over with a difference."""
        return Remark(self.name, line, text, why, Fate.NOTED)

    def refuse(self, line: int, text: str, why: str) -> Remark:
        """A remark about what is not carried over."""
        return Remark(self.name, line, text, why, Fate.REFUSED)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One import: the machine, the names given so far, and options.

    `timezone` and `user_column` are None where they are not given; `dialect` too.
    """

    machine: Machine
    names: JobNames
    timezone: str | None = None
    user_column: bool | None = None
    dialect: Dialect | None = None
    origins: dict[str, tuple[str, ...]] = {}
    """By variable of schedd's environment, where its value comes from, such as a Secret and a key."""

    @property
    def zone(self) -> str:
        """The zone in which a source that names none is read: the one given, else the machine's."""
        return self.timezone or self.machine.timezone


def decode(name: str, data: bytes) -> str:
    """The text of a file in UTF-8, or else in ISO-8859-1. UsageError for a file that is too large, or not text."""
    if len(data) > LARGEST:
        raise UsageError(f"{name}: larger than {LARGEST // 1024**2} MiB")
    if encoding := other_encoding(data):
        raise UsageError(f"{name}: the file is {encoding}; convert it to UTF-8 first")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if _NOT_TEXT.search(text):
        raise UsageError(f"{name}: not a text file")
    return text
