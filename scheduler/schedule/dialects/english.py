"""English: `every 5 minutes`, `mondays at 9`, `9am`, `on the 1st of the month at 3:30`, `@daily 06:30`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from scheduler.schedule.dialects.reading import Dialect, Translation

_UNITS = {
    "s": "s", "sec": "s", "second": "s", "m": "m", "min": "m", "minute": "m", "h": "h", "hr": "h", "hour": "h",
    "d": "d", "day": "d", "w": "w", "wk": "w", "week": "w",
}  # fmt: skip
_NUMBERS = {
    word: number
    for number, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    )
} | {"fifteen": 15, "twenty": 20, "thirty": 30, "forty-five": 45, "sixty": 60, "a": 1, "an": 1}
_DAYS = {
    **dict.fromkeys(("sunday", "sun"), "sun"),
    **dict.fromkeys(("monday", "mon"), "mon"),
    **dict.fromkeys(("tuesday", "tues", "tue"), "tue"),
    **dict.fromkeys(("wednesday", "weds", "wed"), "wed"),
    **dict.fromkeys(("thursday", "thurs", "thur", "thu"), "thu"),
    **dict.fromkeys(("friday", "fri"), "fri"),
    **dict.fromkeys(("saturday", "sat"), "sat"),
    **dict.fromkeys(("weekday", "workday", "working day", "business day"), "mon-fri"),
    **dict.fromkeys(("weekend",), "sat,sun"),
}
_ALIASES = {
    "minutely": "* * * * *", "every minute": "* * * * *", "hourly": "@hourly", "every hour": "@hourly",
    "daily": "@daily", "every day": "@daily", "weekly": "@weekly", "monthly": "@monthly", "every month": "@monthly",
    "every week": "@weekly", "yearly": "@yearly", "annually": "@yearly", "every year": "@yearly",
    "every weekday": "0 0 * * mon-fri",
    "weekday": "0 0 * * mon-fri", "weekdays": "0 0 * * mon-fri", "weekend": "0 0 * * sat,sun",
    "weekends": "0 0 * * sat,sun", "noon": "0 12 * * *", "midnight": "0 0 * * *", "midday": "0 12 * * *",
    **dict.fromkeys(("startup", "on startup", "at startup", "boot", "on boot", "at boot"), "@reboot"),
    "quarterly": "0 0 1 1,4,7,10 *", "every quarter": "0 0 1 1,4,7,10 *", "every second": "@every 1s",
} | {
    f"once {each} {unit}": alias
    for each in ("a", "an", "per", "every")
    for unit, alias in (
        ("minute", "* * * * *"), ("hour", "@hourly"), ("day", "@daily"), ("week", "@weekly"), ("month", "@monthly"),
        ("year", "@yearly"),
    )
}  # fmt: skip

_DAY = rf"\b(?:{'|'.join(sorted(_DAYS, key=len, reverse=True))})s?\b"
_TIME = r"(?:\d{1,2}:\d\d(?::00)?(?:\s*[ap]\.?m\.?)?|\d{1,2}\s*[ap]\.?m\.?|noon|midnight|midday)"
_HOUR = rf"(?:{_TIME}|\d{{1,2}}(?:\s*o'?clock)?)"
_JOIN = r"(?:\s*,\s*and\s+|\s*,\s*|\s+and\s+|\s*&\s*)"
_RANGE = r"(?:\s*-\s*|\s+to\s+|\s+through\s+|\s+thru\s+|\s+until\s+)"
_ORDINAL = r"(?:\d{1,2}(?:st|nd|rd|th)|first|last)"
_NTH = {"1st": "#1", "2nd": "#2", "3rd": "#3", "4th": "#4", "5th": "#5"}
_NTH |= {"first": "#1", "second": "#2", "third": "#3", "fourth": "#4", "fifth": "#5", "last": "L"}
_EVERY = r"(?:(?:on|every|each)\s+)*(?:the\s+)?"
_OF_MONTH = r"(?:\s+(?:day\s+)?(?:of\s+)?(?:(?:the|each|every|a)\s+)?month)"

_WHEN = (
    rf"(?P<days>{_EVERY}{_DAY}(?:{_RANGE}{_DAY}|(?:{_JOIN}{_EVERY}{_DAY})*))",
    rf"(?P<date>(?:monthly\s+)?{_EVERY}{_ORDINAL}(?:{_JOIN}{_EVERY}{_ORDINAL})*{_OF_MONTH})",
    rf"(?P<on_the>(?:monthly\s+)?on\s+the\s+{_ORDINAL}(?:{_JOIN}(?:the\s+)?{_ORDINAL})*)",
    rf"(?P<nth>{_EVERY}(?:{'|'.join(_NTH)})\s+{_DAY}{_OF_MONTH})",
    r"(?P<daily>daily|every\s+day|each\s+day|everyday)",
)
_CLOCK = rf"(?:\s*,?\s*at\s+(?P<at>{_HOUR}(?:{_JOIN}(?:at\s+)?{_HOUR})*)|\s*,?\s*(?P<bare>{_TIME}(?:{_JOIN}{_TIME})*))"
_WITH_DAY = [re.compile(rf"{when}{_CLOCK}") for when in _WHEN]
_WITH_DAY_LAST = [re.compile(rf"(?:at\s+)?(?P<bare>{_TIME})\s*,?\s+{when}") for when in _WHEN]
_TIME_ONLY = re.compile(rf"at\s+(?P<at>{_TIME}(?:{_JOIN}{_TIME})*)|(?P<bare>{_TIME}(?:{_JOIN}{_TIME})*)")
_PAST_HOUR = re.compile(r"(?:hourly|every hour) at (?::|minute )(?P<minute>[0-5]?\d)")

_AMOUNT = re.compile(r"(?P<number>\d+(?:\.\d+)?|[a-z-]+)[\s-]*(?P<unit>[a-z]+)")
_BETWEEN = re.compile(r"\s*(?:,|and\b)?\s*")
_MONTHS = re.compile(r"\d\s*M\b")
"""`1M` is a month in systemd and elsewhere, and a minute to others."""

_INTERVAL = re.compile(
    r"(?:(?:run )?(?P<every>@?every|each|once (?:every|per|a|an))(?:\s+|[_-]+|(?=\d)))?(?P<amounts>[^\s_-].*)"
)


def read_english(text: str) -> Dialect | None:
    """The meaning of an English phrase, whole or not at all."""
    if _MONTHS.search(text):
        return None
    phrase = " ".join(text.lower().replace("_", " ").split()).removeprefix("@").strip(" .!")
    at = text.lstrip().startswith("@")
    if phrase in _ALIASES and not (at and f"@{phrase}" == _ALIASES[phrase]):
        return Dialect(_REASON, (Translation(_ALIASES[phrase], converted=(phrase,)),))
    if (interval := read_interval(phrase)) and f"@every {interval[0]}" != text:
        return Dialect(INTERVAL, (Translation(f"@every {interval[0]}", converted=interval[1]),))
    if match := _PAST_HOUR.fullmatch(phrase):
        return Dialect(_REASON, (Translation(f"{int(match['minute'])} * * * *", converted=_words(phrase)),))
    for pattern in (*_WITH_DAY, *_WITH_DAY_LAST, _TIME_ONLY):
        if match := pattern.fullmatch(phrase):
            translation = _calendar(match, phrase)
            return Dialect(_REASON, (translation,) if translation else ())
    return None


INTERVAL = "an interval is written with @every"
_REASON = "not a valid schedule; a cron expression has five fields (minute hour day month day-of-week)"


def read_interval(phrase: str) -> tuple[str, tuple[str, ...]] | None:
    """The duration of `5 minutes`, `every 1h 30m` or `once a day`, and the words that it does not repeat."""
    match = _INTERVAL.fullmatch(phrase.strip().lower())
    if match is None or _MONTHS.search(phrase):
        return None
    every = (match["every"] or "").split()
    amounts = match["amounts"]
    if (every[:1] == ["once"] and every[1:] != ["every"]) or (
        every and amounts.rstrip("s") in _UNITS and len(amounts) > 1
    ):
        amounts = f"1 {amounts}"
    found = _amounts(amounts)
    if found is None:
        return None
    duration, converted = found
    return duration, (*converted, *every)


def _amounts(text: str) -> tuple[str, tuple[str, ...]] | None:
    parts: list[str] = []
    converted: list[str] = []
    place = 0
    while place < len(text):
        match = _AMOUNT.match(text, place)
        unit = match and _unit(match["unit"])
        number = match and (match["number"] if match["number"][0].isdigit() else _NUMBERS.get(match["number"]))
        if match is None or unit is None or number is None:
            return None
        parts.append(f"{number}{unit}")
        if not match["number"][0].isdigit():
            converted.append(match["number"])
        between = _BETWEEN.match(text, match.end())
        place = between.end() if between else match.end()
        converted += ["and"] if between and "and" in between[0] else []
    units = [part[-1] for part in parts]
    in_order = units == sorted(set(units), key="wdhms".index)
    return ("".join(parts), tuple(converted)) if parts and in_order else None


def _unit(word: str) -> str | None:
    return _UNITS.get(word) or (_UNITS.get(word[:-1]) if word.endswith("s") and len(word) > 2 else None)


def _calendar(match: re.Match[str], phrase: str) -> Translation | None:
    groups = match.groupdict()
    times = _times(groups.get("at") or groups.get("bare") or "")
    if times is None:
        return None
    day, day_of_week = "*", "*"
    if groups.get("days"):
        day_of_week = _weekdays(groups["days"])
    if groups.get("nth"):
        day_of_week = _weekdays(groups["nth"]) + next(_NTH[word] for word in groups["nth"].split() if word in _NTH)
    if date := groups.get("date") or groups.get("on_the"):
        day = ",".join(_ordinals(date))
    by_minute: dict[int, set[int]] = {}
    for hour, minute in times.found:
        by_minute.setdefault(minute, set()).add(hour)
    texts = [
        f"{minute} {','.join(map(str, sorted(hours)))} {day} * {day_of_week}" for minute, hours in by_minute.items()
    ]
    # Times with the same minute share a field.
    repeated = (str(minute) for minute, hours in by_minute.items() for _ in range(len(hours) - 1))
    converted = (*_words(phrase), *times.converted, *repeated)
    return Translation(texts[0] if len(texts) == 1 else tuple(texts), converted=converted)


class _Times(NamedTuple):
    """Hours and minutes, and the numbers of the text that they express in another way."""

    found: list[tuple[int, int]]
    converted: list[str]


def _times(text: str) -> _Times | None:
    times = _Times([], [])
    for part in re.split(_JOIN, text):
        word = part.strip().removeprefix("at ").strip()
        if word in {"noon", "midday", "midnight"}:
            times.found.append((0 if word == "midnight" else 12, 0))
            continue
        match = re.fullmatch(r"(\d{1,2})(?::(\d\d)(:00)?)?\s*(?:([ap])\.?m\.?|o'?clock)?", word)
        if match is None:
            return None
        hour, minute = int(match[1]), int(match[2] or 0)
        if match[4]:
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if match[4] == "p" else 0)
        if hour > 23 or minute > 59:
            return None
        times.found.append((hour, minute))
        times.converted.extend(["0"] if match[3] else [])
        times.converted.extend([match[1]] if hour != int(match[1]) else [])
    return times


def _weekdays(text: str) -> str:
    days = re.findall(_DAY, text)
    named = [_DAYS.get(day) or _DAYS[day.removesuffix("s")] for day in days]
    ranged = re.search(rf"{_DAY}{_RANGE}{_DAY}$", text)
    return "-".join(named) if ranged and len(named) == 2 else ",".join(named)


def _ordinals(text: str) -> Iterable[str]:
    for word in re.findall(_ORDINAL, text):
        yield {"first": "1", "last": "L"}.get(word) or str(int(re.sub(r"\D", "", word)))


def _words(phrase: str) -> tuple[str, ...]:
    """All words of a phrase that was read as a whole."""
    return tuple(re.findall(r"[^\W\d_]+", phrase))
