"""Schedules in the syntax of other programs and in English: how to write them here, where the meaning is certain."""

from __future__ import annotations

import re

from scheduler.errors import ScheduleError
from scheduler.schedule.duration import DurationError, parse_duration
from scheduler.schedule.field_parser import WEEKDAY_NAMES

_AMOUNT = r"(\d+(?:\.\d+)?)\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)"
_AMOUNTS_EACH = re.compile(rf"(?a){_AMOUNT}(?![a-z])")
_AMOUNTS = re.compile(rf"(?ai){_AMOUNT}(?:(?:\s+|\s*,\s*|\s+and\s+)?{_AMOUNT})*")

_WEEKDAY = r"(?:(sun|mon|tue|wed|thu|fri|sat)(?:day|sday|nesday|rsday|urday)?s?|(weekday)s?|(day))"
_TIME = r"(\d{1,2})(?::(\d\d))?(?::00)?\s*(am|pm)?"
_PHRASE = re.compile(rf"(?ai)(?:on |every )?{_WEEKDAY},? at {_TIME}|daily(),?()() at {_TIME}")
_SYSTEMD = re.compile(rf"(?ai)(?:{_WEEKDAY} )?(?:\*-\*-\* )?(\d\d?):(\d\d)(?::00)?")
_AWS_RATE = re.compile(r"(?ai)rate\((.*)\)")
_AWS_CRON = re.compile(r"(?ai)cron\((\S+) (\S+) (\S+) (\S+) (\S+) \*\)")
_ALIAS_TIME = re.compile(r"(?ai)(@daily|@midnight)\s+(\d\d?):(\d\d)")
_WORDS = {
    "@weekdays": "0 0 * * mon-fri",
    "@weekday": "0 0 * * mon-fri",
    "@weekends": "0 0 * * sat,sun",
    "@every_minute": "* * * * *",
    "@minutely": "* * * * *",
    "@every_hour": "@hourly",
    "@every_day": "@daily",
    "@quarterly": "0 0 1 1,4,7,10 *",
}


def translated(text: str) -> ScheduleError | None:
    """The error for a schedule in a known other syntax, with its translation as help; None for any other text."""
    text = " ".join(text.split())
    lower = text.lower()
    if lower in _WORDS:
        return ScheduleError(f"unknown alias {text}", help=_WORDS[lower])
    if match := _ALIAS_TIME.fullmatch(text):
        return _at_time(f"{match[1]} takes no time of day; use a cron expression", match[2], match[3], "", "*")
    if match := _AWS_RATE.fullmatch(text):
        return ScheduleError("rate(…) is the syntax of AWS; here it is an interval", help=_every(match[1]))
    if match := _AWS_CRON.fullmatch(text):
        minute, hour, day, month, day_of_week = match.groups()
        expression = f"{minute} {hour} {day} {month} {named_weekdays(day_of_week, sunday=1)}".replace("?", "*")
        return ScheduleError("cron(…) is the syntax of AWS, in which Sunday is 1", help=expression)
    if (match := re.fullmatch(r"(?ai)every (.+)", text)) and (every := _every(match[1])):
        return ScheduleError("an interval is written with @every", help=every)
    if match := _PHRASE.fullmatch(text):
        return _of_phrase(match)
    if match := _SYSTEMD.fullmatch(text):
        reason = "not a cron expression; a time of day is minute and hour of one"
        return _at_time(reason, match[4], match[5], "", _days(match[1], match[2]))
    if every := _every(text):
        return ScheduleError("a duration does not say that it repeats; an interval is written with @every", help=every)
    return None


def _of_phrase(match: re.Match[str]) -> ScheduleError:
    weekday, weekdays, day, hour, minute, half = (str(match.group(n) or match.group(n + 6) or "") for n in range(1, 7))
    reason = "not a cron expression: minute, hour, day, month and day of week"
    if not (minute or half) or (weekday == weekdays == day == "" and not match[0].lower().startswith("daily")):
        return ScheduleError(reason)  # 9 alone may be the morning or the evening
    return _at_time(reason, hour, minute or "0", half.lower(), _days(weekday, weekdays))


def _at_time(reason: str, hour: str, minute: str, half: str, days: str) -> ScheduleError:
    number = int(hour) % 12 + 12 * (half == "pm") if half else int(hour)
    is_valid = number <= 23 and int(minute) <= 59 and not (half and not 1 <= int(hour) <= 12)
    return ScheduleError(reason, help=f"{int(minute)} {number} * * {days}" if is_valid else None)


def _days(weekday: str | None, weekdays: str | None) -> str:
    return "mon-fri" if weekdays else (weekday or "*").lower()


def every_suggestion(text: str) -> str | None:
    """The duration that `text` spells with blanks or words, such as `1 day` or `1h 30m`; None when it is not one."""
    if not _AMOUNTS.fullmatch(text.strip()):
        return None
    pairs = re.findall(_AMOUNTS_EACH, text.lower())
    duration = "".join(number + unit[0] for number, unit in pairs)
    try:
        return duration if parse_duration(duration) >= 1 else None
    except DurationError:
        return None


def _every(text: str) -> str | None:
    if re.fullmatch(r"(?ai)(second|minute|hour|day|week)", text):
        text = f"1 {text}"
    duration = every_suggestion(text)
    return f"@every {duration}" if duration else None


def named_weekdays(field: str, *, sunday: int) -> str:
    """The day-of-week field with names in place of numbers, which count from `sunday`; ordinals and steps stay."""

    def name(match: re.Match[str]) -> str:
        return WEEKDAY_NAMES[(int(match[0]) - sunday) % 7]

    return re.sub(r"(?a)(?<![#/\d])\d(?!\d)", name, field)
