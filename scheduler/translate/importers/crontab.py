"""Import of crontabs: of a user, of the system with its user column, and of supercronic with seconds and years."""

from __future__ import annotations

import re

from scheduler.translate.importers.crontab_command import for_shell, read_command
from scheduler.translate.importers.crontab_comments import Comments
from scheduler.translate.importers.crontab_times import FEWEST, about_times, count_times, problem_of, schedule_of
from scheduler.translate.importers.exported_crontab import is_exported, read_exported
from scheduler.translate.importers.mailto import about_mail
from scheduler.translate.importers.source_file import Dialect, Machine, Request, SourceFile
from scheduler.translate.importers.user_column import SYSTEM_PATH, has_user_column, may_be_user, not_a_user, split_group
from scheduler.translate.importers.variables import ABOUT_NAMES, VARIABLE_NAME
from scheduler.translate.translation import ImportedJob, Keys, Remark, Translation

_VARIABLE = re.compile(r"""(?:"([^"]+)"|'([^']+)'|([A-Za-z_][^\s=]*))\s*=\s*(.*)""", re.ASCII)
_QUOTED = re.compile(r"""(["'])(.*?)\1\s*(\S.*)?""")
_FLAGS = re.compile(r"-[nqs]+\s+(?=\S)", re.ASCII)
_SILENT = re.compile(r"-(?=[\d*@~])")
_FLOCK = re.compile(r"\bflock\s+(?!.*\s-E)(?:-\S+\s+)*-(?:[a-z]*[nw]|-nb|-nonblock|-wait|-timeout)\b", re.ASCII)
_BUSYBOX_PATH = re.compile(r"(?:.*/)?etc/crontabs/[^/]+")

_CRON_ENV = {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
_OVERLAP = "as cron does; with skip, the default, a run that takes too long makes the next one skipped"


def variable_of(line: str) -> tuple[str, str, str] | None:
    """The name, the value and a comment after a quoted value, when the line sets a variable."""
    if (match := _VARIABLE.fullmatch(line)) is None:
        return None
    double, single, bare, value = match.groups()
    value = value.rstrip()
    quoted = _QUOTED.fullmatch(value)
    trailing = quoted[3] or "" if quoted else ""
    if quoted and (not trailing or trailing.startswith("#")):
        return double or single or bare, quoted[2], trailing.strip("# ")
    return double or single or bare, value, ""


def home_directory(home: str, user: str | None, machine: Machine) -> tuple[Keys, str | None]:
    """`cwd` for a job that starts in HOME, else in the home of its user; and what is wrong with that directory."""
    if home.startswith("/"):
        return {"cwd": home}, None
    found = machine.home_of(user)
    if found is None:
        return {}, f"this machine has no user {user}; create it, and set `cwd` to its home directory"
    if not machine.has_directory(found):
        return {"cwd": "/"}, f"the home directory {found} does not exist, so the job starts in /"
    return {"cwd": found}, None


def looks_like_crontab(source: SourceFile) -> bool:
    """Whether a line is one of a crontab. A file without any, such as an empty one, passes for a crontab as well."""
    lines = [line for line in map(_bare, source.text.split("\n")) if line and not line.startswith("#")]
    return not lines or any(variable_of(line) is None and count_times(line) for line in lines)


def read_crontab(source: SourceFile, request: Request) -> Translation:
    """Translate a crontab of any dialect of cron."""
    if is_exported(source):
        return read_exported(source, request)
    return _Reading(source, request).translation()


class _Reading:
    """A crontab from its top to a line: variables apply from their line on."""

    def __init__(self, source: SourceFile, request: Request) -> None:
        self._source = source
        self._machine, self._names = request.machine, request.names
        self._zone = request.zone
        self._lines = source.text.split("\n")
        commands = [(number, line) for number, line in enumerate(map(_bare, self._lines), 1) if _is_job(line)]
        chosen = 0 if request.dialect is Dialect.SUPERCRONIC else None  # by the option, and not by a line
        self._supercronic = next((number for number, line in commands if _is_supercronic(line)), chosen)
        self._dialect, self._dialect_given = self._choose_dialect(request)
        follow = [line.split(None, count_times(line))[-1] for _, line in commands]
        given = request.user_column
        if given is None and SYSTEM_PATH.fullmatch(source.path or source.name):
            given = True
        self._guessed = given is None and has_user_column(follow, self._machine)
        self._system = self._guessed or bool(given)
        self._may_guess = given is None
        self._jobs: list[ImportedJob] = []
        self._remarks: list[Remark] = []
        self._env: dict[str, str] = {}
        self._job_zone: str | None = None
        self._comments = Comments()
        self._without_home: set[str] = set()

    def _choose_dialect(self, request: Request) -> tuple[Dialect, bool]:
        if request.dialect is not None:
            return request.dialect, True
        if self._supercronic is not None or _BUSYBOX_PATH.fullmatch(self._source.path or self._source.name):
            return Dialect.BUSYBOX, False
        return Dialect.DEBIAN, False

    @property
    def _dialect_of_times(self) -> Dialect:
        return self._dialect if self._supercronic is None else Dialect.SUPERCRONIC

    def translation(self) -> Translation:
        """The whole file."""
        for number, line in enumerate(self._lines, 1):
            self._take(number, _bare(line))
        rest = self._comments.rest()
        self._note_whole_file()
        defaults: Keys = {"timezone": self._zone}
        if self._supercronic is None:  # which never starts a job while it runs
            defaults |= {"env": {**self._base_env()}, "overlap": "allow"}
        header = ["Read with a user column; if it has none, import it with --user."] if self._guessed else []
        return Translation(
            jobs=tuple(self._jobs),
            defaults=defaults,
            reasons={"overlap": _OVERLAP, "env": "as cron sets them"},
            header=tuple(header),
            footer=rest,
            remarks=tuple(self._remarks),
        )

    def _base_env(self) -> dict[str, str]:
        """What cron sets in the environment of each job, besides what depends on the user."""
        if self._supercronic is not None:
            return {}
        return {"SHELL": "/bin/sh"} if self._dialect is Dialect.BUSYBOX else _CRON_ENV

    def _take(self, number: int, line: str) -> None:
        if line.startswith("#"):
            self._comments.add(number, line)
        elif variable := variable_of(line):
            self._comments.detach()
            self._set(number, line, *variable)
        elif line:
            self._job(number, line)
        else:
            self._comments.detach()

    def _set(self, number: int, line: str, name: str, value: str, comment: str) -> None:
        if comment:
            self._comments.detached.append(comment)
            self._note(
                number, f"{name}=…", "the comment after the value is not part of it here; most crons refuse the line"
            )
        if not VARIABLE_NAME.fullmatch(name):
            self._remarks.append(self._source.refuse(number, f"{name}=…", ABOUT_NAMES))
            return
        match name:
            case "MAILTO" if value:
                self._remarks.append(self._source.refuse(number, line, about_mail(value)))
            case "CRON_TZ" if value and self._dialect is Dialect.DEBIAN:
                why = f"ignored, as by Debian's cron: schedules are in {self._zone}; cronie uses it (--dialect cronie)"
                self._note(number, line, why)
            case "CRON_TZ":
                self._job_zone = value or None
                if value and self._dialect is Dialect.BUSYBOX and self._supercronic is None:
                    self._note(number, line, "schedules below are in this zone, as in cronie and supercronic")
            case "RANDOM_DELAY":
                self._remarks.append(self._source.refuse(number, line, "write H to spread jobs: schedule: 'H 3 * * *'"))
            case "LOGNAME":
                self._note(number, line, "cron sets LOGNAME to the user of the job and ignores the crontab's")
                return
        self._env[name] = value

    def _note(self, number: int, line: str, why: str) -> None:
        self._remarks.append(self._source.note(number, line, why))

    def _job(self, number: int, line: str) -> None:
        refusal = self._add_job(number, line)
        if refusal is not None:
            self._comments.detach()
            self._comments.detached.append(f"not imported: {line}")
            self._remarks.append(self._source.refuse(number, line, refusal))

    def _add_job(self, number: int, line: str) -> str | None:
        """Add the job of a line; returns why there is none."""
        count = count_times(line)
        if not count:
            return "not a crontab line: it needs five time fields and a command"
        words = line.split(None, count + self._system)
        times, rest = words[:count], words[count:]
        owner = rest.pop(0) if self._system and rest else ""
        if not_a_user(owner):
            return f"this line has no user column: {owner} is not a user; add one, or use --user if no line has one"
        user, group = split_group(owner) if owner else (None, None)
        command = read_command(rest[0] if rest else "", self._dialect)
        if not command.text:
            return "the command is missing"
        flags = _FLAGS.match(command.text)
        if flags:
            command = command._replace(text=command.text[flags.end() :])
        schedule = schedule_of(times, self._dialect_of_times)
        if problem := problem_of(schedule, self._job_zone or self._zone):
            return problem
        above, description = self._comments.take()
        keys: Keys = {"description": description} if description else {}
        keys |= {"schedule": {**schedule} if isinstance(schedule, dict) else schedule}
        keys |= {"timezone": self._job_zone} if self._job_zone else {}
        keys |= {key: name for key, name in (("user", user), ("group", group)) if name}
        keys |= self._cwd(number, line, user)
        keys |= {"env": {**self._base_env(), **self._env}}
        keys |= for_shell(command, self._env.get("SHELL") or "/bin/sh")
        if flags and "s" in flags[0]:
            keys["overlap"] = "skip"
        self._jobs.append(ImportedJob(name=self._names.of_command(command.text), keys=keys, comments=above))
        if "/" in owner:
            self._note(number, line, f"the login class of {owner} is left out")
        self._note_job(number, line, times, rest[0], flags[0] if flags else "")
        return None

    def _cwd(self, number: int, line: str, user: str | None) -> Keys:
        """Where cron starts the job; supercronic starts it in its own directory, also if the crontab sets HOME."""
        if self._supercronic is not None:
            return {}
        keys, problem = home_directory(self._env.get("HOME", ""), user, self._machine)
        if problem and (user or "") not in self._without_home:
            self._without_home.add(user or "")
            self._note(number, line, problem)
        return keys

    def _note_job(self, number: int, line: str, times: list[str], command: str, flags: str) -> None:
        """Say what of the line means something else here, or to another cron."""
        if self._lines[number - 1].lstrip().startswith("-"):
            self._note(number, line, "the leading - keeps cronie from logging the job; schedd logs it")
        if len(times) == FEWEST + 1:
            self._note(number, line, f"the sixth field is read as {_sixth(self._jobs[-1].keys['schedule'])}")
        if len(times) == 1 and times[0][1:].isdigit():
            self._note(number, line, "FreeBSD counts from the end of the previous run; here times are on a fixed grid")
        words = (("n" in flags, _ABOUT_N), ("q" in flags, _ABOUT_Q), (_FLOCK.search(command), _ABOUT_FLOCK))
        for why in [*about_times(times, self._dialect_of_times), *(why for found, why in words if found)]:
            self._note(number, line, why)
        if times[0].lower() == "@reboot":
            self._note(number, line, "cron runs it once per boot of the machine; schedd at each of its own starts")
        if not self._dialect_given:
            self._note_dialect(number, line, command)
        if self._may_guess and not self._system and may_be_user(command, self._machine):
            word = command.split(None, 1)[0]
            self._note(number, line, f"{word} may be a user, not a program; if so, import the crontab with --system")

    def _note_dialect(self, number: int, line: str, command: str) -> None:
        if self._supercronic is not None:
            if "%" in command and not _is_supercronic(line):
                why = f"% is part of the command, as line {self._supercronic} is for supercronic; cron ends it there"
                self._note(number, line, why)
        elif self._dialect is Dialect.BUSYBOX:
            if "%" in command:
                self._note(number, line, "% is part of the command, as in BusyBox, because of the path of the crontab")
        elif read_command(command, Dialect.DEBIAN).stdin:
            why = "the text after % is standard input; BusyBox and dcron read it as part of the command (--busybox)"
            self._note(number, line, why)
        elif read_command(command, Dialect.DEBIAN) != read_command(command, Dialect.CRONIE):
            self._note(number, line, r"\\ is one backslash, as in Debian's cron; cronie keeps both (--dialect cronie)")

    def _note_whole_file(self) -> None:
        if self._guessed:
            self._note(0, "user column", "the crontab is read with a user column; if it has none, use --user")
        if self._comments.explaining:
            first, count = self._comments.explaining[0], len(self._comments.explaining)
            why = f"comments that explain the columns of a crontab are left out, {count} in all"
            self._note(first, self._lines[first - 1].strip(), why)
        if any(line.endswith("\r") for line in self._lines):
            self._note(0, "line ends", "the carriage return at the end of lines is left out; cron takes it as text")


_ABOUT_FLOCK = "if the lock is taken, flock exits with 1, a failure here; `overlap: skip` or `lock` can replace it"
_ABOUT_N = "-n: cron mails the output of failed runs only; `on_failure` mails failures"
_ABOUT_Q = "-q: cron does not log the job; schedd does"


def _bare(line: str) -> str:
    """A line without leading blanks, a carriage return, and cronie's leading `-`."""
    line = line.lstrip().rstrip("\r")
    return _SILENT.sub("", line, count=1) if line[:1] == "-" else line


def _is_job(line: str) -> bool:
    return not line.startswith("#") and variable_of(line) is None and count_times(line) > 0


def _is_supercronic(line: str) -> bool:
    """Whether a job's line has times that only supercronic knows."""
    return count_times(line) > FEWEST or line.split(None, 1)[0] == "@every"


def _sixth(schedule: object) -> str:
    if isinstance(schedule, dict) and "second" in schedule:
        return f"the day of the week, with seconds first, as it cannot be a year: {schedule}"
    return f"a year, as supercronic does: {schedule}"
