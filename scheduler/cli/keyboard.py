"""Read single keys from the terminal."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import tty
from types import TracebackType
from typing import Any, Self

ESCAPE = "esc"

_NAMES = {
    b"\x1b": ESCAPE,
    b"\x1b[A": "up",
    b"\x1bOA": "up",
    b"\x1b[B": "down",
    b"\x1bOB": "down",
    b"\x1b[5~": "page up",
    b"\x1b[6~": "page down",
    b"\x1b[H": "home",
    b"\x1bOH": "home",
    b"\x1b[1~": "home",
    b"\x1b[F": "end",
    b"\x1bOF": "end",
    b"\x1b[4~": "end",
    b"\r": "enter",
    b"\n": "enter",
    b"\x7f": "backspace",
    b"\b": "backspace",
}

_TOKENS = re.compile(rb"\x1b[\[O][0-?]*[ -/]*[@-~]|[\x1b\r\n\x7f\b]|[^\x1b\r\n\x7f\b]+")
"""Sequences of a function key, single control characters, and text."""


class Keyboard:
    """The keys of the terminal on stdin; none when stdin is something else. Ctrl-C stays a signal."""

    def __init__(self, wake: int) -> None:
        """`wake` is a descriptor that ends a wait when it can be read."""
        self._wake = wake
        self._fd = sys.stdin.fileno() if sys.stdin.isatty() else None
        self._before: list[Any] = []

    def __enter__(self) -> Self:
        if self._fd is not None:
            self._before = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._fd is not None:
            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)

    def read(self, seconds: float) -> list[str]:
        """The keys that are pressed within that time; returns at the first ones, or when woken."""
        readable, _, _ = select.select([self._wake, *([] if self._fd is None else [self._fd])], [], [], seconds)
        if self._wake in readable:
            os.read(self._wake, 1024)
        if self._fd is None or self._fd not in readable:
            return []
        data = os.read(self._fd, 1024)
        if not data:
            self._fd = None  # the terminal has hung up
        return keys_of(data)


def keys_of(data: bytes) -> list[str]:
    """The keys that a terminal sends as these bytes: characters, and names such as `up` and `enter`."""
    keys: list[str] = []
    for token in _TOKENS.findall(data):
        if token in _NAMES:
            keys.append(_NAMES[token])
        elif not token.startswith(b"\x1b"):
            keys += [letter for letter in token.decode(errors="ignore") if letter.isprintable()]
    return keys
