"""The time zone of this machine, which cron and many other programs follow."""

from __future__ import annotations

import os


def machine_zone() -> str:
    """The value of TZ, which may be no IANA name, else the name behind /etc/localtime, else UTC."""
    named = os.environ.get("TZ", "").removeprefix(":")
    place = os.path.realpath("/etc/localtime")
    return named or place.partition("zoneinfo/")[2] or "UTC"


def is_utc(zone: str) -> bool:
    """Whether a zone of this name shows UTC."""
    return zone.upper().removeprefix("ETC/") in {"", "UTC", "UTC0", "UCT", "ZULU", "UNIVERSAL", "GMT", "GMT0"}
