"""The service of a systemd timer: what it runs, as which user, where and with which limits."""

from __future__ import annotations

import re
from collections.abc import Callable

from scheduler.schedule import format_duration
from scheduler.translate.importers.exec_line import ExecLineError, command_of, read_exec_line, specified
from scheduler.translate.importers.source_file import SourceFile
from scheduler.translate.importers.unit_file import Setting, UnitFile, seconds_of, words_of
from scheduler.translate.importers.variables import VARIABLE_NAME
from scheduler.translate.translation import Keys, Remark, Value

_RESTARTS = {"on-failure", "on-abnormal", "on-abort", "always"}
_NO_EFFECT = re.compile(
    r"Unit\.(?:Documentation|After|Before|Wants|DefaultDependencies|StartLimit\w+|CollectMode)|Install\..*"
    r"|Service\.(?:Type|KillSignal|KillMode|SendSIGKILL|RemainAfterExit|SyslogIdentifier|Slice|OOMPolicy|GuessMainPID"
    r"|StandardInput|StandardOutput|StandardError|Restart|RestartSec|RestartPreventExitStatus|PassEnvironment"
    r"|TimeoutStopSec|StartLimit\w+|SendSIGHUP|LogRateLimit\w+)"
)
_RESTRICTION = re.compile(
    r"Service\.(?:Protect\w+|Private\w+|Restrict\w+|NoNewPrivileges|\w*Capabilit\w+|SystemCall\w+|LockPersonality"
    r"|MemoryDenyWriteExecute|RemoveIPC|Read\w+Paths|InaccessiblePaths|ReadOnlyPaths|DevicePolicy|DeviceAllow"
    r"|\w*Directory\w*Mode|StateDirectory|RuntimeDirectory|CacheDirectory|LogsDirectory|ConfigurationDirectory"
    r"|ProcSubset|KeyringMode|IPAddress\w+|SocketBind\w+|UMaskNone)"
)

_WITHOUT_USER = "without User=, systemd runs a system service as root; schedd runs the job as its own user"


class ServiceReading:
    """One service. `keys` are those of the job, without its schedule; `refusal` says why there is no job."""

    def __init__(self, source: SourceFile, name: str, unit: UnitFile) -> None:
        self._source, self._name, self._unit = source, name, unit
        self.keys: Keys = {}
        self.refusal: str | None = None
        self.remarks: list[Remark] = []
        self._done: set[str] = set()
        try:
            self.keys["command"] = self._command()
        except ExecLineError as error:
            self.refusal = str(error)
            return
        self._condition()
        self._user_and_place()
        self._environment()
        self._limits()
        self._failure()
        self._report_the_rest()

    def _last(self, key: str, section: str = "Service") -> Setting | None:
        self._done.add(f"{section}.{key}")
        return self._expanded(self._unit.last(section, key))

    def _expanded(self, setting: Setting | None) -> Setting | None:
        """The setting with specifiers replaced, None with a remark when that is impossible."""
        try:
            return setting._replace(value=specified(setting.value, self._name)) if setting else None
        except ExecLineError as error:
            assert setting is not None  # noqa: S101
            self._remark(self._source.refuse, setting, str(error))
            return None

    def _remark(self, make: Callable[[int, str, str], Remark], setting: Setting, why: str) -> None:
        text = f"{setting.key}={setting.value}" if setting.section != "Service" or "nviron" not in setting.key else ""
        self.remarks.append(make(setting.line, f"{self._name}: {text or setting.key}", why))

    def _command(self) -> Value:
        lines = []
        for key in ("ExecStartPre", "ExecStart", "ExecStartPost"):
            self._done.add(f"Service.{key}")
            lines += [read_exec_line(setting.value, self._name) for setting in self._unit.of("Service", key)]
        if not self._unit.of("Service", "ExecStart"):
            raise ExecLineError("the service has no ExecStart=")
        return command_of(lines)

    def _condition(self) -> None:
        self._done.add("Service.ExecCondition")
        settings = self._unit.of("Service", "ExecCondition")
        try:
            lines = [read_exec_line(setting.value, self._name) for setting in settings]
        except ExecLineError as error:
            self._remark(self._source.refuse, settings[0], str(error))
            return
        if lines:
            self.keys["run_if"] = command_of(lines)
            self._remark(self._source.note, settings[0], "here it must end within run_if_timeout, 10s by default")

    def _user_and_place(self) -> None:
        for key, ours in (("User", "user"), ("Group", "group"), ("UMask", "umask")):
            if setting := self._last(key):
                self.keys[ours] = setting.value
        if "user" not in self.keys and not self._unit.of("Service", "DynamicUser"):
            self._remark(self._source.note, self._unit.of("Service", "ExecStart")[0], _WITHOUT_USER)
        if mask := re.fullmatch(r"0*([0-7]{1,3})", str(self.keys.pop("umask", ""))):
            self.keys["umask"] = mask[1].rjust(3, "0")
        directory = self._last("WorkingDirectory")
        if directory and directory.value.removeprefix("-").startswith("/"):
            self.keys["cwd"] = directory.value.removeprefix("-")
        elif directory:
            self._remark(self._source.refuse, directory, "write `cwd` as an absolute path")
        else:
            self.keys["cwd"] = "/"
        description = self._last("Description", "Unit")
        if description:
            self.keys["description"] = description.value

    def _environment(self) -> None:
        env: Keys = {}
        self._done |= {"Service.Environment", "Service.UnsetEnvironment", "Service.EnvironmentFile"}
        for setting in filter(None, map(self._expanded, self._unit.of("Service", "Environment"))):
            for word in words_of(setting.value) or []:
                name, equals, value = word.partition("=")
                if equals and VARIABLE_NAME.fullmatch(name):
                    env[name] = value
                else:
                    self._remark(self._source.refuse, setting, f"{name}: not a variable that a job can have")
        for setting in self._unit.of("Service", "UnsetEnvironment"):
            env |= dict.fromkeys(filter(VARIABLE_NAME.fullmatch, words_of(setting.value) or []))
        if env:
            self.keys["env"] = env
        files = [*filter(None, map(self._expanded, self._unit.of("Service", "EnvironmentFile")))]
        for setting in files[:-1]:
            self._remark(self._source.refuse, setting, "a job has one env_file; include the lines in it")
        for setting in files[-1:]:
            self.keys["env_file"] = "/" + setting.value.removeprefix("-").lstrip("/")
            if setting.value.startswith("-"):
                self._remark(self._source.note, setting, "a missing file is an error here: runs do not start")

    def _limits(self) -> None:
        both, start, stop = self._last("TimeoutSec"), self._last("TimeoutStartSec"), self._last("TimeoutStopSec")
        service_type = self._unit.last("Service", "Type")
        is_oneshot = service_type is not None and service_type.value == "oneshot"
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
            self.keys["success_codes"] = [*dict.fromkeys([0, *numbers])]
            if len(numbers) < len(codes.value.split()):
                self._remark(self._source.refuse, codes, "only numbers of exit codes can be carried over")
        restart = self._last("Restart")
        if restart and restart.value in _RESTARTS:
            delay = seconds_of(setting.value) if (setting := self._last("RestartSec")) else None
            burst = self._unit.last("Unit", "StartLimitBurst") or self._unit.last("Service", "StartLimitBurst")
            times = int(burst.value) - 1 if burst and burst.value.isdigit() else 4
            self.keys["retry"] = {
                "times": max(1, min(times, 1000)),
                "delay": format_duration(delay or 0.1),
                "factor": 1,
            }
            self._remark(self._source.note, restart, "`retry` is for failures; systemd restarts without a fixed number")
        output = self._last("StandardOutput")
        if output and output.value == "null":
            self.keys["output"] = "discard"
        elif output and output.value.partition(":")[0] in {"file", "append", "truncate"}:
            self._remark(self._source.refuse, output, "schedd logs the output; redirect it in the command")

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
                self.remarks.append(make(line, f"{self._name}: {', '.join(found)}", reason))
