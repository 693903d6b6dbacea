"""The time zone of this machine, which cron and many other programs follow."""

from __future__ import annotations

import os


def machine_zone() -> str:
    """The value of TZ, which may be no IANA name, else the name behind /etc/localtime, else UTC."""
    return os.environ.get("TZ", "").removeprefix(":") or localtime_zone()


def localtime_zone() -> str:
    """The name behind /etc/localtime, else UTC."""
    return os.path.realpath("/etc/localtime").partition("zoneinfo/")[2] or "UTC"


def is_utc(zone: str) -> bool:
    """Whether a zone of this name shows UTC."""
    return zone.upper().removeprefix("ETC/") in {"", "UTC", "UTC0", "UCT", "ZULU", "UNIVERSAL", "GMT", "GMT0"}
