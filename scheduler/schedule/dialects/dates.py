"""Dates as people write them: `25.12.2026`, `Dec 25`, `2026-12-24 to 2026-12-31`, `weekends`."""

from __future__ import annotations

import re
from datetime import date

_LEAP_YEAR = 2024
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_RANGE_SIGNS = re.compile(r"\s*(?:\.\.\.?|\s-\s|–|—|/|\bto\b|\buntil\b|:)\s*")


def read_dates(text: str) -> tuple[str, tuple[str, ...]] | None:
    """A date, yearly date, range or weekday in the syntax of `except`, and what it expresses in another way."""
    found = _range_or_days(text)
    return (found, (text,)) if found else None


def read_date(text: str) -> tuple[str, tuple[str, ...]] | None:
    """A date with its year, and what it expresses in another way."""
    found = _date(text, yearly=False)
    return (found, (text,)) if found else None


def _range_or_days(text: str) -> str | None:
    parts = _RANGE_SIGNS.split(text.strip())
    if len(parts) == 2 and all(parts):
        first, last = (_date(part, yearly=True) for part in parts)
        if not first or not last or len(first) != len(last):
            return None
        return f"{last}..{first}" if len(first) > 5 and first > last else f"{first}..{last}"
    lower = text.strip().lower()
    if lower in {"weekend", "weekends"}:
        return "* * * * sat,sun"
    if re.fullmatch(r"(sun|mon|tue|wed|thu|fri|sat)((day|sday|nesday|rsday|urday)s?)?", lower):
        return f"* * * * {lower[:3]}"
    return _date(text, yearly=True)


def _date(text: str, *, yearly: bool) -> str | None:
    """The date that the text certainly means in another notation."""
    text = text.strip().lower().replace(",", " ")
    year = day = ""
    if match := re.fullmatch(r"(?a)(\d{4})[-/.](\d\d?)[-/.](\d\d?)", text):
        year, month, day = match.groups()
    elif match := re.fullmatch(r"(?a)(\d\d?)\.(\d\d?)\.(\d{4})?", text):
        day, month, year = match.groups(default="")
    elif match := re.fullmatch(r"(?a)(\d\d?)/(\d\d?)/(\d{4})", text):
        month, day, year = match.groups()
        if int(day) <= 12 and day != month:
            return None  # day first or month first
        if int(month) > 12:
            month, day = day, month
    elif match := re.fullmatch(rf"(?a)({_MONTH})\.?\s+(\d\d?)(?:st|nd|rd|th)?(?:\s+(\d{{4}}))?", text):
        month, day, year = match.groups(default="")
    elif match := re.fullmatch(rf"(?a)(\d\d?)(?:st|nd|rd|th)?\.?\s+({_MONTH})\.?(?:\s+(\d{{4}}))?", text):
        day, month, year = match.groups(default="")
    else:
        return None
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3]) + 1
    found = f"{number:02}-{int(day):02}"
    try:
        date(int(year or _LEAP_YEAR), number, int(day))
    except ValueError:
        return None
    return f"{year}-{found}" if year else found if yearly else None
