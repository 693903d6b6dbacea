"""The text of a file: read safely whatever the path turns out to be, and where in it a character stands."""

from __future__ import annotations

import errno
import os
import re
import stat
from bisect import bisect_right
from functools import cached_property
from pathlib import Path

import msgspec

from scheduler.errors import Severity

LARGEST = 16 * 1024 * 1024
"""Bytes; a hundred thousand jobs fit."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_REASONS = {
    errno.ENOENT: "no such file",
    errno.EACCES: "permission denied: schedd may not read it",
    errno.EPERM: "permission denied: schedd may not read it",
    errno.ELOOP: "the symbolic link leads back to itself",
    errno.ENOTDIR: "no such file: a part of its path is not a directory",
    errno.ENAMETOOLONG: "the path is too long",
    errno.ENXIO: "not a regular file but a socket or a device",
}


class UnreadableError(Exception):
    """The file cannot be had as text. `index` is the byte at fault, None where the file as a whole is meant."""

    def __init__(self, reason: str, help: str | None = None, index: int | None = None, text: str = "") -> None:
        super().__init__(reason)
        self.help = help
        self.index = index
        self.text = text


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong at one place of a text; `at` is the index of the character, None for the file as a whole.

    `message` never repeats a value of the file that could be secret. `help` may: what it quotes from the file stands
    in `fill`, and MASK in its place.
    """

    at: int | None
    message: str
    help: str | None = None
    fill: str | None = None
    width: int = 1
    key: str = ""
    severity: Severity = Severity.ERROR
    code: str | None = None


class Source:
    """The text of one file, under the name that people know it by, and what was found wrong in it so far."""

    def __init__(self, shown: str, path: Path, text: str) -> None:
        self.shown = shown
        self.directory = path.parent
        self.text = text
        self.readable = text
        """The same with what is no YAML replaced, character by character, so that a parser comes to the end."""
        self.findings: list[Finding] = []

    def note(
        self,
        at: int | None,
        message: str,
        help: str | None = None,
        *,
        fill: str | None = None,
        width: int = 1,
        key: str = "",
    ) -> None:
        """Record a mistake and go on."""
        self.findings.append(Finding(at=at, message=message, help=help, fill=fill, width=width, key=key))

    def warn(self, at: int | None, message: str, help: str | None, *, code: str, width: int = 1, key: str = "") -> None:
        """Record a doubt."""
        warning = Severity.WARNING
        self.findings.append(
            Finding(at=at, message=message, help=help, width=width, key=key, severity=warning, code=code)
        )

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def position(self, index: int) -> tuple[int, int]:
        """Line and column, counted from 1, of the character at `index`."""
        line = bisect_right(self._line_starts, index)
        return line, index - self._line_starts[line - 1] + 1

    def line_at(self, index: int) -> tuple[int, int]:
        """Where the line that holds `index` begins and ends, its newline not included."""
        start = self._line_starts[bisect_right(self._line_starts, index) - 1]
        end = self.text.find("\n", start)
        end = len(self.text) if end < 0 else end
        return start, end - 1 if end > start and self.text[end - 1] == "\r" else end


def read_text(path: Path) -> str:
    """The content of a regular file in UTF-8, or UnreadableError. Neither waits nor reads without bound."""
    data = _read_bytes(path)
    if data.startswith(_UTF16):
        raise UnreadableError("the file is saved as UTF-16", "save it as UTF-8 in your editor")
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        reason = f"not UTF-8: byte 0x{data[error.start]:02x} cannot stand here"
        before = data[: error.start].decode().removeprefix("\ufeff")
        raise UnreadableError(reason, "save the file as UTF-8 in your editor", len(before), before) from None


def _read_bytes(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK, opening a FIFO would wait for somebody to write to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise UnreadableError(reason(error)) from None
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise UnreadableError("a directory, not a file", "the path of a file in it")
        if not stat.S_ISREG(mode):
            raise UnreadableError("not a regular file but a pipe, a socket or a device")
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UnreadableError(reason(error)) from None
    finally:
        os.close(descriptor)
    if len(data) > LARGEST:
        raise UnreadableError(f"larger than {LARGEST // 1024**2} MiB", "split it into several files under `include`")
    return data


def reason(error: OSError | ValueError) -> str:
    """Why a path cannot be used, in words for the person who wrote it."""
    if isinstance(error, ValueError):
        return "the path holds a NUL byte"
    return _REASONS.get(error.errno or 0) or (error.strerror or "it cannot be read").lower()
