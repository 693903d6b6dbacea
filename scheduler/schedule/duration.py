"""Durations as text: `90s`, `10m`, `1h30m`, `2d`, `2w`."""

from __future__ import annotations

import re

LONGEST = 36_525 * 86_400.0
"""The longest duration in seconds, a hundred years: every sum of a time and a duration stays in the calendar."""

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SHAPE = (
    r"(?a)(?:(\d+(?:\.\d+)?)w)?(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?"
)
_NUMBER = r"(?a)\d+(?:\.\d+)?"


class DurationError(ValueError):
    """Why a text is not a valid duration; the message never repeats the text.

    `nearest` is the longest duration where the text exceeds it.
    """

    def __init__(self, reason: str, advice: str | None = None, nearest: str | None = None) -> None:
        super().__init__(f"{reason}: {advice}" if advice else reason)
        self.reason = reason
        self.nearest = nearest


def parse_duration(text: str) -> float:
    """Return seconds, rounded to the microsecond. Raises DurationError."""
    text = text.strip()
    if re.fullmatch(_NUMBER, text):
        raise DurationError("a duration needs a unit", "for example 90s, 10m, 1h30m or 2d")
    if text.startswith("-"):
        raise DurationError("a duration cannot be negative")
    match = re.fullmatch(_SHAPE, text) if 0 < len(text) <= 64 else None
    if match is None:
        advice = "write numbers with w, d, h, m, s in this order, for example 90s, 10m, 1h30m or 2d"
        raise DurationError("not a valid duration", advice)
    seconds = sum(float(number) * unit for number, unit in zip(match.groups(), _UNITS.values(), strict=True) if number)
    if seconds > LONGEST:
        raise DurationError("a duration cannot exceed a hundred years (36525d)", nearest="36525d")
    return round(seconds, 6)


def format_duration(seconds: float) -> str:
    """Format seconds in days and smaller units: 5400.0 is `1h30m`, 0.25 is `0.25s`. `parse_duration` is its inverse."""
    microseconds = round(seconds * 1_000_000)
    parts = []
    for letter, unit in list(_UNITS.items())[1:]:
        whole, rest = divmod(microseconds, unit * 1_000_000)
        if letter == "s" and rest:
            parts.append(f"{microseconds / 1_000_000:f}".rstrip("0") + "s")
        elif whole:
            parts.append(f"{whole}{letter}")
        microseconds = rest
    return "".join(parts) or "0s"
