"""IANA time zones for other names: abbreviations, offsets from UTC, large cities, Windows names, misspellings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from scheduler.suggestion import Replacement
from scheduler.text import typo_of

_OFFSET = r"(?ai)(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?00)?"

ABBREVIATIONS = {
    "EST": "America/New_York", "EDT": "America/New_York", "EST5EDT": "America/New_York", "CDT": "America/Chicago",
    "CST6CDT": "America/Chicago", "MST": "America/Denver", "MDT": "America/Denver", "MST7MDT": "America/Denver",
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "PST8PDT": "America/Los_Angeles",
    "PT": "America/Los_Angeles", "ET": "America/New_York", "HST": "Pacific/Honolulu", "AKST": "America/Anchorage",
    "CET": "Europe/Berlin", "CEST": "Europe/Berlin", "MEZ": "Europe/Berlin", "MESZ": "Europe/Berlin",
    "EET": "Europe/Helsinki", "EEST": "Europe/Helsinki", "WET": "Europe/Lisbon", "WEST": "Europe/Lisbon",
    "MET": "Europe/Berlin", "MSK": "Europe/Moscow", "JST": "Asia/Tokyo", "KST": "Asia/Seoul", "HKT": "Asia/Hong_Kong",
    "SGT": "Asia/Singapore", "AEST": "Australia/Sydney", "AEDT": "Australia/Sydney", "NZST": "Pacific/Auckland",
    "NZDT": "Pacific/Auckland", "UTC": "UTC", "Z": "UTC", "ZULU": "UTC",
}  # fmt: skip
"""Abbreviations with one meaning in common use. CST, IST and BST have several."""

_PLACES = {
    "munich": "Europe/Berlin", "hamburg": "Europe/Berlin", "frankfurt": "Europe/Berlin", "cologne": "Europe/Berlin",
    "germany": "Europe/Berlin", "france": "Europe/Paris", "spain": "Europe/Madrid", "italy": "Europe/Rome",
    "barcelona": "Europe/Madrid", "milan": "Europe/Rome", "lyon": "Europe/Paris", "geneva": "Europe/Zurich",
    "manchester": "Europe/London", "england": "Europe/London", "uk": "Europe/London", "edinburgh": "Europe/London",
    "san_francisco": "America/Los_Angeles", "seattle": "America/Los_Angeles", "california": "America/Los_Angeles",
    "san_diego": "America/Los_Angeles", "las_vegas": "America/Los_Angeles", "portland": "America/Los_Angeles",
    "washington": "America/New_York", "boston": "America/New_York", "miami": "America/New_York",
    "atlanta": "America/New_York", "philadelphia": "America/New_York", "houston": "America/Chicago",
    "dallas": "America/Chicago", "austin": "America/Chicago", "montreal": "America/Toronto",
    "ottawa": "America/Toronto", "rio_de_janeiro": "America/Sao_Paulo", "brasilia": "America/Sao_Paulo",
    "mumbai": "Asia/Kolkata", "delhi": "Asia/Kolkata", "new_delhi": "Asia/Kolkata", "bangalore": "Asia/Kolkata",
    "bengaluru": "Asia/Kolkata", "chennai": "Asia/Kolkata", "hyderabad": "Asia/Kolkata", "india": "Asia/Kolkata",
    "beijing": "Asia/Shanghai", "peking": "Asia/Shanghai", "shenzhen": "Asia/Shanghai", "china": "Asia/Shanghai",
    "osaka": "Asia/Tokyo", "abu_dhabi": "Asia/Dubai", "hanoi": "Asia/Ho_Chi_Minh", "saigon": "Asia/Ho_Chi_Minh",
    "canberra": "Australia/Sydney", "wellington": "Pacific/Auckland", "cape_town": "Africa/Johannesburg",
    "petersburg": "Europe/Moscow", "saint_petersburg": "Europe/Moscow", "kiev": "Europe/Kyiv",
    "w._europe_standard_time": "Europe/Berlin", "central_europe_standard_time": "Europe/Budapest",
    "romance_standard_time": "Europe/Paris", "gmt_standard_time": "Europe/London",
    "eastern_standard_time": "America/New_York", "central_standard_time": "America/Chicago",
    "mountain_standard_time": "America/Denver", "pacific_standard_time": "America/Los_Angeles",
    "tokyo_standard_time": "Asia/Tokyo", "india_standard_time": "Asia/Kolkata",
    "china_standard_time": "Asia/Shanghai", "eastern_time": "America/New_York", "pacific_time": "America/Los_Angeles",
    "central_european_time": "Europe/Berlin", "eastern_time_(us_&_canada)": "America/New_York",
    "central_time_(us_&_canada)": "America/Chicago", "mountain_time_(us_&_canada)": "America/Denver",
    "pacific_time_(us_&_canada)": "America/Los_Angeles", "arizona": "America/Phoenix", "alaska": "America/Anchorage",
    "hawaii": "Pacific/Honolulu", "indiana_(east)": "America/Indiana/Indianapolis",
}  # fmt: skip


def zones_of(text: str, known: AbstractSet[str]) -> Iterator[Replacement]:
    """The zone that a name most likely means."""
    name = text.strip().replace(" ", "_")
    if offset := re.fullmatch(_OFFSET, text.strip()):
        if int(offset[2]) == 0:
            yield Replacement("UTC", converted=(text,))
        return  # a zone with this offset is a guess, and Etc/GMT-2 has its sign reversed
    zone = ABBREVIATIONS.get(name.upper()) or _zone_of_place(name.lower(), known)
    if zone is not None and zone in known:
        yield Replacement(zone, converted=(text,))


def _zone_of_place(name: str, known: AbstractSet[str]) -> str | None:
    by_lower = {zone.lower(): zone for zone in sorted(known)}
    if name in by_lower:
        return by_lower[name]
    area, _, city = name.rpartition("/")
    cities = {zone.rpartition("/")[2]: zone for zone in by_lower if re.match(r"(?!etc/).+/", zone)}
    if city in _PLACES and (not area or _PLACES[city].lower().startswith(area)):
        return _PLACES[city]
    if city in cities and not area:
        return by_lower[cities[city]]
    if len(city) < 5:
        return None  # an abbreviation resembles others with different meanings
    near = {zone.rpartition("/")[2]: zone for zone in by_lower if area and zone.startswith(f"{area}/")}
    if area and not near and (right := typo_of(area, {zone.partition("/")[0] for zone in by_lower if "/" in zone})):
        return by_lower.get(f"{right}/{city}")
    misspelled = typo_of(city, near or cities) if near or not area else None
    return by_lower.get((near or cities)[misspelled]) if misspelled else None
