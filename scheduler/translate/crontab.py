"""Reads crontabs: a user's, the system's with its column of users, and supercronic's with seconds and years."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from scheduler.translate.crontab_times import FEWEST, count_times, problem_of, schedule_of
from scheduler.translate.job_names import name_for

_VARIABLE = re.compile(r"""(?:"([^"]+)"|'([^']+)'|([A-Za-z_]\w*))\s*=\s*(.*)""", re.ASCII)
_OURS = re.compile(r"(?!SCHED_)[A-Za-z_]\w*", re.ASCII)
_HEADING = re.compile(r"\bdom\b.*\bdow\b|\bmin(?:ute)?s?\b.*\bhours?\b|^[.|+┌│├└]|^(?:[*-]\s+){3}", re.IGNORECASE)
_SILENT = re.compile(r"-(?=[\d*@])")
_RULE = "=*-~_ \t"
_ADDRESS = re.compile(r"[^\s@,]+@[^\s@,]+")
_UNESCAPED_PERCENT = re.compile(r"(?<!\\)%")
_BY_SHELL = ("/bin/sh", "/usr/bin/sh", "sh")


class Translated(msgspec.Struct, frozen=True, kw_only=True):
    """A job as our file has it. `schedule` is a text, or a mapping of named fields; `command` a text or words.

    `cwd` is where the crontab says that the job starts, None when it is the user's home. `above` are comments that
    stood before it, and belong to no job.
    """

    name: str
    schedule: str | dict[str, str]
    command: str | list[str]
    description: str
    timezone: str | None
    user: str | None
    cwd: str | None
    env: dict[str, str]
    above: tuple[str, ...]


class Remark(msgspec.Struct, frozen=True):
    """What our file does not say that a line says, or (`carried`) says in another way; and what to do about it."""

    line: int
    text: str
    why: str
    carried: bool = False


class Crontab(msgspec.Struct, frozen=True):
    """What a crontab says: jobs in its order, the comments after the last, and what is to be told about its lines.

    `supercronic`: a line has supercronic's times, so that all are read as it reads them. `guessed`: nobody said that
    there is a column of users, it only looks so.
    """

    jobs: tuple[Translated, ...]
    after: tuple[str, ...]
    remarks: tuple[Remark, ...]
    supercronic: bool
    guessed: bool


def read_crontab(text: str, is_user: Callable[[str], bool], *, system: bool | None = None) -> Crontab:
    """Translate a crontab. `system` says whether a column of users follows the times; None: see whether it does.

    `is_user` knows whether a word names a user and nothing else, such as a program.
    """
    lines = [_SILENT.sub("", line.strip(), count=1) if line[:1] == "-" else line.strip() for line in text.split("\n")]
    jobs = [line for line in lines if not _is_other(line) and count_times(line)]
    guessed = system is None and _has_users(jobs, is_user)
    first = next(filter(_is_supercronics, jobs), None)
    reading = _Reading(system=system or guessed, supercronic=None if first is None else lines.index(first) + 1)
    for number, line in enumerate(lines, 1):
        reading.take(number, line)
    return reading.result(guessed=guessed)


class _Reading:
    """The state of a crontab from its top to a line: variables hold from where they stand.

    `supercronic` is the first line that is supercronic's. A bare % ends the command in cron, there it does not.
    """

    def __init__(self, *, system: bool, supercronic: int | None) -> None:
        self._system = system
        self._supercronic = supercronic
        self._jobs: list[Translated] = []
        self._remarks: list[Remark] = []
        self._env: dict[str, str] = {}
        self._timezone: str | None = None
        self._shell = _BY_SHELL[0]
        self._above: list[str] = []
        self._comments: list[str] = []
        self._names: set[str] = set()

    def result(self, *, guessed: bool) -> Crontab:
        after = (*self._above, *self._comments)
        return Crontab(tuple(self._jobs), after, tuple(self._remarks), self._supercronic is not None, guessed)

    def take(self, number: int, line: str) -> None:
        if line.startswith("#"):
            self._comment(" ".join(line.strip("# \t").split()))
        elif variable := _VARIABLE.fullmatch(line):
            self._detach()
            double, single, bare, value = variable.groups()
            self._set(number, line, double or single or bare, _unquoted(value))
        elif line:
            self._job(number, line)
            self._comments = []
        else:
            self._detach()

    def _comment(self, comment: str) -> None:
        if _HEADING.search(comment):  # of the columns, and what stands above it is about crontabs
            self._above, self._comments = [], []
        elif count_times(comment):  # a job that is switched off
            self._comments.append(comment)
            self._detach()
        elif words := comment.strip(_RULE):
            self._comments.append(words)

    def _detach(self) -> None:
        """What was said so far is not about the next job."""
        self._above += self._comments
        self._comments = []

    def _set(self, number: int, line: str, name: str, value: str) -> None:
        match name:
            case "MAILTO":
                if value:
                    self._note(number, line, _about_mail(value))
            case "MAILFROM" | "CONTENT_TYPE" | "CONTENT_TRANSFER_ENCODING":
                pass
            case "CRON_TZ":
                self._timezone = value or None
            case "SHELL":
                self._shell = value or _BY_SHELL[0]
            case "RANDOM_DELAY":
                self._note(number, line, "to spread jobs, write H for the minute: schedule: 'H 3 * * *'")
            case _ if not _OURS.fullmatch(name):
                why = "a variable's name is letters, digits and _, the first no digit, and does not begin with SCHED_"
                self._note(number, f"{name}=…", why)
            case _:
                self._env[name] = value

    def _note(self, number: int, line: str, why: str, *, carried: bool = False) -> None:
        self._remarks.append(Remark(number, line, why, carried))

    def _job(self, number: int, line: str) -> None:
        count = count_times(line)
        if not count:
            self._note(number, line, "not a line of a crontab: five fields of time and a command are needed")
            return
        words = line.split(None, count + self._system)
        times, rest = words[:count], words[count:]
        user = rest.pop(0) if self._system and rest else None
        if not rest or (self._supercronic is None and rest[0].startswith("%")):
            self._note(number, line, "there is no command")
            return
        schedule = schedule_of(times)
        if problem := problem_of(schedule, self._timezone or "UTC"):
            self._note(number, line, problem)
            return
        if count == FEWEST + 1 and isinstance(schedule, str):
            self._note(
                number, line, f"read as supercronic does, the sixth field being a year: {schedule}", carried=True
            )
        self._jobs.append(self._translated(schedule, user, self._command(number, line, rest[0])))
        self._above = []

    def _translated(self, schedule: str | dict[str, str], user: str | None, command: str) -> Translated:
        return Translated(
            name=name_for(command, self._names),
            schedule=schedule,
            command=command if self._shell in _BY_SHELL else [self._shell, "-c", command],
            description=" ".join(self._comments),
            timezone=self._timezone,
            user=user,
            cwd=home if (home := self._env.get("HOME", "")).startswith("/") else None,
            env=dict(self._env),
            above=tuple(self._above),
        )

    def _command(self, number: int, line: str, text: str) -> str:
        """The command for a shell; what stands after a bare % is its input, and each further % there a newline."""
        if self._supercronic is not None:
            if "%" in text and not _is_supercronics(line):
                why = f"the % is part of the command, as line {self._supercronic} is supercronic's; cron ends it there"
                self._note(number, line, why, carried=True)
            return text
        command, *stdin = (part.replace("\\%", "%") for part in _UNESCAPED_PERCENT.split(text))
        if stdin[-1:] == [""]:  # the last line ends with a newline in any case
            stdin.pop()
        if not stdin:
            return command.strip()
        self._note(
            number, line, "what follows the % is the command's input, as in cron but not in BusyBox", carried=True
        )
        end = "STDIN"
        while end in stdin:
            end += "_"
        return "\n".join([f"{{ {command.strip()}", f"}} <<'{end}'", *stdin, end])


def _has_users(jobs: list[str], is_user: Callable[[str], bool]) -> bool:
    """Whether users seem to follow the times: root is no program, and what an option or nothing follows is no user."""
    rests = [rest for line in jobs if (rest := line.split()[count_times(line) :])]
    if any(len(rest) > 1 and rest[1].startswith("-") for rest in rests):
        return False
    users = [rest[0] for rest in rests]
    return "root" in users or (bool(users) and all(map(is_user, users)) and all(len(rest) > 1 for rest in rests))


def _is_supercronics(line: str) -> bool:
    """Whether a job's line has times that cron has not."""
    return count_times(line) > FEWEST or line.split(None, 1)[0] == "@every"


def _is_other(line: str) -> bool:
    """Whether a line is no job's."""
    return line.startswith("#") or _VARIABLE.fullmatch(line) is not None


def _about_mail(value: str) -> str:
    addresses = _ADDRESS.findall(value) or ["ops@example.com"]
    whom = addresses[0] if len(addresses) == 1 else f"[{', '.join(addresses)}]"
    return f"cron mails whatever a job prints; to be mailed failures: on_failure: [{{mail: {whom}}}]"


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
