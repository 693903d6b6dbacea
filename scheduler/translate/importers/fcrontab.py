"""Import of fcron's tables: lines with options, jobs by system up time (`@`), and periodic ones (`%daily`)."""

from __future__ import annotations

import re

from scheduler.schedule import format_duration
from scheduler.translate.importers.crontab import home_directory, variable_of
from scheduler.translate.importers.crontab_command import Command, for_shell
from scheduler.translate.importers.crontab_comments import Comments
from scheduler.translate.importers.crontab_times import problem_of
from scheduler.translate.importers.day_fields import ABOUT_BOTH, both, either, from_zero
from scheduler.translate.importers.job_report import about_catch_up
from scheduler.translate.importers.logical_lines import logical_lines
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.importers.variables import ABOUT_NAMES, VARIABLE_NAME
from scheduler.translate.translation import ImportedJob, Keys, Remark, Translation

_OPTION = re.compile(r"(\w++)(?:\(([^)]*)\))?", re.ASCII)
_OPTIONS = rf"(?P<options>(?:{_OPTION.pattern}(?:,{_OPTION.pattern})*)?)"
_LINE = re.compile(rf"(?P<kind>[&@%!]){_OPTIONS}(?:\s+(?P<rest>.*))?", re.ASCII)
_FIELD = re.compile(r"[\w*,/~-]+", re.ASCII)
_SPAN = re.compile(r"(?:(\d+)([mwdhs]))", re.ASCII)
_TIME_VALUE = re.compile(r"(?:\d+[mwdhs])*\d*", re.ASCII)
_SECONDS = {"m": 28 * 86_400, "w": 7 * 86_400, "d": 86_400, "h": 3_600, "s": 1}
_SHORT = {"b": "bootrun", "f": "first", "m": "mail", "n": "nice", "r": "runfreq", "s": "serial"}
_FALSE = {"false", "no", "0"}
_PERIODS = {
    "hourly": (1, "{0} * * * *", 0),
    "midhourly": (1, "{0} * * * *", 30),
    "daily": (2, "{0} {1} * * *", 0),
    "middaily": (2, "{0} {1} * * *", 12),
    "nightly": (2, "{0} {1} * * *", 12),
    "weekly": (2, "{0} {1} * * 1", 0),
    "midweekly": (2, "{0} {1} * * 4", 0),
    "monthly": (3, "{0} {1} {2} * *", 0),
    "midmonthly": (3, "{0} {1} {2} * *", 15),
}
"""How many fields follow the keyword, the schedule, and the value of the last field at which the period begins."""

_MONTH, _WEEKDAY = 3, 4
_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_ALWAYS = ["*", "*", "*", "*", "*"]


def looks_like_fcrontab(source: SourceFile) -> bool:
    """Whether a line begins as only fcron's do."""
    lines = [line for _, line in logical_lines(source.text)]
    return any(re.match(r"&[\w(),]*\s+[\d*]|@\s|@\w+\([^)]*\)|%\w+[,\s]|!\w+", line, re.ASCII) for line in lines)


def read_fcrontab(source: SourceFile, request: Request) -> Translation:
    """Translate an fcrontab."""
    reading = _Reading(source, request)
    for number, line in logical_lines(source.text):
        reading.take(number, line)
    return Translation(
        jobs=tuple(reading.jobs),
        defaults={"timezone": request.zone},
        footer=reading.comments.rest(),
        remarks=tuple(reading.remarks),
    )


class _RefusedError(Exception):
    """Why a line is not carried over."""


class _Reading:
    """A table from its top to a line: variables and options that begin with `!` apply from their line on."""

    def __init__(self, source: SourceFile, request: Request) -> None:
        self._source, self._request = source, request
        self._env: dict[str, str] = {}
        self._options: dict[str, str] = {}
        self.jobs: list[ImportedJob] = []
        self.remarks: list[Remark] = []
        self.comments = Comments()

    def take(self, number: int, line: str) -> None:
        """Read one line."""
        try:
            if not line:
                self.comments.detach()
            elif line.startswith("#"):
                self.comments.add(number, line)
            elif variable := variable_of(line):
                self.comments.detach()
                name, value, _ = variable
                if VARIABLE_NAME.fullmatch(name):
                    self._env[name] = value
                else:
                    self.remarks.append(self._source.refuse(number, f"{name}=…", ABOUT_NAMES))
            else:
                self._line(number, line)
        except _RefusedError as refused:
            self.comments.detach()
            self.comments.detached.append(f"not imported: {line}")
            self.remarks.append(self._source.refuse(number, line, str(refused)))

    def _line(self, number: int, line: str) -> None:
        match = _LINE.fullmatch(line) if line[0] in "&@%!" else None
        if line[0] in "&@%!" and match is None:
            raise _RefusedError("the options of the line cannot be read")
        kind, rest = (match["kind"], match["rest"] or "") if match else ("&", line)
        given = {_SHORT.get(name, name): value for name, value in _OPTION.findall(match["options"] if match else "")}
        if kind == "!":
            self._options = {} if "reset" in given else {**self._options, **given}
            return
        options = {**self._options, **given}
        if kind == "@":
            schedule, command = self._by_up_time(options, rest)
            self._note(number, line, "fcron counts the time that the machine is on; here times are on a fixed grid")
            self._add(number, line, {"schedule": schedule}, command, options)
        elif kind == "%":
            schedule, command = self._periodic(given, options, rest)
            self._note(number, line, "fcron runs it once a period, as soon as possible; here it has a time")
            self._add(number, line, {"schedule": schedule}, command, options)
        else:
            self._add(number, line, *self._by_date(options, rest), options)

    def _by_up_time(self, options: dict[str, str], rest: str) -> tuple[str, str]:
        for name in [name for name in options if name[0].isdigit()]:
            del options[name]  # the delay before the first run
        frequency, _, command = rest.partition(" ")
        if not frequency or not _TIME_VALUE.fullmatch(frequency):
            raise _RefusedError("the frequency cannot be read")
        seconds = sum(int(count) * _SECONDS[unit] for count, unit in _SPAN.findall(frequency))
        seconds += int(_SPAN.sub("", frequency) or 0) * 60
        if seconds == 0:
            raise _RefusedError("the frequency is 0")
        return f"@every {format_duration(seconds)}", command

    def _periodic(self, given: dict[str, str], options: dict[str, str], rest: str) -> tuple[str, str]:
        """The schedule and the command of a line with a keyword, which is one of the options that it gives itself."""
        keyword = next((name for name in given if name in _PERIODS), next(iter(given), ""))
        if keyword not in _PERIODS:
            raise _RefusedError(f"%{keyword} has no equivalent; write a schedule for the time at which it should run")
        del options[keyword]
        options.setdefault("bootrun", "")
        count, schedule, begins = _PERIODS[keyword]
        words = rest.split(None, count)
        if len(words) <= count:
            raise _RefusedError(f"%{keyword} needs {count} fields and a command")
        values = [self._values(place, words[place]) for place in range(count)]
        last = next((value for value in values[-1] if value >= begins), values[-1][0])
        return schedule.format(*(each[0] for each in values[:-1]), last), words[count]

    def _by_date(self, options: dict[str, str], rest: str) -> tuple[Keys, str]:
        for name in [name for name in options if name.isdigit()]:
            options["runfreq"] = name
            del options[name]
        if options.pop("runfreq", "1") not in {"0", "1"}:
            raise _RefusedError("runfreq has no equivalent: a job runs at every scheduled time")
        words = rest.split(None, 5)
        if len(words) < 6 or not all(map(_FIELD.fullmatch, words[:5])):
            raise _RefusedError("not an fcrontab line: it needs five time fields and a command")
        fields = [self._without_excluded(place, word) for place, word in enumerate(words[:5])]
        fields[2] = from_zero(fields[2])
        if ("dayor" in options and options["dayor"] not in _FALSE) or options.get("dayand") in _FALSE:
            if "*" in fields[2::2]:
                fields[2::2] = ["*", "*"]  # each day is one that `*` matches
            fields[2::2] = either(fields[2], fields[4], any_day=r"\*")
            return {"schedule": " ".join(fields)}, words[5]
        days = both(fields[2], fields[4])
        if days is None:
            raise _RefusedError(ABOUT_BOTH)
        return {"schedule": " ".join([*fields[:2], days.day, fields[3], days.weekday]), **days.keys}, words[5]

    def _without_excluded(self, place: int, field: str) -> str:
        """fcron's `5-8~6`, a range without a value, as the list of values."""
        if "~" not in field:
            return field
        return ",".join(map(str, self._values(place, field)))

    def _values(self, place: int, field: str) -> list[int]:
        low, high = _LIMITS[place]
        values: set[int] = set()
        for item in field.split(","):
            span, *excluded = item.split("~")
            match = re.fullmatch(r"(\*|\d+)(?:-(\d+))?(?:/(\d+))?", span, re.ASCII)
            if match is None or not all(word.isdigit() for word in excluded):
                raise _RefusedError(f"the field {field} cannot be read")
            start = 0 if match[1] == "*" else int(match[1])
            end = high if match[1] == "*" else int(match[2] or start)
            left_out = {*map(int, excluded)}
            if place == _WEEKDAY and left_out & {0, 7}:
                left_out |= {0, 7}
            step = int(match[3] or 1) or 1
            if match[1] == "*" and place == _MONTH:
                start = low
            values |= {value for value in range(start, min(end, high) + 1, step) if value >= low} - left_out
        if not values:
            raise _RefusedError(f"the field {field} has no value")
        return sorted(values)

    def _note(self, number: int, line: str, why: str) -> None:
        self.remarks.append(self._source.note(number, line, why))

    def _add(self, number: int, line: str, times: Keys, command: str, options: dict[str, str]) -> None:
        if not command.strip():
            raise _RefusedError("the command is missing")
        zone = options.pop("timezone", None)
        if problem := problem_of(times["schedule"], zone or self._request.zone):
            raise _RefusedError(problem)
        above, description = self.comments.take()
        keys: Keys = {"description": description} if description else {}
        keys |= times | ({"timezone": zone} if zone else {})
        keys |= self._from_options(number, line, options)
        user = str(keys["user"]) if "user" in keys else None
        directory, problem = home_directory(self._env.get("HOME", ""), user, self._request.machine)
        keys |= directory
        if problem:
            self._note(number, line, problem)
        keys |= {"env": {**self._env}} if self._env else {}
        keys |= for_shell(Command(command.strip()), self._env.get("SHELL") or "/bin/sh")
        self.jobs.append(ImportedJob(name=self._request.names.of_command(command), keys=keys, comments=above))

    def _from_options(self, number: int, line: str, options: dict[str, str]) -> Keys:
        keys: Keys = {}
        for name, value in options.items():
            on = value not in _FALSE
            match name:
                case "bootrun":
                    if on:
                        keys["catch_up"] = "31d"
                        self._note(number, line, about_catch_up("31d"))
                case "nice" if re.fullmatch(r"-20|-?1?\d", value):
                    keys["nice"] = int(value)
                case "runas" if value:
                    keys["user"] = value
                case "exesev":
                    keys |= {"overlap": "allow"} if on else {}
                case "serial":
                    keys |= {"lock": "serial"} if on else {}
                case "dayand" | "dayor" | "mail" | "nolog" | "forcemail" | "strict" | "stdout" | "first" | "volatile":
                    if name in {"nolog", "forcemail"} and on:
                        self._note(number, line, f"{name} has no effect: schedd logs output and does not mail it")
                case _:
                    self.remarks.append(self._source.refuse(number, f"{name}({value})", "the option has no equivalent"))
        return keys
