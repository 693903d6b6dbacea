"""The progress of work that takes longer than a second, with an estimate of the time that is left."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from scheduler.cli import times

QUIET = 1.0
"""Seconds before the first line: short work prints none."""

INTERVAL = 0.2
"""Seconds between updates."""

ERASE = "\r\x1b[K"


class Progress:
    """A line on stderr, if that is a terminal: `simulating: 42%, about 12s left`. It is erased at the end."""

    def __init__(self, work: str) -> None:
        self._work = work
        self._begun = time.monotonic()
        self._due = self._begun + QUIET if sys.stderr.isatty() else float("inf")
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._shown:
            sys.stderr.write(ERASE)
            sys.stderr.flush()

    def reached(self, share: float) -> None:
        """Say that this share of the work, 0 to 1, is done."""
        now = time.monotonic()
        if now < self._due or not 0 < share <= 1:
            return
        self._due, self._shown = now + INTERVAL, True
        left = times.span(round((now - self._begun) * (1 - share) / share))
        sys.stderr.write(f"{ERASE}{self._work}: {share:.0%}, about {left} left")
        sys.stderr.flush()
