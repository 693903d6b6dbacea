"""The service of a systemd timer: what it runs, as which user, where and with which limits."""

from __future__ import annotations

import re

from scheduler.schedule import format_duration
from scheduler.translate.importers.exec_line import ExecLine, command_of, read_exec_line
from scheduler.translate.importers.service_settings import ServiceSettings
from scheduler.translate.importers.shell_words import CommandWriter, Variable
from scheduler.translate.importers.source_file import Machine, SourceFile
from scheduler.translate.importers.systemd_environment import environment_of
from scheduler.translate.importers.unit_file import Setting, UnitFile, seconds_of
from scheduler.translate.importers.unit_name import Manager, UnitError, UnitName

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


class ServiceReading:
    """One service. `keys` are those of the job, without its schedule; `refusal` says why there is no job."""

    def __init__(self, source: SourceFile, name: UnitName, unit: UnitFile, manager: Manager, machine: Machine) -> None:
        self._source, self._name, self._unit = source, name, unit
        self._manager, self._machine = manager, machine
        self._settings = ServiceSettings(source, name, unit)
        self.remarks = self._settings.remarks
        self.refusal: str | None = None
        self._is_oneshot = any(setting.value == "oneshot" for setting in unit.of("Service", "Type")[-1:])
        self.keys, values = environment_of(self._settings, machine)
        self._writer = CommandWriter(values)
        try:
            lines = self._lines(*_COMMANDS)
            if not self._settings.of("ExecStart"):
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

    def _lines(self, *keys: str) -> list[tuple[Setting, ExecLine]]:
        settings = [setting for key in keys for setting in self._settings.of(key)]
        return [(setting, read_exec_line(setting.value, self._name)) for setting in settings]

    def _condition(self) -> list[tuple[Setting, ExecLine]]:
        try:
            lines = self._lines("ExecCondition")
        except UnitError as error:
            self._settings.refuse(self._settings.of("ExecCondition")[0], str(error))
            return []
        if lines:
            self.keys["run_if"] = command_of([line for _, line in lines], self._writer)
            self._settings.note(lines[0][0], "here it must end within run_if_timeout, 10s by default")
        return lines

    def _about(self, lines: list[tuple[Setting, ExecLine]]) -> None:
        """Remarks about what command lines mean to systemd, and not to a job."""
        for setting, line in lines:
            names = {piece.name for word in line.words for piece in word if isinstance(piece, Variable)}
            has_user = {"user", "group"} & self.keys.keys() or self._unit.of("Service", "DynamicUser")
            if line.is_privileged and has_user and not self._manager.of_users:
                self._settings.refuse(setting, _PRIVILEGED)
            if setting.key == "ExecStartPost" and not self._is_oneshot:
                self._settings.note(setting, _AFTER)
            for found, why in ((self._writer.unquoted, _UNQUOTED), (self._writer.inserted, _INSERTED)):
                if named := [name for name in found if name in names]:
                    self._settings.note(setting, f"{', '.join(f'${name}' for name in named)}: {why}")

    def _user(self) -> None:
        for key, ours in (("User", "user"), ("Group", "group")):
            if setting := self._settings.last(key):
                self.keys[ours] = setting.value
        if why := self._about_user():
            self._settings.note(self._settings.of("ExecStart")[0], why)
        if setting := self._settings.last("UMask"):
            if mask := re.fullmatch(r"0*([0-7]{1,3})", setting.value):
                self.keys["umask"] = mask[1].rjust(3, "0")
            else:
                self._settings.refuse(setting, "not a value that a job can have")
        description = self._settings.last("Description", "Unit")
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
        setting = self._settings.last("WorkingDirectory")
        directory = setting.value.removeprefix("-") if setting else None
        if directory == "~":
            directory = self._home()
        elif directory is None:
            directory = self._manager.home if self._manager.of_users else "/"
        if directory and directory.startswith("/"):
            self.keys["cwd"] = directory
        else:
            setting = setting or self._settings.of("ExecStart")[0]
            self._settings.refuse(setting, "write `cwd` as an absolute path")
        if setting and setting.value.startswith("-"):
            self._settings.note(setting, "a missing directory is an error here: runs do not start")

    def _home(self) -> str | None:
        user = self.keys.get("user")
        return self._machine.home_of(str(user)) if user and not self._manager.of_users else self._manager.home

    def _limits(self) -> None:
        both, start, stop = (
            self._settings.last("TimeoutSec"),
            self._settings.last("TimeoutStartSec"),
            self._settings.last("TimeoutStopSec"),
        )
        is_oneshot = self._is_oneshot
        limit = (start or both) if is_oneshot else None
        maximum = self._settings.last("RuntimeMaxSec")
        limit = limit if is_oneshot else maximum
        for setting, key in ((limit, "timeout"), (stop or both, "stop_grace")):
            seconds = seconds_of(setting.value) if setting else None
            if seconds:
                self.keys[key] = format_duration(seconds)
        if maximum and is_oneshot:
            self._settings.note(maximum, "has no effect on a service of the type oneshot")
        nice, memory = self._settings.last("Nice"), self._settings.last("LimitAS")
        for setting, key, form in ((nice, "nice", r"-20|-?1?\d"), (memory, "memory_limit", r"(?:.*:)?\d{1,9}[KMGT]")):
            if setting and re.fullmatch(form, setting.value):
                text = setting.value.rpartition(":")[2]
                self.keys[key] = int(text) if key == "nice" else text
            elif setting:
                self._settings.refuse(setting, "not a value that a job can have")

    def _failure(self) -> None:
        codes = self._settings.last("SuccessExitStatus")
        if codes:
            numbers = [int(word) for word in codes.value.split() if word.isdigit() and int(word) <= 255]
            if sum(len(self._settings.of(key)) for key in _COMMANDS) > 1:
                self._settings.note(codes, "here the next command starts after the exit code 0 only")
            self.keys["success_codes"] = [*dict.fromkeys([0, *numbers])]
            if len(numbers) < len(codes.value.split()):
                self._settings.refuse(codes, "only numbers of exit codes can be carried over")
        restart = self._settings.last("Restart")
        if restart and restart.value in _RESTARTS:
            delay = seconds_of(setting.value) if (setting := self._settings.last("RestartSec")) else None
            burst = self._settings.last("StartLimitBurst", "Unit") or self._settings.last("StartLimitBurst")
            times = int(burst.value) - 1 if burst and burst.value.isdigit() else 4
            self.keys["retry"] = {
                "times": max(1, min(times, 1000)),
                "delay": format_duration(delay or 0.1),
                "factor": 1,
            }
            self._settings.note(restart, "`retry` is for failures; systemd restarts without a fixed number")
        elif restart and restart.value not in {"no", "on-watchdog"}:
            self._settings.refuse(restart, "`retry` is for failures only")

    def _streams(self) -> None:
        output, error = self._settings.last("StandardOutput"), self._settings.last("StandardError")
        if output and output.value == "null":
            self.keys["output"] = "discard"
            if error and error.value not in {"null", "inherit"}:
                self._settings.note(output, "`output: discard` discards standard error, too")
        elif error and error.value == "null":
            self._settings.refuse(error, "schedd logs standard error; redirect it in the command")
        for setting in filter(None, (output, error)):
            if setting.value.partition(":")[0] in {"file", "append", "truncate"}:
                self._settings.refuse(setting, "schedd logs the output; redirect it in the command")
        given = self._settings.last("StandardInput")
        if given and given.value != "null":
            self._settings.refuse(given, "jobs have no standard input; redirect it in the command")

    def _report_the_rest(self) -> None:
        restrictions: dict[str, Setting] = {}
        without_effect: dict[str, Setting] = {}
        for line, text in self._unit.unreadable:
            self.remarks.append(self._source.refuse(line, text, "not a line of a unit file"))
        for setting in self._unit.settings:
            key = f"{setting.section}.{setting.key}"
            if key in self._settings.done or not setting.value:
                continue
            if _NO_EFFECT.fullmatch(key):
                without_effect[setting.key] = setting
            elif _RESTRICTION.fullmatch(key):
                restrictions[setting.key] = setting
            elif key in {"Unit.OnFailure", "Unit.OnSuccess"}:
                self._settings.refuse(setting, "use on_failure or on_success with a command")
            else:
                self._settings.refuse(setting, "has no equivalent")
        why = "restrictions of the service are not carried over; those of schedd's own service apply to its jobs"
        for found, make, reason in (
            (restrictions, self._source.refuse, why),
            (without_effect, self._source.note, "no effect here"),
        ):
            if found:
                line = next(iter(found.values())).line
                self.remarks.append(make(line, f"{self._name.text}: {', '.join(found)}", reason))
