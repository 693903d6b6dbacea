"""The time zone of this machine, which cron and many other programs follow."""

from __future__ import annotations

import os


def machine_zone() -> str:
    """The value of TZ, which may be no IANA name, else the name behind /etc/localtime, else UTC."""
    return os.environ.get("TZ", "").removeprefix(":") or localtime_zone()


def localtime_zone(path: str = "/etc/localtime") -> str:
    """The name of the zone in /etc/localtime; its rule, such as CET-1CEST, where no name is known; else UTC.

    The file may be a copy, or be mounted over another zone, as `docker run -v /etc/localtime:/etc/localtime` does.
    """
    name = os.path.realpath(path).partition("zoneinfo/")[2]
    if name and not is_utc(name):
        return name
    data = _content(path)
    rule = data.rstrip(b"\n").rpartition(b"\n")[2].decode(errors="replace")
    return "UTC" if not data.startswith(b"TZif") or is_utc(rule) else _name_of(data) or rule


def _name_of(data: bytes) -> str | None:
    """The zone with these data: the one that /etc/timezone names, else the one that others are links to."""
    import zoneinfo  # noqa: PLC0415 - only for a copied file

    named = _content("/etc/timezone").decode(errors="replace").strip()
    tables = (_content(f"{folder}/zone1970.tab").decode(errors="replace") for folder in zoneinfo.TZPATH)
    main = [line.split("\t")[2] for table in tables for line in table.splitlines() if line.count("\t") >= 2]
    for name in (named, *main, *sorted(zoneinfo.available_timezones(), key=lambda name: ("/" not in name, name))):
        if name and not is_utc(name) and any(_content(f"{folder}/{name}") == data for folder in zoneinfo.TZPATH):
            return name
    return None


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except (OSError, ValueError):
        return b""


def is_utc(zone: str) -> bool:
    """Whether a zone of this name shows UTC."""
    return zone.upper().removeprefix("ETC/") in {"", "UTC", "UTC0", "UCT", "ZULU", "UNIVERSAL", "GMT", "GMT0"}
