"""systemd's calendar expressions (`Mon *-*-1..7 09:00`) as schedules."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from scheduler.schedule import find_zone
from scheduler.translate.translation import Value

_SHORTHANDS = {
    "minutely": "*-*-* *:*:00",
    "hourly": "*-*-* *:00:00",
    "daily": "*-*-* 00:00:00",
    "weekly": "Mon *-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00",
    "quarterly": "*-01,04,07,10-01 00:00:00",
    "semiannually": "*-01,07-01 00:00:00",
    "semi-annually": "*-01,07-01 00:00:00",
    "biannually": "*-01,07-01 00:00:00",
    "bi-annually": "*-01,07-01 00:00:00",
    "yearly": "*-01-01 00:00:00",
    "annually": "*-01-01 00:00:00",
    "anually": "*-01-01 00:00:00",
}
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FULL_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_ITEM = re.compile(r"(?P<start>\d+)(?:\.\.(?P<end>\d+))?(?:/(?P<step>\d+))?", re.ASCII)
_WORD = r"[a-z]+(?:(?:\.\.|-)[a-z]+)?"
_WEEKDAY_PART = re.compile(rf"{_WORD}(?:,(?:{_WORD})?)*", re.IGNORECASE)
_DATE = re.compile(r"(?:(?P<year>[^-~]+)-)?(?P<month>[^-~]+)(?P<end>[-~])(?P<day>[^-~]+)")
_EVERY_DAY = frozenset(range(1, 32))
_EVERY_WEEKDAY = frozenset(range(7))


class OnCalendarError(Exception):
    """Why an expression cannot be carried over."""


class _Component(NamedTuple):
    """Values of one part, and the same in the syntax of cron."""

    values: frozenset[int]
    text: str


class OnCalendar(NamedTuple):
    """The schedules of one expression, of which any is enough, and the time zone that it names."""

    schedules: list[Value]
    zone: str | None


def read_on_calendar(expression: str) -> OnCalendar:
    """The schedules that together have the times of the expression. OnCalendarError when there are none."""
    if epoch := re.fullmatch(r"@(\d{1,11})", expression, re.ASCII):
        return OnCalendar([f"@at {datetime.fromtimestamp(int(epoch[1]), UTC):%Y-%m-%dT%H:%M:%SZ}"], None)
    words = expression.split()
    zone = words.pop() if len(words) > 1 and _is_zone(words[-1]) else None
    if len(words) == 1:
        words = _SHORTHANDS.get(words[0].lower(), words[0]).split()
    weekdays = _weekdays(words.pop(0)) if words and _WEEKDAY_PART.fullmatch(words[0]) else _EVERY_WEEKDAY
    date = words.pop(0) if words and ":" not in words[0] else "*-*-*"
    time = words.pop(0) if words else "00:00:00"
    if words or not expression.strip():
        raise OnCalendarError("not a calendar expression")
    return OnCalendar(_schedules(weekdays, _date(date), _time(time)), zone)


def _is_zone(word: str) -> bool:
    is_weekday = word.lower() in {*_WEEKDAYS, *_FULL_WEEKDAYS}
    return not is_weekday and not re.match(r"[\d*]|.*[:~]", word) and find_zone(word) is not None


def _weekdays(text: str) -> frozenset[int]:
    found: set[int] = set()
    for item in filter(None, text.lower().split(",")):
        first, _, last = item.replace("..", "-").partition("-")
        start, end = _weekday(first), _weekday(last or first)
        # systemd's week begins with Monday.
        if (start - 1) % 7 > (end - 1) % 7:
            raise OnCalendarError(f"the range {item} is reversed")
        found |= {(day + 1) % 7 for day in range((start - 1) % 7, (end - 1) % 7 + 1)}
    return frozenset(found)


def _weekday(name: str) -> int:
    for names in (_WEEKDAYS, _FULL_WEEKDAYS):
        if name in names:
            return names.index(name)
    raise OnCalendarError(f"unknown weekday {name}")


class _Date(NamedTuple):
    year: _Component
    month: _Component
    day: _Component
    from_end: bool


def _date(text: str) -> _Date:
    match = _DATE.fullmatch(text) or (re.fullmatch(r"(?P<year>\*)-(?P<month>\*)(?P<end>)(?P<day>)", text))
    if match is None:
        raise OnCalendarError(f"the date {text} cannot be read")
    from_end = match["end"] == "~"
    year = _component(match["year"] or "*", 1970, 2199, years=True)
    day = _from_end(match["day"]) if from_end else _component(match["day"] or "*", 1, 31)
    return _Date(year, _component(match["month"], 1, 12), day, from_end)


def _time(text: str) -> tuple[_Component, _Component, _Component]:
    parts = text.split(":")
    if not 2 <= len(parts) <= 3:
        raise OnCalendarError(f"the time {text} cannot be read")
    if "." in (parts[2].replace("..", "") if len(parts) > 2 else ""):
        raise OnCalendarError("fractions of a second have no equivalent")
    second = _component(parts[2] if len(parts) > 2 else "0", 0, 59)
    return _component(parts[0], 0, 23), _component(parts[1], 0, 59), second


def _component(text: str, low: int, high: int, *, years: bool = False) -> _Component:
    """A part such as `*`, `1,3`, `8..17/2` or `0/15`, which goes on to the highest value."""
    values: set[int] = set()
    texts = []
    for item in text.split(","):
        match = _ITEM.fullmatch(item)
        if item == "*":
            start, end, step = low, high, 1
        elif match is None:
            raise OnCalendarError(f"{item} cannot be read")
        else:
            start, step = _year(match["start"]) if years else int(match["start"]), int(match["step"] or 1)
            last = match["end"] or (None if match["step"] else match["start"])
            end = high if last is None else _year(last) if years else int(last)
        if not low <= start <= end <= high or not step:
            raise OnCalendarError(f"{item} is out of range ({low}-{high}), or reversed")
        values |= set(range(start, end + 1, step))
        texts.append(_cron_item(start, end, step, low, high))
    return _Component(frozenset(values), "*" if "*" in texts else ",".join(texts))


def _year(text: str) -> int:
    number = int(text)
    return number + (2000 if number < 70 else 1900) if number < 100 else number


def _cron_item(start: int, end: int, step: int, low: int, high: int) -> str:
    if start == end:
        return str(start)
    span = "*" if (start, end) == (low, high) else f"{start}-{end}"
    return span if step == 1 else f"{span}/{step}"


def _from_end(text: str) -> _Component:
    """Days counted from the last one, which is 1: `~07/1` are the last seven days."""
    values: set[int] = set()
    for item in text.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise OnCalendarError(f"~{item} cannot be read")
        start, step = int(match["start"]), int(match["step"] or 0)
        end = int(match["end"] or match["start"])
        if not 1 <= start <= end <= 28:
            raise OnCalendarError(f"~{item} is out of range (1-28), or reversed")
        values |= set(range(start, 0, -step)) if step and not match["end"] else set(range(start, end + 1, step or 1))
    return _Component(frozenset(values), "")


def _schedules(weekdays: frozenset[int], date: _Date, time: tuple[_Component, _Component, _Component]) -> list[Value]:
    hour, minute, second = time
    is_one = all(len(part.values) == 1 for part in (*date[:3], *time)) and not date.from_end
    if is_one and weekdays == _EVERY_WEEKDAY:
        numbers = [next(iter(part.values)) for part in (*date[:3], *time)]
        try:
            moment = datetime(*numbers[:3], *numbers[3:])  # type: ignore[arg-type]  # noqa: DTZ001 - in the job's zone
        except ValueError:
            raise OnCalendarError("this date does not exist") from None
        return [f"@at {moment:%Y-%m-%dT%H:%M:%S}"]
    return [_schedule(days, weekday, date, hour, minute, second) for days, weekday in _days(weekdays, date)]


def _days(weekdays: frozenset[int], date: _Date) -> list[tuple[str, str]]:
    """Pairs of day and day of week: systemd wants both to match, cron either, unless one begins with `*`."""
    days = date.day
    names = "*" if weekdays == _EVERY_WEEKDAY else _weekday_text(weekdays)
    if date.from_end:
        if names == "*":
            return [("L" if day == 1 else f"L-{day - 1}", "*") for day in sorted(days.values)]
        if days.values == frozenset(range(1, 8)):
            return [("*", ",".join(f"{_WEEKDAYS[day]}L" for day in sorted(weekdays)))]
        raise OnCalendarError("a weekday together with these days from the end of the month has no equivalent")
    if names == "*" or days.values == _EVERY_DAY:
        return [(days.text, names)]
    weeks = {week: frozenset(range(7 * week - 6, min(7 * week, 31) + 1)) for week in range(1, 6)}
    whole = [week for week, dates in weeks.items() if dates <= days.values]
    if frozenset().union(*(weeks[week] for week in whole)) == days.values:
        return [("*", ",".join(f"{_WEEKDAYS[day]}#{week}" for week in whole for day in sorted(weekdays)))]
    if 1 in days.values:  # in cron, a field that begins with * must match together with the other day field
        rest = ",".join(map(str, sorted(days.values - {1})))
        return [("*/31" + (f",{rest}" if rest else ""), names)]
    if 0 in weekdays:
        rest = ",".join(_WEEKDAYS[day] for day in sorted(weekdays - {0}))
        return [(days.text, "*/7" + (f",{rest}" if rest else ""))]
    raise OnCalendarError("a weekday together with these days of the month has no equivalent; test one in the command")


def _weekday_text(weekdays: frozenset[int]) -> str:
    if len(weekdays) > 2 and weekdays == frozenset(range(min(weekdays), max(weekdays) + 1)):
        return f"{_WEEKDAYS[min(weekdays)]}-{_WEEKDAYS[max(weekdays)]}"
    if len(weekdays) > 2 and 0 in weekdays and weekdays - {0} == frozenset(range(min(weekdays - {0}), 7)):
        return f"{_WEEKDAYS[min(weekdays - {0})]}-sun"
    return ",".join(_WEEKDAYS[day] for day in sorted(weekdays, key=lambda day: (day - 1) % 7))


def _schedule(day: str, weekday: str, date: _Date, hour: _Component, minute: _Component, second: _Component) -> Value:
    if second.values == {0} and date.year.text == "*":
        return f"{minute.text} {hour.text} {day} {date.month.text} {weekday}"
    if day != "*" and weekday != "*":
        raise OnCalendarError("a weekday and days of the month together with seconds or years have no equivalent")
    fields = {"second": second.text, "minute": minute.text, "hour": hour.text, "day": day, "month": date.month.text}
    fields |= {"day_of_week": weekday, "year": date.year.text}
    # Finer fields that are left out would be the lowest value, coarser ones are any.
    return {name: text for name, text in fields.items() if name in {"second", "minute", "hour"} or text != "*"}
