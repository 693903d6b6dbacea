"""The text of a file, read safely from any path, with its findings and the positions of its characters."""

from __future__ import annotations

import errno
import re
from bisect import bisect_right
from functools import cached_property
from pathlib import Path

from scheduler.document.finding import Finding, Fix
from scheduler.errors import Severity
from scheduler.regular_file import read_regular_file
from scheduler.utf8 import other_encoding

LARGEST = 16 * 1024 * 1024
"""Bytes; enough for a hundred thousand jobs."""

_REASONS = {
    errno.ENOENT: "no such file",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ELOOP: "the symbolic link points to itself",
    errno.ENOTDIR: "no such file: part of the path is not a directory",
    errno.ENAMETOOLONG: "the path is too long",
    errno.ENXIO: "not a regular file: a pipe, a socket or a device",
}


class UnreadableError(Exception):
    """The file cannot be read as text.

    `index` is the character at fault (None: the file as a whole), `text` what could be read before it.
    """

    def __init__(self, reason: str, help: str | None = None, index: int | None = None, text: str = "") -> None:
        super().__init__(reason)
        self.help = help
        self.index = index
        self.text = text


class Source:
    """The text of one file, the name shown for it, and what was found in it so far."""

    def __init__(self, shown: str, path: Path, text: str) -> None:
        self.shown = shown
        self.path = path
        self.directory = path.parent
        self.text = text
        self.readable = text
        """The text with its syntax errors replaced by as many harmless characters, so that a parser reaches the end."""
        self.findings: list[Finding] = []
        self.also_read: list[Path] = []
        """Files that were read because this one names them, such as a list of dates."""
        self.ends: dict[int, int] | None = None
        """The ends of the nodes by their starts, once they have been computed."""

    @property
    def has_errors(self) -> bool:
        """Whether an error was found so far."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def error(
        self,
        at: int | None,
        message: str,
        help: str | None = None,
        *,
        fixes: tuple[Fix, ...] = (),
        width: int = 1,
        key: str = "",
    ) -> None:
        """Record an error."""
        self.findings.append(Finding(at, message, help, fixes, width, key))

    def warn(self, at: int | None, message: str, help: str | None, *, code: str, width: int = 1, key: str = "") -> None:
        """Record a warning."""
        severity = Severity.WARNING
        self.findings.append(Finding(at, message, help, width=width, key=key, severity=severity, code=code))

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def position(self, index: int) -> tuple[int, int]:
        """Line and column, counted from 1, of the character at `index`."""
        line = bisect_right(self._line_starts, index)
        return line, index - self._line_starts[line - 1] + 1

    def line_at(self, index: int) -> tuple[int, int]:
        """Start and end of the line that contains `index`, without its newline."""
        start = self._line_starts[bisect_right(self._line_starts, index) - 1]
        end = self.text.find("\n", start)
        end = len(self.text) if end < 0 else end
        return start, end - 1 if end > start and self.text[end - 1] == "\r" else end


def read_text(path: Path) -> str:
    """The content of a regular UTF-8 file. Never blocks and never reads more than LARGEST. Raises UnreadableError."""
    data = _read_bytes(path)
    if encoding := other_encoding(data):
        raise UnreadableError(f"the file is encoded as {encoding}", "save it as UTF-8")
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        reason = f"not valid UTF-8: byte 0x{data[error.start]:02x}"
        before = data[: error.start].decode().removeprefix("\ufeff")
        raise UnreadableError(reason, "save the file as UTF-8", len(before), before) from None


def _read_bytes(path: Path) -> bytes:
    try:
        return read_regular_file(path, LARGEST)
    except FileNotFoundError as error:
        others = (path.with_suffix(suffix) for suffix in (".yaml", ".yml") if path.name)
        help = next((f"did you mean {other.name}?" for other in others if other.is_file()), None)
        raise UnreadableError(reason(error), help) from None
    except (OSError, ValueError) as error:
        too_large = isinstance(error, OSError) and error.errno == errno.EFBIG
        raise UnreadableError(reason(error), "split it with `include`" if too_large else None) from None


def reason(error: OSError | ValueError) -> str:
    """Why a path cannot be used, for the person who wrote it."""
    if isinstance(error, ValueError):
        return "the path contains a NUL byte"
    return _REASONS.get(error.errno or 0) or _lower(error.strerror or "cannot be read")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
