"""The service of a systemd timer: what it runs, as which user, where and with which limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from scheduler.schedule import format_duration
from scheduler.translate.importers.exec_line import ExecLine, command_of, read_exec_line
from scheduler.translate.importers.shell_words import CommandWriter, Variable
from scheduler.translate.importers.source_file import Machine, SourceFile
from scheduler.translate.importers.unit_file import Setting, UnitFile, seconds_of, words_of
from scheduler.translate.importers.unit_name import Manager, UnitError, UnitName
from scheduler.translate.importers.variables import VARIABLE_NAME
from scheduler.translate.translation import Keys, Remark, mapping_at

_COMMANDS = ("ExecStartPre", "ExecStart", "ExecStartPost")
_RESTARTS = {"on-failure", "on-abnormal", "on-abort", "always"}
_NO_EFFECT = re.compile(
    r"Unit\.(?:Documentation|After|Before|Wants|DefaultDependencies|StartLimit\w+|CollectMode)|Install\..*"
    r"|Service\.(?:Type|KillMode|RemainAfterExit|SyslogIdentifier|Slice|OOMPolicy|GuessMainPID"
    r"|RestartSec|PassEnvironment|SendSIGHUP"
    r"|TimeoutStopSec|StartLimit\w+|LogRateLimit\w+)"
)
_RESTRICTION = re.compile(
    r"Service\.(?:Protect\w+|Private\w+|Restrict\w+|NoNewPrivileges|\w*Capabilit\w+|SystemCall\w+|LockPersonality"
    r"|MemoryDenyWriteExecute|RemoveIPC|Read\w+Paths|InaccessiblePaths|ReadOnlyPaths|DevicePolicy|DeviceAllow"
    r"|\w*Directory\w*Mode|StateDirectory|RuntimeDirectory|CacheDirectory|LogsDirectory|ConfigurationDirectory"
    r"|ProcSubset|KeyringMode|IPAddress\w+|SocketBind\w+|UMaskNone)"
)

_WITHOUT_USER = "without User=, systemd runs a system service as root; schedd runs the job as its own user"
_OF_ALL_USERS = "systemd runs a service in this directory as each user; schedd runs the job once, as its own user"
_OF_ONE_USER = "systemd runs the service of a user as that user; schedd runs the job as its own user"
_AFTER = "here it starts when ExecStart= has succeeded; systemd starts it while the command of ExecStart= is running"
_PRIVILEGED = "systemd runs this command as root; the job runs it as its `user`"
_UNQUOTED = "the shell splits the value at spaces and expands * in it; systemd respects its quotes, and expands nothing"
_INSERTED = "the shell expands it as a value; systemd inserts the value into the script, where it is read as code"
_OVERRIDES = "the file overrides Environment= there, and `env` overrides the file here; remove from `env` what it sets"


class ServiceReading:
    """One service. `keys` are those of the job, without its schedule; `refusal` says why there is no job."""

    def __init__(self, source: SourceFile, name: UnitName, unit: UnitFile, manager: Manager, machine: Machine) -> None:
        self._source, self._name, self._unit = source, name, unit
        self._manager, self._machine = manager, machine
        self.keys: Keys = {}
        self.refusal: str | None = None
        self.remarks: list[Remark] = []
        self._done: set[str] = set()
        self._is_oneshot = any(setting.value == "oneshot" for setting in unit.of("Service", "Type")[-1:])
        self._environment()
        self._writer = CommandWriter(self._values())
        try:
            lines = self._lines(*_COMMANDS)
            if not self._unit.of("Service", "ExecStart"):
                raise UnitError("the service has no ExecStart=")
            self.keys["command"] = command_of([line for _, line in lines], self._writer)
        except UnitError as error:
            self.refusal = str(error)
            return
        lines += self._condition()
        self._user()
        self._directory()
        self._about(lines)
        self._limits()
        self._failure()
        self._streams()
        self._report_the_rest()

    def _last(self, key: str, section: str = "Service") -> Setting | None:
        self._done.add(f"{section}.{key}")
        return self._expanded(self._unit.last(section, key))

    def _expanded(self, setting: Setting | None) -> Setting | None:
        """The setting with specifiers replaced, None with a remark when that is impossible."""
        try:
            return setting._replace(value=self._name.specified(setting.value)) if setting else None
        except UnitError as error:
            assert setting is not None  # noqa: S101
            self._remark(self._source.refuse, setting, str(error))
            return None

    def _remark(self, make: Callable[[int, str, str], Remark], setting: Setting, why: str) -> None:
        text = f"{setting.key}={setting.value}" if setting.section != "Service" or "nviron" not in setting.key else ""
        self.remarks.append(make(setting.line, f"{self._name.text}: {text or setting.key}", why))

    def _lines(self, *keys: str) -> list[tuple[Setting, ExecLine]]:
        self._done |= {f"Service.{key}" for key in keys}
        settings = [setting for key in keys for setting in self._unit.of("Service", key)]
        return [(setting, read_exec_line(setting.value, self._name)) for setting in settings]

    def _condition(self) -> list[tuple[Setting, ExecLine]]:
        try:
            lines = self._lines("ExecCondition")
        except UnitError as error:
            self._remark(self._source.refuse, self._unit.of("Service", "ExecCondition")[0], str(error))
            return []
        if lines:
            self.keys["run_if"] = command_of([line for _, line in lines], self._writer)
            self._remark(self._source.note, lines[0][0], "here it must end within run_if_timeout, 10s by default")
        return lines

    def _about(self, lines: list[tuple[Setting, ExecLine]]) -> None:
        """Remarks about what command lines mean to systemd, and not to a job."""
        for setting, line in lines:
            names = {piece.name for word in line.words for piece in word if isinstance(piece, Variable)}
            has_user = {"user", "group"} & self.keys.keys() or self._unit.of("Service", "DynamicUser")
            if line.is_privileged and has_user and not self._manager.of_users:
                self._remark(self._source.refuse, setting, _PRIVILEGED)
            if setting.key == "ExecStartPost" and not self._is_oneshot:
                self._remark(self._source.note, setting, _AFTER)
            for found, why in ((self._writer.unquoted, _UNQUOTED), (self._writer.inserted, _INSERTED)):
                if named := [name for name in found if name in names]:
                    self._remark(self._source.note, setting, f"{', '.join(f'${name}' for name in named)}: {why}")

    def _user(self) -> None:
        for key, ours in (("User", "user"), ("Group", "group")):
            if setting := self._last(key):
                self.keys[ours] = setting.value
        if why := self._about_user():
            self._remark(self._source.note, self._unit.of("Service", "ExecStart")[0], why)
        if setting := self._last("UMask"):
            if mask := re.fullmatch(r"0*([0-7]{1,3})", setting.value):
                self.keys["umask"] = mask[1].rjust(3, "0")
            else:
                self._remark(self._source.refuse, setting, "not a value that a job can have")
        description = self._last("Description", "Unit")
        if description:
            self.keys["description"] = description.value

    def _about_user(self) -> str | None:
        """What to note about the user of a service that names none."""
        if "user" in self.keys or self._unit.of("Service", "DynamicUser"):
            return None
        if not self._manager.of_users:
            return _WITHOUT_USER
        if self._manager.is_shared:
            return _OF_ALL_USERS
        return None if self._manager.home == self._machine.home_of(None) else _OF_ONE_USER

    def _directory(self) -> None:
        setting = self._last("WorkingDirectory")
        directory = setting.value.removeprefix("-") if setting else None
        if directory == "~":
            directory = self._home()
        elif directory is None:
            directory = self._manager.home if self._manager.of_users else "/"
        if directory and directory.startswith("/"):
            self.keys["cwd"] = directory
        else:
            setting = setting or self._unit.of("Service", "ExecStart")[0]
            self._remark(self._source.refuse, setting, "write `cwd` as an absolute path")
        if setting and setting.value.startswith("-"):
            self._remark(self._source.note, setting, "a missing directory is an error here: runs do not start")

    def _home(self) -> str | None:
        user = self.keys.get("user")
        return self._machine.home_of(str(user)) if user and not self._manager.of_users else self._manager.home

    def _environment(self) -> None:
        env: Keys = {}
        self._done |= {"Service.Environment", "Service.UnsetEnvironment", "Service.EnvironmentFile"}
        for setting, word in self._env_words("Environment"):
            name, equals, value = word.partition("=")
            if equals and VARIABLE_NAME.fullmatch(name):
                env[name] = value
            else:
                self._remark(self._source.refuse, setting, f"{name}: not a variable that a job can have")
        files = [*filter(None, map(self._expanded, self._unit.of("Service", "EnvironmentFile")))]
        for setting in files[:-1]:
            self._remark(self._source.refuse, setting, "a job has one env_file; include the lines in it")
        for setting in files[-1:]:
            env = self._beside_file(setting, env)
        for setting, word in self._env_words("UnsetEnvironment"):
            name, equals, value = word.partition("=")
            if not VARIABLE_NAME.fullmatch(name) or (equals and (files or env.get(name) != value)):
                self._remark(self._source.refuse, setting, f"{name}: a job removes variables, whatever their values")
            else:
                env[name] = None
        if env:
            self.keys["env"] = env

    def _env_words(self, key: str) -> Iterator[tuple[Setting, str]]:
        """The words of a key, each with specifiers replaced; remarks about those where that is impossible."""
        for setting in self._unit.of("Service", key):
            words = words_of(setting.value)
            if words is None:
                self._remark(self._source.refuse, setting, "a quote is not closed, or an escape is not valid")
            for word in words or ():
                if found := self._expanded(setting._replace(value=word)):
                    yield setting, found.value

    def _beside_file(self, setting: Setting, env: Keys) -> Keys:
        """The variables that the file, which overrides them in systemd, does not set."""
        path = "/" + setting.value.removeprefix("-").lstrip("/")
        if re.search(r"[*?\[]", path):
            self._remark(self._source.refuse, setting, "a job has one env_file; a pattern has no equivalent")
            return env
        self.keys["env_file"] = path
        if setting.value.startswith("-"):
            self._remark(self._source.note, setting, "a missing file is an error here: runs do not start")
        names = self._machine.variables_in(path)
        if names is None and env:
            self._remark(self._source.note, setting, _OVERRIDES)
        return {name: value for name, value in env.items() if name not in (names or ())}

    def _values(self) -> dict[str, str]:
        """The values of variables that the unit says, and no file overrides unnoticed."""
        values = mapping_at(self.keys, "env")
        known = {name: "" for name, value in values.items() if value is None}
        files = self._unit.of("Service", "EnvironmentFile")
        if files[1:] or (files and self._machine.variables_in(str(self.keys.get("env_file", ""))) is None):
            return known
        return {name: str(value) for name, value in values.items()} | known

    def _limits(self) -> None:
        both, start, stop = self._last("TimeoutSec"), self._last("TimeoutStartSec"), self._last("TimeoutStopSec")
        is_oneshot = self._is_oneshot
        limit = (start or both) if is_oneshot else None
        maximum = self._last("RuntimeMaxSec")
        limit = limit if is_oneshot else maximum
        for setting, key in ((limit, "timeout"), (stop or both, "stop_grace")):
            seconds = seconds_of(setting.value) if setting else None
            if seconds:
                self.keys[key] = format_duration(seconds)
        if maximum and is_oneshot:
            self._remark(self._source.note, maximum, "has no effect on a service of the type oneshot")
        nice, memory = self._last("Nice"), self._last("LimitAS")
        for setting, key, form in ((nice, "nice", r"-20|-?1?\d"), (memory, "memory_limit", r"(?:.*:)?\d{1,9}[KMGT]")):
            if setting and re.fullmatch(form, setting.value):
                text = setting.value.rpartition(":")[2]
                self.keys[key] = int(text) if key == "nice" else text
            elif setting:
                self._remark(self._source.refuse, setting, "not a value that a job can have")

    def _failure(self) -> None:
        codes = self._last("SuccessExitStatus")
        if codes:
            numbers = [int(word) for word in codes.value.split() if word.isdigit() and int(word) <= 255]
            if sum(len(self._unit.of("Service", key)) for key in _COMMANDS) > 1:
                self._remark(self._source.note, codes, "here the next command starts after the exit code 0 only")
            self.keys["success_codes"] = [*dict.fromkeys([0, *numbers])]
            if len(numbers) < len(codes.value.split()):
                self._remark(self._source.refuse, codes, "only numbers of exit codes can be carried over")
        restart = self._last("Restart")
        if restart and restart.value in _RESTARTS:
            delay = seconds_of(setting.value) if (setting := self._last("RestartSec")) else None
            burst = self._last("StartLimitBurst", "Unit") or self._last("StartLimitBurst")
            times = int(burst.value) - 1 if burst and burst.value.isdigit() else 4
            self.keys["retry"] = {
                "times": max(1, min(times, 1000)),
                "delay": format_duration(delay or 0.1),
                "factor": 1,
            }
            self._remark(self._source.note, restart, "`retry` is for failures; systemd restarts without a fixed number")
        elif restart and restart.value not in {"no", "on-watchdog"}:
            self._remark(self._source.refuse, restart, "`retry` is for failures only")

    def _streams(self) -> None:
        output, error = self._last("StandardOutput"), self._last("StandardError")
        if output and output.value == "null":
            self.keys["output"] = "discard"
            if error and error.value not in {"null", "inherit"}:
                self._remark(self._source.note, output, "`output: discard` discards standard error, too")
        elif error and error.value == "null":
            self._remark(self._source.refuse, error, "schedd logs standard error; redirect it in the command")
        for setting in filter(None, (output, error)):
            if setting.value.partition(":")[0] in {"file", "append", "truncate"}:
                self._remark(self._source.refuse, setting, "schedd logs the output; redirect it in the command")
        given = self._last("StandardInput")
        if given and given.value != "null":
            self._remark(self._source.refuse, given, "jobs have no standard input; redirect it in the command")

    def _report_the_rest(self) -> None:
        restrictions: dict[str, Setting] = {}
        without_effect: dict[str, Setting] = {}
        for line, text in self._unit.unreadable:
            self.remarks.append(self._source.refuse(line, text, "not a line of a unit file"))
        for setting in self._unit.settings:
            key = f"{setting.section}.{setting.key}"
            if key in self._done or not setting.value:
                continue
            if _NO_EFFECT.fullmatch(key):
                without_effect[setting.key] = setting
            elif _RESTRICTION.fullmatch(key):
                restrictions[setting.key] = setting
            elif key in {"Unit.OnFailure", "Unit.OnSuccess"}:
                self._remark(self._source.refuse, setting, "use on_failure or on_success with a command")
            else:
                self._remark(self._source.refuse, setting, "has no equivalent")
        why = "restrictions of the service are not carried over; those of schedd's own service apply to its jobs"
        for found, make, reason in (
            (restrictions, self._source.refuse, why),
            (without_effect, self._source.note, "no effect here"),
        ):
            if found:
                line = next(iter(found.values())).line
                self.remarks.append(make(line, f"{self._name.text}: {', '.join(found)}", reason))
