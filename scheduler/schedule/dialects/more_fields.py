"""Cron expressions with more than five fields: Quartz, Spring, AWS, yacron, and lines of a crontab."""

from __future__ import annotations

import re
from collections.abc import Callable
from zoneinfo import available_timezones

from scheduler.schedule.cron_field import FieldName
from scheduler.schedule.dialects.reading import Dialect, Spec, Translation
from scheduler.schedule.field_parser import WEEKDAY_NAMES
from scheduler.schedule.time_zone import find_zone

Accepts = Callable[[Spec], bool]
"""Whether `parse_schedule` accepts a schedule."""

_FIVE = (FieldName.MINUTE, FieldName.HOUR, FieldName.DAY, FieldName.MONTH, FieldName.DAY_OF_WEEK)
_NAMES = "sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_FIELD = re.compile(rf"(?ai)(?:[\d*?,/#LWH~()-]|{_NAMES})+")
_WEEKDAY_NUMBER = re.compile(r"(?a)(?<![#/\d])\d(?!\d)")
_AWS_CRON = re.compile(r"(?i)cron\(([^()]*)\)")
_AWS_RATE = re.compile(r"(?ai)rate\(\s*(\d+)\s+(minute|hour|day|week)s?\s*\)")
_AWS_AT = re.compile(r"(?ai)at\((\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)\)")
_LIKE_A_ZONE = (
    r"(?:UTC|GMT|utc|gmt)?[+-]\d{1,2}(?::?\d\d)?|[A-Z]{2,5}|[Ll]ocal(?:time)?|"
    r"(?!(?:Sun|Mon|Tue|Wednes|Thurs|Fri|Satur)day)[A-Z][a-z]+(?:[/_][A-Z]\w+)*"
)
_ZONE_PREFIX = re.compile(r"(?:CRON_)?TZ=(\S+)\s+(.+)")


def read_aws(text: str, accepts: Accepts) -> Dialect | None:
    """`rate(5 minutes)`, `cron(0 12 * * ? *)` and `at(2027-01-01T09:00:00)` of AWS EventBridge."""
    if match := _AWS_RATE.fullmatch(text):
        rate = Translation(f"@every {match[1]}{match[2][0].lower()}", converted=("rate",))
        return Dialect("rate(…) is the syntax of AWS; an interval is written with @every", (rate,))
    if match := _AWS_AT.fullmatch(text):
        date = Translation(f"@at {match[1].upper()}")
        return Dialect("at(…) is the syntax of AWS; a single date is written with @at", (date,))
    if match := _AWS_CRON.fullmatch(text):
        words = match[1].split()
        found = _reading(words, (*_FIVE, FieldName.YEAR), accepts, sunday=1) if len(words) == 6 else None
        reason = "cron(…) is the syntax of AWS, which counts the weekdays from Sunday = 1"
        if found is None:
            return Dialect(reason)
        return Dialect(reason, (Translation(found.spec, converted=(*found.converted, "cron")),))
    return None


def read_more_fields(text: str, accepts: Accepts) -> Dialect | None:
    """Six or seven fields, or five followed by a time zone, a user or a command."""
    words = text.split()
    if match := _ZONE_PREFIX.fullmatch(text):
        zone = match[1]
        found = (Translation(match[2], zone, converted=("CRON", "TZ")),) if find_zone(zone) else ()
        return Dialect("the time zone is a separate key", found)
    if len(words) in {6, 7} and all(map(_FIELD.fullmatch, words)):
        return _seconds_or_years(words, accepts)
    if len(words) > 1 and "/" in words[0] and find_zone(words[0]):
        rest_of_text = text.split(maxsplit=1)[1]
        return Dialect("the time zone is a separate key", (Translation(rest_of_text, words[0]),))
    return _several(text, accepts) or _followed_by_more(words, accepts)


def zone_name(word: str) -> str | None:
    """The time zone that a word means in any case and brackets: `utc`, `(UTC)`, `Z`, `europe/berlin`."""
    name = "UTC" if word == "Z" else word.strip("()[]")
    if name.upper() in {"UTC", "GMT"}:
        return name.upper()
    if find_zone(name):
        return None if name == "localtime" else name
    return next((zone for zone in available_timezones() if zone.lower() == name.lower()), None) if "/" in name else None


def _several(text: str, accepts: Accepts) -> Dialect | None:
    """Schedules one after another: `0 9 * * *; 0 17 * * *`. `0 9 * * * and * * * * mon` may mean what both allow."""
    parts = re.split(r"\s*(?:;|&&?|\|\|?|,\s)\s*|\s+(?:and|or|\+)\s+", text)
    if len(parts) == 1 or not all(map(accepts, parts)):
        return None
    is_certain = not any(part.startswith("* ") for part in parts)
    converted = ("and", "or") * len(parts)
    return Dialect(
        "several schedules are written as a list",
        (Translation(tuple(parts), converted=converted),) if is_certain else (),
    )


def _followed_by_more(words: list[str], accepts: Accepts) -> Dialect | None:
    """A schedule followed by a time zone, a user or a command, as in a crontab."""
    count = 5 if not words[0].startswith("@") else 2 if words[0].lower() == "@every" else 1
    first, rest = " ".join(words[:count]), words[count:]
    if not rest or not accepts(first):
        return None
    shown = " ".join(rest)[:40]
    what = "five fields" if count == 5 else "schedule"
    if len(rest) == 1 and (zone := zone_name(rest[0])):
        reason = f"{shown!r} follows the {what}; the time zone is a separate key"
        return Dialect(reason, (Translation(first, zone, converted=("Z",)),))
    is_command = re.match(r"(?:\.{0,2}|~)/[^\d/]|[A-Za-z_]\w*=", rest[0]) is not None
    if count != 5 and not is_command and rest[0] != "root":
        return None
    if len(rest) == 1 and re.fullmatch(_LIKE_A_ZONE, rest[0]):
        return Dialect(f"{shown!r} follows the {what}; a time zone is a separate key, with an IANA name")
    five = (Translation(first, converted=tuple(rest)),)
    if rest[0].startswith("#"):
        return Dialect("a schedule must not contain a comment", five)
    if re.fullmatch(r"[*?,/#\d-]+", rest[0]):
        return None
    if re.fullmatch(r"[;,.!]+", "".join(rest)):
        return Dialect(f"{shown!r} follows the {what}", five)
    if is_command:
        return Dialect(f'{shown!r} follows the {what}; put the command under the key "command"', five)
    if rest[0] == "root":
        keys = 'put a user under the key "user" and the command under "command"'
        return Dialect(f"{shown!r} follows the {what}; {keys}", five)
    return Dialect(f"{shown!r} follows the {what}; command, user, time zone and dates are separate keys")


def _seconds_or_years(words: list[str], accepts: Accepts) -> Dialect | None:
    """The readings of six or seven fields. Quartz and Spring start with seconds, AWS and yacron end with the year."""
    names = (FieldName.SECOND, *_FIVE, FieldName.YEAR)[: len(words)]
    quartz = _reading(words, names, accepts, sunday=1)
    spring = _reading(words, names, accepts, sunday=0) if len(words) == 6 else None
    year_last = _reading(words, (*_FIVE, FieldName.YEAR), accepts, sunday=0) if len(words) == 6 else None
    if quartz and spring and quartz.spec == spring.spec:
        named = {"seconds first": spring, "year last": year_last}
    else:
        named = {"Quartz, Sunday is 1": quartz, "Spring, Sunday is 0": spring, "year last": year_last}
    found = [Translation(one.spec, reading=name, converted=one.converted) for name, one in named.items() if one]
    if not found:
        return None
    if len(found) == 1:
        found = [Translation(found[0].spec, converted=found[0].converted)]
    if len(words) == 7:
        reason = "seven fields are the syntax of Quartz, with seconds and years; a cron expression has five"
    elif len(found) == 1:
        reason = "a cron expression has five fields, without seconds and years; write those by name"
    else:
        reason = "six fields are ambiguous: Quartz and Spring start with seconds, AWS and yacron end with the year"
    return Dialect(reason, tuple(found))


def _reading(words: list[str], names: tuple[FieldName, ...], accepts: Accepts, *, sunday: int) -> Translation | None:
    """What the words mean when they are the fields `names` and weekdays count from `sunday`; None if not valid."""
    given = dict(zip(names, words, strict=True))
    weekday = given[FieldName.DAY_OF_WEEK]
    numbers = _WEEKDAY_NUMBER.findall(weekday)
    if {"8", "9"} & {*numbers} or (sunday == 1 and "0" in numbers):
        return None
    converted: list[str] = []
    if sunday == 1:
        converted += numbers
        given[FieldName.DAY_OF_WEEK] = _WEEKDAY_NUMBER.sub(lambda one: WEEKDAY_NAMES[(int(one[0]) - 1) % 7], weekday)
        if weekday.upper() == "L":
            given[FieldName.DAY_OF_WEEK] = "sat"
        converted.append("L")
    elif numbers and len(words) == 6 and names[0] is FieldName.SECOND:
        converted += [*numbers, "L"]
        given[FieldName.DAY_OF_WEEK] = _WEEKDAY_NUMBER.sub(lambda one: WEEKDAY_NAMES[int(one[0]) % 7], weekday)
    given = {name: "*" if word == "?" and name in _DAYS else word for name, word in given.items()}
    second, year = given.get(FieldName.SECOND, "0"), given.get(FieldName.YEAR, "*")
    if year == "?":
        return None
    spec: Spec = " ".join(given[name] for name in _FIVE)
    if second == "0" and year == "*":
        converted.append("0" if FieldName.SECOND in given else "")
    else:
        # The finest field stays even if it is `*`: without it, its lowest value would be the default.
        kept = [name for name in reversed(FieldName) if name in given and (name is names[0] or given[name] not in "*?")]
        spec = {name.value: given[name] for name in kept}
    return Translation(spec, converted=tuple(converted)) if accepts(spec) else None


_DAYS = {FieldName.DAY, FieldName.DAY_OF_WEEK}
