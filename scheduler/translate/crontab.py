"""Reads crontabs: a user's, the system's with its column of users, and supercronic's with seconds and years."""

from __future__ import annotations

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

import msgspec

from scheduler.errors import ScheduleError
from scheduler.schedule import parse_schedule
from scheduler.translate.naming import name_for

_VARIABLE = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z_]\w*))\s*=\s*(.*?)\s*$""")
_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat"
_VALUE = rf"(?:\*|\?|\d+|{_NAMES})(?:-(?:\d+|{_NAMES}))?(?:/\d+)?[lw]?(?:#\d)?"
_FIELD = re.compile(rf"(?:{_VALUE}|l|lw)(?:,(?:{_VALUE}|l))*", re.IGNORECASE | re.ASCII)
_HEADING = re.compile(r"\bdom\b.*\bdow\b|^[*.| -]+")
_UNESCAPED_PERCENT = re.compile(r"(?<!\\)%")

_FEWEST, _MOST = 5, 7
_BY_SHELL = ("/bin/sh", "/usr/bin/sh", "sh")


class Translated(msgspec.Struct, frozen=True, kw_only=True):
    """A job as our file has it. `schedule` is a text, or a mapping of named fields; `command` a text or words."""

    name: str
    line: int
    schedule: str | dict[str, str]
    command: str | list[str]
    description: str = ""
    timezone: str | None = None
    user: str | None = None
    env: dict[str, str] = {}


class Lost(msgspec.Struct, frozen=True):
    """What a line says that our file does not, and what to do about it."""

    line: int
    text: str
    why: str


class Crontab(msgspec.Struct, frozen=True):
    """What a crontab says: jobs in its order, and what could not be carried over."""

    jobs: tuple[Translated, ...]
    lost: tuple[Lost, ...]


def read_crontab(text: str, is_user: Callable[[str], bool], *, system: bool | None = None) -> Crontab:
    """Translate a crontab. `system` says whether a column of users follows the times; None: see whether it does.

    `is_user` knows the names of users on this machine.
    """
    lines = [line.strip() for line in text.splitlines()]
    if system is None:
        sixth = [word for line in lines if (word := _word_after_times(line))]
        system = bool(sixth) and all(is_user(word) for word in sixth)
    reading = _Reading(system=system)
    for number, line in enumerate(lines, 1):
        reading.take(number, line)
    return Crontab(tuple(reading.jobs), tuple(reading.lost))


class _Reading:
    """The state of a crontab from its top to a line: variables hold from where they stand."""

    def __init__(self, *, system: bool) -> None:
        self.jobs: list[Translated] = []
        self.lost: list[Lost] = []
        self._system = system
        self._env: dict[str, str] = {}
        self._timezone: str | None = None
        self._shell = _BY_SHELL[0]
        self._comments: list[str] = []
        self._names: set[str] = set()

    def take(self, number: int, line: str) -> None:
        if not line:
            self._comments = []
        elif line.startswith("#"):
            comment = " ".join(line.lstrip("#").split())
            if _HEADING.search(comment):  # of the columns, and what stands above it is about them
                self._comments = []
            elif _leading_fields(comment) < _FEWEST:  # else a job that is commented out
                self._comments.append(comment)
        elif variable := _VARIABLE.match(line):
            double, single, bare, value = variable.groups()
            self._set(number, line, double or single or bare, _unquoted(value))
        else:
            self._job(number, line)
            self._comments = []

    def _set(self, number: int, line: str, name: str, value: str) -> None:
        match name:
            case "MAILTO" if value:
                hint = f"cron mails whatever a job prints; to be mailed failures: on_failure: [{{mail: {value}}}]"
                self.lost.append(Lost(number, line, hint))
            case "MAILTO" | "MAILFROM" | "CONTENT_TYPE" | "CONTENT_TRANSFER_ENCODING":
                pass
            case "CRON_TZ":
                self._timezone = value
            case "SHELL":
                self._shell = value
            case "RANDOM_DELAY":
                self.lost.append(Lost(number, line, "to spread jobs, write H for the minute: schedule: 'H 3 * * *'"))
            case _:
                self._env[name] = value

    def _job(self, number: int, line: str) -> None:
        words = line.split(None, 1)
        count = 1 if line.startswith("@") else _leading_fields(line)
        if line.startswith("@every"):
            count = 2
        if not line.startswith("@") and count < _FEWEST:
            self.lost.append(
                Lost(number, line, "not a line of a crontab: five fields of time and a command are needed")
            )
            return
        words = line.split(None, count + int(self._system))
        times, rest = words[:count], words[count:]
        user = rest.pop(0) if self._system and rest else None
        if not rest:
            self.lost.append(Lost(number, line, "there is no command"))
            return
        schedule = _schedule(times)
        if problem := _problem(schedule, self._timezone):
            self.lost.append(Lost(number, line, problem))
            return
        command = _command(rest[0])
        self.jobs.append(
            Translated(
                name=name_for(command, self._names),
                line=number,
                schedule=schedule,
                command=command if self._shell in _BY_SHELL else [self._shell, "-c", command],
                description=" ".join(filter(None, self._comments)),
                timezone=self._timezone,
                user=user,
                env=dict(self._env),
            )
        )


def _leading_fields(line: str) -> int:
    """How many of the first words are fields of time; the command comes after the fifth at the earliest."""
    count = 0
    for word in line.split()[:_MOST]:
        if not _FIELD.fullmatch(word):
            break
        count += 1
    return count


def _word_after_times(line: str) -> str | None:
    """The word where a system crontab has the user; None for a line that is no job."""
    if not line or line.startswith("#") or _VARIABLE.match(line):
        return None
    count = 1 if line.startswith("@") else _leading_fields(line)
    words = line.split()
    return words[count] if (line.startswith("@") or count >= _FEWEST) and len(words) > count else None


def _schedule(times: list[str]) -> str | dict[str, str]:
    if len(times) <= _FEWEST:
        return " ".join(times)
    names = ("second", "minute", "hour", "day", "month", "day_of_week", "year")
    fields = dict(zip(names, times, strict=False))
    return {name: text for name, text in fields.items() if name in ("second", "minute") or text not in ("*", "?")}


def _problem(schedule: str | dict[str, str], zone: str | None) -> str | None:
    try:
        parse_schedule(schedule, ZoneInfo(zone or "UTC"), job_name="job")
    except ScheduleError as error:
        return f"{error.reason}{f'; write: {error.write}' if error.write else ''}"
    except (OSError, ValueError):
        return f"there is no time zone {zone}"
    return None


def _command(text: str) -> str:
    """cron ends a command at its first bare %, and hands what follows to it as input, each further % a newline."""
    command, *stdin = _UNESCAPED_PERCENT.split(text)
    command = command.replace("\\%", "%").strip()
    if not stdin:
        return command
    lines = [line.replace("\\%", "%") for line in stdin]
    return "\n".join([f"{{ {command}", "} <<'STDIN'", *lines, "STDIN"])


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
