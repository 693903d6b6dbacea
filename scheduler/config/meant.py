"""What a person who wrote something most likely means, to be advised where that cannot be used."""

from __future__ import annotations

import re
import zoneinfo

from scheduler.errors import nearest
from scheduler.schedule import DurationError, parse_duration

FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
CLOCK = r"([0-9]{1,3}):([0-5]?[0-9])(?::([0-5]?[0-9]))?"
"""A number that YAML 1.1 reads in sixties, like 1:30."""

_OFFSET = r"(?ai)(?:UTC|GMT)?([+-])(\d{1,2})(?::?00)?"
_LONG_NAME = r"[a-z_-]{5,}"
_UNIT_WORDS = {"s": "s", "sec": "s", "m": "m", "min": "m", "h": "h", "hour": "h", "hr": "h", "d": "d", "day": "d"}
_SPELLED = r"(?i)([0-9]+(?:\.[0-9]+)?)\s*(s|sec|m|min|h|hr|hour|d|day)(?:ond|ute)?s?"


def duration_meant(text: str) -> str:
    """Always a duration; or two of them."""
    if match := re.fullmatch(CLOCK, text):
        first, second, third = (int(part or 0) for part in match.groups())
        if match[3]:
            return f"{first}h{second}m{third}s"
        return f"{first}h{second}m, or {first}m{second}s"
    meant = f"{text}s" if re.fullmatch(FLOAT, text) else text
    if match := re.fullmatch(_SPELLED, text.strip()):
        meant = match[1] + _UNIT_WORDS[match[2].lower()]
    try:
        parse_duration(meant)
    except DurationError as error:
        return error.nearest or "10m"
    return meant


def offset_meant(text: str) -> str | None:
    """The zone of an offset in whole hours, which POSIX counts to the west: `UTC+2` is Etc/GMT-2."""
    match = re.fullmatch(_OFFSET, text.strip())
    zone = match and f"Etc/GMT{'-' if match[1] == '+' else '+'}{int(match[2])}"
    return zone if zone in zoneinfo.available_timezones() else None


def zone_meant(text: str) -> str | None:
    """The zone of this city, or of one whose name is much alike: in the area that is named, where there is such."""
    by_lower = {name.lower(): name for name in sorted(zoneinfo.available_timezones())}
    lower = text.strip().lower().replace(" ", "_")
    if lower in by_lower:
        return by_lower[lower]
    area, _, city = lower.rpartition("/")
    cities = {name.rpartition("/")[2]: name for name in by_lower if re.match(r"(?!etc/).+/", name)}
    if city in cities:
        return by_lower[cities[city]]
    if not re.fullmatch(_LONG_NAME, city):
        return None  # an abbreviation is like many others that mean something else
    near = {name.rpartition("/")[2]: name for name in by_lower if name.startswith(f"{area}/")} or cities
    return by_lower.get(near.get(nearest(city, near, 0.75) or "", ""))
